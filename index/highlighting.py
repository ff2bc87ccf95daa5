"""Which parts of passages are marked for people: where a question's words stand in them.

All passages of an answer are read in one compiled pass over their characters. Looking for one word after the other in
one text after the other takes Python several times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from corpus.compiled import compiled
from corpus.segment import fold
from corpus.trie import code_points

Spans = tuple[tuple[int, int], ...]
#: No letter from here on has another case, and no mark but variation selectors stands here: what follows Adlam's last mark.
_LETTERS = 0x1E94B
#: The one letter that grows when it is lowered, which `corpus.segment.fold` leaves alone.
_GROWS = "\u0130"
#: Lowered otherwise at a word's end.
_SIGMA = "\u03a3"
#: Marks and ำ, which belongs to the consonant before it.
_MARK = regex.compile("[\\p{M}\u0e33]")
_LATE_MARKS = (0xE0100, 0xE01EF)
"""The only marks behind `_LETTERS`: variation selectors."""
_BUCKETS = 1024


def highlights(texts: Sequence[str], terms: Sequence[str]) -> list[Spans]:
    """Spans of each text that hold one of some folded terms: ascending, apart, never inside a grapheme cluster.

    From the left the longest term counts that begins at a place.

    Args:
        texts: as people read them.
        terms: none of them empty, longest first.
    """
    if not terms or not texts:
        return [()] * len(texts)
    folded, marks = _tables()
    spelled, ends = code_points(terms)
    heads, following = np.full(_BUCKETS, -1, dtype=np.int64), np.full(len(terms), -1, dtype=np.int64)
    _fill(spelled, ends, heads, following)
    codes, edges = code_points(texts)
    spans = np.empty((len(codes) // 2 + len(texts), 2), dtype=np.int64)
    counts = np.zeros(len(texts), dtype=np.int64)
    _mark(codes, edges, spelled, ends, heads, following, folded, marks, spans, counts)
    last = counts.cumsum().tolist()
    found = [(start, end) for start, end in spans[: last[-1]].tolist()]
    return [tuple(found[begin:end]) for begin, end in zip([0, *last], last, strict=False)]


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """For each character below `_LETTERS`: what it folds to, and whether it belongs to the one before it."""
    every = "".join(map(chr, range(_LETTERS)))
    folded = code_points([fold(every.replace(_GROWS, "i").replace(_SIGMA, "s"))])[0].copy()
    folded[ord(_GROWS)] = ord(_GROWS)
    folded[ord(_SIGMA)] = ord(fold(_SIGMA))
    marks = np.zeros(_LETTERS, dtype=np.bool_)
    marks[[found.start() for found in _MARK.finditer(every)]] = True
    return folded, marks


@compiled
def _fill(
    spelled: NDArray[np.uint32],
    ends: NDArray[np.int64],
    heads: NDArray[np.int64],
    following: NDArray[np.int64],
) -> None:
    """Set the first term of each bucket of first letters, and after each term the next one; -1 is none."""
    for number in range(len(ends) - 1, -1, -1):
        bucket = spelled[ends[number - 1] if number else 0] % _BUCKETS
        following[number] = heads[bucket]
        heads[bucket] = number


@compiled
def _is_mark(code: np.uint32, marks: NDArray[np.bool_]) -> bool:
    if code < len(marks):
        return bool(marks[code])
    return bool(_LATE_MARKS[0] <= code <= _LATE_MARKS[1])


@compiled
def _folded(code: np.uint32, folded: NDArray[np.uint32]) -> np.uint32:
    return folded[code] if code < len(folded) else code


@compiled
def _begins(codes: NDArray[np.uint32], at: int, term: NDArray[np.uint32], folded: NDArray[np.uint32]) -> bool:
    """Whether a term stands at a place; there is room for it."""
    for place in range(len(term)):  # noqa: SIM110 - numba knows no generators
        if _folded(codes[at + place], folded) != term[place]:
            return False
    return True


@compiled
def _length_at(
    codes: NDArray[np.uint32],
    at: int,
    spelled: NDArray[np.uint32],
    ends: NDArray[np.int64],
    heads: NDArray[np.int64],
    following: NDArray[np.int64],
    folded: NDArray[np.uint32],
) -> int:
    """How long the longest term is that stands at a place; 0 for none."""
    number = heads[_folded(codes[at], folded) % _BUCKETS]
    while number >= 0:
        start = ends[number - 1] if number else 0
        size = ends[number] - start
        if at + size <= len(codes) and _begins(codes, at, spelled[start : start + size], folded):
            return int(size)
        number = following[number]
    return 0


@compiled
def _mark(
    codes: NDArray[np.uint32],
    edges: NDArray[np.int64],
    spelled: NDArray[np.uint32],
    ends: NDArray[np.int64],
    heads: NDArray[np.int64],
    following: NDArray[np.int64],
    folded: NDArray[np.uint32],
    marks: NDArray[np.bool_],
    spans: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Fill ``spans``, counted from the start of each text, and how many there are of each."""
    begin, made = 0, 0
    for number in range(len(edges)):
        text, first, at = codes[begin : edges[number]], made, 0
        while at < len(text):
            size = _length_at(text, at, spelled, ends, heads, following, folded)
            end = at + max(1, size)
            # A word that goes on with a mark is another word.
            if (
                size
                and not _is_mark(text[at], marks)
                and not (end < len(text) and _is_mark(text[end], marks))
            ):
                if made == first or at > spans[made - 1, 1]:
                    spans[made, 0] = at
                    made += 1
                spans[made - 1, 1] = end
            at = end
        counts[number] = made - first
        begin = edges[number]
