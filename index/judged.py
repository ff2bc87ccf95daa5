"""The reranker's view of a question's candidates: what it saw of each, and how they compare.

Where one passage stands out it is more likely to answer than where many score alike: the calibration
looks at that beside the evidence itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
NAMES = ("score", "above_mean", "ahead", "share", "spread", *_SEEN)


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

    def numbers(self) -> Mapping[int, Sequence[float]]:
        """For each candidate's row the numbers that `NAMES` names."""
        best: dict[int, float] = {}
        for document, score in zip(self.documents.tolist(), self.scores.tolist(), strict=True):
            best[document] = max(score, best.get(document, score))
        ordered = sorted(best.values(), reverse=True)
        mean, spread = float(self.scores.mean()), float(self.scores.std())
        heap = float(np.exp(np.asarray(ordered) - ordered[0]).sum())
        found = {}
        for place, (row, document) in enumerate(zip(self.rows, self.documents.tolist(), strict=True)):
            score = float(self.scores[place])
            first_other = next(
                (value for value in ordered if value != best[document]), float(self.scores.min())
            )
            share = float(np.exp(best[document] - ordered[0])) / heap
            seen = self.features[place, _PLACES].tolist()
            found[row] = (score, score - mean, score - first_other, share, spread, *seen)
        return found
