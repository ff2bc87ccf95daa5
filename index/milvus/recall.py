"""How much of the exact ranking a graph over vectors finds, measured on a sample, and how far it must look for that.

A query is the mean of two passages' vectors, which lies near passages without being one. A found passage counts if it
scores at least what the exact tenth does. The exact scores are counted while the passages pass by on their way into
the collection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from index.interfaces import Vectors
from index.preparing import HalfVectors

WANTED = 0.98
#: Candidates that a search of the graph keeps, from fast to thorough.
STEPS = (64, 128, 256, 512, 1024)
_QUERIES = 64
_FIRST = 10
#: The scores of half-precision vectors, counted in another order, differ by less.
_ROUNDING = 1e-4

Search = Callable[[Vectors, int, int], list[float]]


class RecallSample:
    """Sampled queries and their exact best scores so far."""

    def __init__(self, queries: Vectors) -> None:
        self.queries = queries
        self._best = np.full((len(queries), _FIRST), -np.inf, dtype=np.float32)

    @classmethod
    def of(cls, vectors: HalfVectors) -> RecallSample:
        """Queries from some of the passages' vectors, shape (n, dim)."""
        pairs = min(_QUERIES, len(vectors) // 2)
        mixed = vectors[:pairs].astype(np.float32) + vectors[pairs : 2 * pairs].astype(np.float32)
        norms = np.linalg.norm(mixed, axis=1, keepdims=True)
        kept = norms[:, 0] > 0
        return cls(np.ascontiguousarray(mixed[kept] / norms[kept]))

    def pass_by(self, vectors: HalfVectors) -> None:
        """Score some passages exactly."""
        scores = self.queries @ vectors.astype(np.float32).T
        both = np.concatenate([self._best, scores], axis=1)
        self._best = -np.sort(-both, axis=1)[:, :_FIRST]

    def tune(self, search: Search) -> dict[str, Any]:
        """The first step that finds enough, and what it found; the last one where none does.

        Args:
            search: the scores that the collection gives a query, given how many hits and candidates.
        """
        found = {"ef": STEPS[-1], "recall": 1.0}
        for candidates in STEPS:
            found = {"ef": candidates, "recall": round(self._recall(search, candidates), 4)}
            if found["recall"] >= WANTED:
                break
        return found

    def _recall(self, search: Search, candidates: int) -> float:
        shares = []
        for query, best in zip(self.queries, self._best, strict=True):
            there = best[np.isfinite(best)]
            if len(there):
                scores = search(query, len(there), candidates)
                shares.append(sum(score >= there[-1] - _ROUNDING for score in scores) / len(there))
        return float(np.mean(shares)) if shares else 1.0
