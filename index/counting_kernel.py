"""In how many passages of a batch each token stands, counted in compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled


@compiled
def occurrences(tokens: NDArray[np.int32], ends: NDArray[np.int64], vocabulary: int) -> NDArray[np.int64]:
    """For each of so many tokens the number of passages with it; ``ends`` says where each passage's tokens end."""
    counts = np.zeros(vocabulary, dtype=np.int64)
    last = np.full(vocabulary, -1, dtype=np.int64)
    start = 0
    for passage in range(len(ends)):
        for at in range(start, ends[passage]):
            token = tokens[at]
            if last[token] != passage:
                last[token] = passage
                counts[token] += 1
        start = ends[passage]
    return counts
