"""newmm: maximal matching over a dictionary, within Thai character clusters (`corpus.newmm_kernel`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from corpus.newmm_kernel import TERM, UNSAFE, WHITE, cut, terms
from corpus.trie import Trie, code_points

UNSAFE_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2060\ufeff\ud800-\udfff\ue000-\uf8ff]")
_CONTENT = re.compile(r"[0-9A-Za-z\u00c0-\u024f\u0370-\u1fff\u0e01-\u0e2e\u2c00-\udfff\uf900-\U0001f000]")
_BEYOND = 0x1F001
"""From here on no character is of any kind."""


class Newmm:
    """Cuts text with one dictionary; safe to share between threads.

    Args:
        words: the dictionary; white space around a word does not count.
        at_once: a longer text is cut in pieces of so many characters.
    """

    def __init__(self, words: Iterable[str], at_once: int = 1 << 40) -> None:
        known = [word for word in map(str.strip, words) if word]
        self._trie = Trie.of(known, sorted(set().union(*known)))
        self._at_once = at_once

    def ends(self, text: str) -> list[int]:
        """Where the words of a text end; what is unsafe in it counts as a space."""
        ends: list[int] = self._cut(*code_points((text,)))[0].tolist()
        return ends

    def words(self, text: str) -> list[str]:
        """The words of a text; joined they give the text."""
        return [text[start:end] for start, end in pairwise((0, *self.ends(text)))]

    def words_of(self, texts: Sequence[str]) -> list[list[str]]:
        """The `words` of each text; many short ones at once are quicker."""
        whole = "".join(texts)
        ends, counts = self._cut(*code_points(texts))
        words = [whole[start:end] for start, end in pairwise((0, *ends.tolist()))]
        return [words[start:end] for start, end in pairwise((0, *counts.tolist()))]

    def terms(self, texts: Sequence[str], between: str) -> list[str]:
        """For each text the words that carry content, ``between`` two of them a character: none of white space or signs alone."""
        points, bounds = code_points(texts)
        ends, counts = self._cut(points, bounds)
        kept, bounds = terms(points, ends, counts, _kinds(), ord(between))
        return [
            kept[start : max(start, end - 1)].tobytes().decode("utf-32-le")
            for start, end in pairwise((0, *bounds.tolist()))
        ]

    def _cut(
        self, points: NDArray[np.uint32], bounds: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ends of all words, and how many of them lie in the texts up to each bound."""
        trie = self._trie
        return cut(points, bounds, self._at_once, _kinds(), trie.codes, trie.edges, trie.tokens)


@cache
def _kinds() -> NDArray[np.uint8]:
    """Code point -> what a character may be."""
    kinds = np.zeros(_BEYOND, dtype=np.uint8)
    every = "".join(map(chr, range(_BEYOND)))
    kinds[[found.start() for found in _CONTENT.finditer(every)]] = TERM
    kinds[[at for at, character in enumerate(every) if character.isspace()]] |= WHITE
    kinds[[found.start() for found in UNSAFE_CHARACTER.finditer(every)]] = UNSAFE
    return kinds
