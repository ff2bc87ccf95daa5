"""BM25 as tantivy counts it, split in two: what a passage weighs stands in Milvus, what a term weighs in the query.

score(query, passage) = Σ over terms  weight · idf(term) · (k1 + 1) · tf / (tf + k1 · (1 - b + b · length / mean))

The last factor is a sparse vector of the passage, the first two are one of the query, and their inner product is the
score. Lengths are those that tantivy keeps, in a byte each (Lucene's: three bits of mantissa), so that the scores are
the embedded engine's. ``mean`` is the mean length when a collection was first filled: it is in every weight, and stays
until the next fresh build. The inverse document frequency is that of the generation.

BM25: Robertson & Zaragoza 2009, with tantivy's k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
_EXACT = 24


def _norms() -> NDArray[np.int64]:
    """The 256 lengths that a byte can stand for, ascending."""
    rest = np.arange(256 - _EXACT)
    mantissa, shift = rest & 7, (rest >> 3) - 1
    scaled = np.where(shift < 0, mantissa, (mantissa | 8) << np.maximum(shift, 0))
    return np.concatenate([np.arange(_EXACT), _EXACT + scaled]).astype(np.int64)


NORMS = _norms()


def kept_length(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lengths as a byte keeps them: the largest that is not above."""
    kept: NDArray[np.int64] = NORMS[np.searchsorted(NORMS, lengths, side="right") - 1]
    return kept


def passage_weights(
    frequencies: NDArray[np.int32], lengths: NDArray[np.int64], mean: float
) -> NDArray[np.float32]:
    """The weight of each term in its passage.

    Args:
        frequencies: how often each term stands there, shape (n,).
        lengths: the terms of that passage in all, shape (n,).
        mean: the mean of all passages' lengths.
    """
    room = K1 * (1 - B + B * kept_length(lengths) / mean)
    weights: NDArray[np.float32] = ((K1 + 1) * frequencies / (frequencies + room)).astype(np.float32)
    return weights
