"""The loop of longest-match tokenization, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from corpus.trie import STRANGER, VANISHING, follow


@compiled
def matches(
    points: NDArray[np.uint32],
    ends: NDArray[np.int64],
    codes: NDArray[np.uint16],
    edges: NDArray[np.int64],
    tokens: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The longest token at each place of some texts, in time linear in them.

    Args:
        points: code points of all texts end to end.
        ends: where each text ends there.
        codes: those of a `corpus.trie.Trie`, as are
        edges: its edges.
        tokens: what is to be found at each node, or -1.

    Returns:
        What was found in all texts end to end, and where each text's ends.
    """
    text = np.empty(len(points), dtype=np.uint16)
    found = np.empty(len(points), dtype=np.int32)
    found_ends = np.empty(len(ends), dtype=np.int64)
    start = 0
    count = 0
    for number in range(len(ends)):
        length = 0
        for at in range(start, ends[number]):
            point = points[at]
            code = codes[point] if point < len(codes) else STRANGER
            if code != VANISHING:
                text[length] = code
                length += 1
        start = ends[number]
        at = 0
        while at < length:
            node = 0
            token = -1
            after = at + 1
            for end in range(at, length):
                node = follow(edges, node, text[end])
                if node == 0:
                    break
                if tokens[node] >= 0:
                    token = tokens[node]
                    after = end + 1
            if token >= 0:
                found[count] = token
                count += 1
            at = after
        found_ends[number] = count
    return found[:count].copy(), found_ends
