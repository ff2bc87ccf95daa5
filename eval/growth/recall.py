"""Recall of the vector index by score: what it finds against all vectors of its generation.

A hit counts where its exact score reaches the exact ranking's last one, so that passages of equal score, which copies
of a document bring, are all right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from corpus.settings import Settings
from index.dense import DenseIndex
from index.encoders import load_encoder
from index.interfaces import Vectors
from index.publish import current_name

_AT_ONCE = 20_000
#: Scores of the same two vectors differ so much by the order of additions.
_SLACK = 1e-5
Progress = Callable[[int, int], None]


def measure(settings: Settings, questions: Sequence[str], depth: int, progress: Progress) -> float:
    """Mean share of the best ``depth`` that the index finds, over questions that have a vector.

    Exact scores are inner products with the vectors that the generation keeps, in float32.
    """
    name = current_name(settings)
    if name is None:
        raise FileNotFoundError(f"{settings.generations}: nothing is built")
    index = DenseIndex(settings.generations / name)
    encoder = load_encoder(settings.encoder, revision=settings.encoder_revision)
    return by_score(index, encoder.encode_queries(questions), depth, progress)


def by_score(index: DenseIndex, asked: Vectors, depth: int, progress: Progress) -> float:
    """The same for query vectors, shape (queries, dim); zero ones are left out."""
    asked = asked[np.any(asked != 0, axis=1)]
    least = thresholds(index, asked, depth, progress)
    shares = []
    for query, score in zip(asked, least, strict=True):
        found = [row for row, _ in index.search(query, depth)]
        exact = index.vectors(found) @ query if found else np.zeros(0)
        shares.append(float((exact >= score - _SLACK).sum()) / min(depth, len(index)))
    return float(np.mean(shares))


def thresholds(index: DenseIndex, asked: Vectors, depth: int, progress: Progress) -> Vectors:
    """The exact score at rank ``depth`` for each query, shape (queries,), by going through all vectors."""
    rows = index.rows()
    best: Vectors = np.full((len(asked), depth), -np.inf, dtype=np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        scores = asked @ index.vectors(rows[start : start + _AT_ONCE]).T
        both = np.concatenate([best, scores], axis=1)
        best = np.partition(both, -depth, axis=1)[:, -depth:]
        progress(min(start + _AT_ONCE, len(rows)), len(rows))
    lowest: Vectors = best.min(axis=1)
    return np.where(np.isfinite(lowest), lowest, -1).astype(np.float32)
