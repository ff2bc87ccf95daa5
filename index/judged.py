"""The reranker's view of a question's candidates: what it saw of each, and how they compare.

Where one passage stands out it is more likely to answer than where many score alike: the calibration
looks at that beside the evidence itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import features
from index.features import Features

#: What says more about the corpus around a passage than about the passage is left to the comparison.
_LEFT_OUT = frozenset(
    (
        "dense", "words", "characters", "fused", "document_best", "document_others", "gap",
        "document_covered", "document_soft",
    )
)  # fmt: skip
_SEEN = tuple(name for name in features.NAMES if name not in _LEFT_OUT)
_PLACES = [features.NAMES.index(name) for name in _SEEN]
NAMES = ("score", "above_mean", "ahead", "share", "spread", *(f"seen_{name}" for name in _SEEN))


@dataclass(frozen=True, slots=True)
class Judged:
    """Candidates of one question, in any order.

    Attributes:
        rows: their rows in the store.
        documents: the number of each one's document.
        features: `index.features`, one row each.
        scores: the reranker's, higher is better.
    """

    rows: tuple[int, ...]
    documents: NDArray[np.int64]
    features: Features
    scores: Features

    def numbers(self, rows: Collection[int]) -> dict[int, tuple[float, ...]]:
        """For those of some rows that are candidates, the numbers that `NAMES` names."""
        scores, documents = self.scores.tolist(), self.documents.tolist()
        best: dict[int, float] = {}
        for document, score in zip(documents, scores, strict=True):
            best[document] = max(score, best.get(document, score))
        first = max(scores)
        heap = sum(math.exp(score - first) for score in best.values())
        mean, spread, least = float(self.scores.mean()), float(self.scores.std()), min(scores)
        found = {}
        for place, row in enumerate(self.rows):
            if row in rows:
                own = documents[place]
                other = max((score for document, score in best.items() if document != own), default=least)
                share = math.exp(best[own] - first) / heap
                seen = self.features[place].take(_PLACES).tolist()
                found[row] = (
                    scores[place],
                    scores[place] - mean,
                    scores[place] - other,
                    share,
                    spread,
                    *seen,
                )
        return found
