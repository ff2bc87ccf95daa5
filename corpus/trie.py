"""A trie in one hash table, for compiled loops to walk.

An edge is one number in an open-addressing table: the node it leaves, the code of its character, the node it leads to.
Node 0 is the root, and no edge leads there, so that 0 is an empty place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled

STRANGER = 0
"""The code of a character that no edge has."""
VANISHING = 0xFFFF
"""The code of a character that is to be passed over as if it were not there."""
_NODE_BITS = 23
"""So many have a node's number in an edge; its character's code has 16 more."""
LEADS_TO = (1 << _NODE_BITS) - 1
"""The bits of an edge that name the node it leads to."""
_SCATTER = -7046029254386353131
"""An odd number near 2^64 over the golden ratio (Knuth 1973, multiplicative hashing)."""
_SCATTER_SHIFT = 24
_ROOM = 1.5
"""Places of the table to a character of all tokens, at least."""


@dataclass(frozen=True, slots=True)
class Trie:
    """A trie of some tokens.

    Attributes:
        codes: code point -> code; code points beyond it are strangers.
        edges: the table; its length is a power of two.
        tokens: for each node the place, among the tokens, of the one that ends there, or -1.
    """

    codes: NDArray[np.uint16]
    edges: NDArray[np.int64]
    tokens: NDArray[np.int32]

    @classmethod
    def of(cls, tokens: Collection[str], letters: Collection[str], vanishing: str = "") -> Trie:
        """Make it.

        Args:
            tokens: one with a character that is none of ``letters`` is left out.
            letters: characters.
            vanishing: characters with the code `VANISHING`.

        Raises:
            ValueError: the tokens hold millions of characters, more than an edge has room for.
        """
        points, ends = code_points(tokens)
        if len(points) >> _NODE_BITS or len(letters) >= VANISHING:
            raise ValueError(f"tokens of {len(points)} characters, {len(letters)} of them different")
        codes = np.zeros(max(map(ord, (*letters, *vanishing)), default=0) + 1, dtype=np.uint16)
        codes[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
        codes[[ord(letter) for letter in vanishing]] = VANISHING
        places = 1 << int(len(points) * _ROOM).bit_length()
        return cls(codes, *_grown(points, ends, codes, places))


def code_points(texts: Collection[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The code points of some texts end to end, and where each ends."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return points, np.fromiter(accumulate(map(len, texts)), dtype=np.int64)


@compiled
def place(edges: NDArray[np.int64], node: int, code: int) -> int:
    """Where the edge from a node by a character lies, or the empty place where it would."""
    last = len(edges) - 1
    key = (node << 16) | code
    at = ((key * _SCATTER) >> _SCATTER_SHIFT) & last
    while edges[at] != 0 and edges[at] >> _NODE_BITS != key:
        at = (at + 1) & last
    return at


@compiled
def follow(edges: NDArray[np.int64], node: int, code: int) -> int:
    """The node that a character leads to, 0 where it leads nowhere."""
    return 0 if code == STRANGER else edges[place(edges, node, code)] & LEADS_TO


@compiled
def _grown(
    points: NDArray[np.uint32], ends: NDArray[np.int64], codes: NDArray[np.uint16], places: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    edges = np.zeros(places, dtype=np.int64)
    tokens = np.full(len(points) + 1, -1, dtype=np.int32)
    nodes = 1
    start = 0
    for token in range(len(ends)):
        node = 0
        for at in range(start, ends[token]):
            code = codes[points[at]] if points[at] < len(codes) else STRANGER
            if code == STRANGER:
                node = 0
                break
            edge = place(edges, node, code)
            if edges[edge] == 0:
                edges[edge] = (((node << 16) | code) << _NODE_BITS) | nodes
                nodes += 1
            node = edges[edge] & LEADS_TO
        if node:
            tokens[node] = token
        start = ends[token]
    return edges, tokens[:nodes].copy()
