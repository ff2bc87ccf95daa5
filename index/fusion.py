"""Fusing rankings: a weighted sum of per-query normalised scores.

Reciprocal rank fusion throws away how much better a hit is, and loses here
(R@1 88 against 94 on XQuAD-th). Normalising each input by its own best score
of the query keeps that, and a weak input cannot swamp a strong one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MODEL = Path(__file__).parent / "model" / "fusion.json"
Ranking = Sequence[tuple[int, float]]
Fused = tuple[int, float, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Weights:
    """Each input's share; learned on questions that no encoder has seen."""

    dense: float = 0.3
    words: float = 0.2
    characters: float = 0.5

    @classmethod
    def load(cls, path: Path = MODEL) -> Weights:
        """The shipped weights, or plain ones where none are shipped."""
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls()

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    def of(self, name: str) -> float:
        """The weight of one input by name."""
        return float(getattr(self, name))


def normalise(name: str, ranking: Ranking) -> dict[int, float]:
    """Scores mapped so that the best is 1: BM25 from 0, cosines from the ranking's last.

    BM25 has a true zero (no term in common); cosines have not, so the depth's end serves.
    """
    if not ranking:
        return {}
    best = ranking[0][1]
    floor = ranking[-1][1] if name == "dense" and len(ranking) > 1 else 0.0
    span = best - floor
    if span <= 0:
        return dict.fromkeys((row for row, _ in ranking), 1.0)
    return {row: max(0.0, (score - floor) / span) for row, score in ranking}


def fuse(rankings: Mapping[str, Ranking], weights: Weights) -> list[Fused]:
    """Union of the rankings: (row, score, parts), best first; ties by row.

    ``score`` lies in [0, 1]. An input that found nothing gives its share to the others.
    """
    parts: dict[int, dict[str, float]] = {}
    total = sum(weights.of(name) for name, ranking in rankings.items() if ranking)
    for name, ranking in rankings.items():
        for row, value in normalise(name, ranking).items():
            parts.setdefault(row, {})[name] = value
    if total <= 0:
        return []
    fused = [
        (row, sum(weights.of(name) * value for name, value in part.items()) / total, part)
        for row, part in parts.items()
    ]
    return sorted(fused, key=lambda item: (-item[1], item[0]))
