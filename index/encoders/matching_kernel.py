"""The loops of longest-match tokenization, compiled: a vocabulary's trie in one hash table, and the walk through it.

An edge of the trie is one number in an open-addressing table: the node it leaves, the code of its character, the node
it leads to. Node 0 is the root, and no edge leads there, so that 0 is an empty place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled

STRANGER = 0
"""The code of a character that no token holds."""
VANISHING = 0xFFFF
"""The code of a character that is passed over as if it were not there."""
NODE_BITS = 23
"""So many nodes have room in an edge; 16 bits more are its character's code."""
_LEADS_TO = (1 << NODE_BITS) - 1
_SCATTER = -7046029254386353131
"""An odd number near 2^64 over the golden ratio (Knuth 1973, multiplicative hashing)."""
_SCATTER_SHIFT = 24


@compiled
def trie(
    points: NDArray[np.uint32], ends: NDArray[np.int64], codes: NDArray[np.uint16], places: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The trie of some tokens.

    Args:
        points: code points of all tokens end to end.
        ends: where each token ends there.
        codes: code point -> code; a token that holds a `STRANGER` is left out.
        places: a power of two above the number of points.

    Returns:
        The table of edges, shape (places,), and for each node the number of the token that ends there, or -1.
    """
    edges = np.zeros(places, dtype=np.int64)
    tokens = np.full(len(points) + 1, -1, dtype=np.int32)
    nodes = 1
    start = 0
    for token in range(len(ends)):
        node = 0
        for at in range(start, ends[token]):
            code = codes[points[at]]
            if code == STRANGER:
                node = 0
                break
            place = _place(edges, node, code)
            if edges[place] == 0:
                edges[place] = (((node << 16) | code) << NODE_BITS) | nodes
                nodes += 1
            node = edges[place] & _LEADS_TO
        if node:
            tokens[node] = token
        start = ends[token]
    return edges, tokens[:nodes].copy()


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
        codes: code point -> code; those beyond it are strangers.
        edges: from `trie`.
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
                code = text[end]
                if code == STRANGER:
                    break
                node = edges[_place(edges, node, code)] & _LEADS_TO
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


@compiled
def _place(edges: NDArray[np.int64], node: int, code: int) -> int:
    """Where the edge from a node by a character lies, or the empty place where it would."""
    last = len(edges) - 1
    key = (node << 16) | code
    place = ((key * _SCATTER) >> _SCATTER_SHIFT) & last
    while edges[place] != 0 and edges[place] >> NODE_BITS != key:
        place = (place + 1) & last
    return place
