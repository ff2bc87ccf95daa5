"""The loop of the static encoder, compiled: a text's different token vectors, weighed and summed, made unit length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled

SMALLEST_NORM = 1e-12
"""Below this torch's Normalize leaves a vector alone; here it becomes zeros."""


@compiled
def pooled(
    rows: NDArray[np.int32], ends: NDArray[np.int64], table: NDArray[np.int8], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The unit vectors of some texts, shape (len(ends), dim); a text without tokens gives zeros.

    Args:
        rows: the tokens of all texts end to end, as rows of ``table``.
        ends: where each text's end.
        table: vectors, shape (n, dim).
        scale: what each has to be multiplied by, shape (n,).
    """
    dim = table.shape[1]
    vectors = np.zeros((len(ends), dim), dtype=np.float32)
    times = np.zeros(len(table), dtype=np.int32)
    start = 0
    for text in range(len(ends)):
        end = ends[text]
        total = vectors[text]
        for at in range(start, end):
            times[rows[at]] += 1
        for at in range(start, end):
            row = rows[at]
            if times[row]:
                weight = np.float32(np.sqrt(np.float32(times[row])) * scale[row])
                times[row] = 0
                vector = table[row]
                for place in range(dim):
                    total[place] += weight * np.float32(vector[place])
        squares = np.float32(0)
        for place in range(dim):
            squares += total[place] * total[place]
        norm = np.sqrt(squares)
        for place in range(dim):
            total[place] = total[place] / norm if norm > SMALLEST_NORM else np.float32(0)
        start = end
    return vectors
