"""How sure an answer is: a logistic of its evidence, fitted on answered and unanswerable questions.

It looks at the evidence in the passage (word weights are those of Thai at large, so that they mean the same
among seven pages and a million) and at what the reranker saw of it (`index.judged`). Platt scaling (Platt 1999).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index import judged

MODEL = Path(__file__).parent / "model" / "calibration.json"
NAMES = (
    "evidence_coverage", "evidence_grams", "evidence_cosine",
    "coverage", "grams", "cosine", "soft", "weakest", *judged.NAMES,
)  # fmt: skip
FURTHEST = 5.0
"""Numbers further than this many deviations from what was fitted on say no more than that."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """``1 / (1 + exp(-(bias + weights · standardised numbers)))``; below ``threshold`` nothing is answered."""

    weights: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    bias: float
    threshold: float = 0.5

    @classmethod
    def load(cls, path: Path = MODEL) -> Calibration:
        """The shipped calibration; where none was fitted on today's numbers, one that never answers."""
        data: dict[str, Any] = {"names": ()}
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
        if tuple(data["names"]) != NAMES:
            count = len(NAMES)
            return cls((0.0,) * count, (0.0,) * count, (1.0,) * count, bias=0.0, threshold=1.0)
        weights, mean, deviation = (tuple(data[name]) for name in ("weights", "mean", "deviation"))
        return cls(weights, mean, deviation, float(data["bias"]), float(data["threshold"]))

    def save(self, path: Path) -> None:
        """Write as JSON."""
        data = {
            "names": NAMES,
            "weights": [round(weight, 5) for weight in self.weights],
            "mean": [round(number, 5) for number in self.mean],
            "deviation": [round(number, 5) for number in self.deviation],
            "bias": round(self.bias, 5),
            "threshold": round(self.threshold, 4),
        }
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @property
    def revision(self) -> str:
        """Pins all its numbers; recorded in manifests."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def __call__(self, numbers: Sequence[float]) -> float:
        """The probability that the evidence answers."""
        z = self.bias
        for weight, mean, deviation, number in zip(
            self.weights, self.mean, self.deviation, numbers, strict=True
        ):
            z += weight * max(-FURTHEST, min(FURTHEST, (number - mean) / deviation))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))
