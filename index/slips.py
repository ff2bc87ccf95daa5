"""Words one slip of the keys away: a letter left out, put in, exchanged for another, or swapped with its neighbour.

A symmetric deletion index (Garbe 2012): two words are one slip apart only if leaving out at most one letter of each
can give the same. What each word so gives is kept as hashes in order, so that tens of thousands of words take a few
megabytes and are ready in some hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from corpus.trie import code_points

_LONGEST = 64
"""Letters of the longest text looked up."""
_MOST_FOUND = 4096
_BASE = np.uint64(0x9E3779B97F4A7C15)


class Slips:
    """Read-only once made.

    Args:
        words: all different.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = sorted(words)
        self._codes, self._ends = code_points(self._words)
        hashes = np.empty(len(self._codes) + len(self._words), dtype=np.uint64)
        owners = np.empty(len(hashes), dtype=np.int32)
        _hash_all(self._codes, self._ends, hashes, owners)
        order = np.argsort(hashes)
        self._hashes, self._owners = hashes[order], owners[order]

    def near(self, text: str) -> list[str]:
        """The words exactly one slip away, in order; none for a text of over 64 letters."""
        if len(text) > _LONGEST or not self._words:
            return []
        found = np.empty(_MOST_FOUND, dtype=np.int32)
        count = _find(code_points([text])[0], self._codes, self._ends, self._hashes, self._owners, found)
        return [self._words[number] for number in sorted(set(found[:count].tolist()))]


@compiled
def _hash(codes: NDArray[np.uint32], start: int, end: int, without: int) -> np.uint64:
    """A hash of some letters, but for the one at ``without``."""
    value = np.uint64(1)
    for at in range(start, end):
        if at != without:
            value = value * _BASE + np.uint64(codes[at])
            value ^= value >> np.uint64(29)
    return value


@compiled
def _hash_all(
    codes: NDArray[np.uint32],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    owners: NDArray[np.int32],
) -> None:
    """Each word's hash, whole and without each of its letters, and whose it is."""
    made, start = 0, 0
    for word in range(len(ends)):
        end = ends[word]
        for without in range(start - 1, end):
            hashes[made] = _hash(codes, start, end, without)
            owners[made] = word
            made += 1
        start = end


@compiled
def _one_apart(typed: NDArray[np.uint32], codes: NDArray[np.uint32], start: int, end: int) -> bool:
    """Whether a word is one slip from what was typed: optimal string alignment distance 1."""
    ours, theirs = len(typed), end - start
    first = 0
    while first < min(ours, theirs) and typed[first] == codes[start + first]:
        first += 1
    last = 0
    while last < min(ours, theirs) - first and typed[ours - 1 - last] == codes[end - 1 - last]:
        last += 1
    mine, other = ours - first - last, theirs - first - last
    if mine == 2 and other == 2:
        return bool(typed[first] == codes[start + first + 1] and typed[first + 1] == codes[start + first])
    return mine <= 1 and other <= 1 and mine + other > 0


@compiled
def _find(
    typed: NDArray[np.uint32],
    codes: NDArray[np.uint32],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    owners: NDArray[np.int32],
    found: NDArray[np.int32],
) -> int:
    """Fill in the numbers of the words one slip away, some repeatedly; how many."""
    count = 0
    for without in range(-1, len(typed)):
        value = _hash(typed, 0, len(typed), without)
        at = np.searchsorted(hashes, value)
        while at < len(hashes) and hashes[at] == value:
            word = owners[at]
            start = ends[word - 1] if word else 0
            if count < len(found) and _one_apart(typed, codes, start, ends[word]):
                found[count] = word
                count += 1
            at += 1
    return count
