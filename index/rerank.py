"""Reranking the first fused hits with a small learned scorer over `index.features`.

A handful of two-layer networks of a few hundred weights each, averaged; trained
listwise on natural questions that no encoder has seen (`karani train fusion`),
applied with numpy in microseconds.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from index.features import NAMES, Features

MODEL = Path(__file__).parent / "model" / "ranking.json"
#: How many of the fused hits are looked at again.
DEPTH = 40


@dataclass(frozen=True, slots=True)
class Network:
    """One scorer: ``tanh(x @ hidden + bias) @ out + x @ direct`` over standardised features."""

    hidden: Features
    bias: Features
    out: Features
    direct: Features

    def __call__(self, x: Features) -> Features:
        """Scores, shape (n,), of standardised features, shape (n, len(NAMES))."""
        scores: Features = np.tanh(x @ self.hidden + self.bias) @ self.out + x @ self.direct
        return scores


@dataclass(frozen=True)
class Reranker:
    """Networks and the mean and deviation that standardise their input.

    ``related`` is the score from which on a passage has to do with the question: nearly every passage that
    answers one scores more (`index.training.ranking.related`). Whatever scores less is merely the nearest there is.
    """

    mean: Features
    deviation: Features
    networks: tuple[Network, ...]
    related: float = -math.inf

    @classmethod
    def load(cls, path: Path = MODEL) -> Reranker | None:
        """The shipped model, or ``None`` where there is none for today's features."""
        if not path.exists():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        if tuple(data["features"]) != NAMES:
            return None
        arrays = [{k: np.asarray(v, dtype=np.float32) for k, v in one.items()} for one in data["networks"]]
        mean, deviation = (np.asarray(data[k], dtype=np.float32) for k in ("mean", "deviation"))
        related = float(data.get("related", -math.inf))
        return cls(mean, deviation, tuple(Network(**one) for one in arrays), related)

    def save(self, path: Path) -> None:
        """Write as JSON: readable, small, no pickle."""
        data = {
            "features": list(NAMES),
            "related": round(self.related, 3),
            "mean": _plain(self.mean),
            "deviation": _plain(self.deviation),
            "networks": [
                {name: _plain(getattr(one, name)) for name in ("hidden", "bias", "out", "direct")}
                for one in self.networks
            ],
        }
        path.write_text(json.dumps(data) + "\n", encoding="utf-8")

    def __call__(self, features: Features) -> Features:
        """Scores, shape (n,), higher is better: the mean of the networks'."""
        hidden, bias, out, direct = self._joined
        x = np.clip((features - self.mean) / self.deviation, -6.0, 6.0)
        scores: Features = np.tanh(x @ hidden + bias) @ out + x @ direct
        return scores

    @cached_property
    def _joined(self) -> tuple[Features, Features, Features, Features]:
        """The networks side by side: one product instead of many small ones."""
        out = np.concatenate([one.out for one in self.networks]) / len(self.networks)
        direct = np.mean([one.direct for one in self.networks], axis=0)
        return (
            np.concatenate([one.hidden for one in self.networks], axis=1),
            np.concatenate([one.bias for one in self.networks]),
            out.astype(np.float32),
            direct.astype(np.float32),
        )


def _plain(values: Features) -> object:
    return np.round(values.astype(np.float64), 5).tolist()
