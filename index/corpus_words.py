"""The dictionary's words as the corpus uses them: in how many passages each stands.

Counted when a generation's base files are written (`index.delta`) and kept in ``words.npy``, a number for each line
of the dictionary, so that opening a generation need not ask the index a hundred thousand times. Both completing and
correcting read them; a word that came since is known all the same, because single words are asked for live.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from corpus.gazetteer import place_names
from index import background
from index.lattice import Words
from index.vocabulary import FUNCTION_WORDS, QUESTION_WORDS
from index.writing import save_array

COUNTS = "words.npy"
_WORD = re.compile("[\u0e01-\u0e2e\u0e30-\u0e45\u0e47-\u0e4e]+|[a-z]{4,20}")
_FEWEST_LETTERS = 2
_WORDS_A_PASSAGE = 80
_UNSEEN = 1e-7
"""Share of passages credited to a word of the dictionary that none holds."""


class CorpusWords:
    """Safe to share between threads and generations; what costs time is made at the first use.

    Args:
        listed: the dictionary's words.
        counts: in how many passages a word stands; those that stand in none may be left out.
        passages: how many there were when they were counted.
    """

    def __init__(self, listed: Sequence[str], counts: Mapping[str, int], passages: int) -> None:
        self._listed = listed
        self.counts = counts
        self.passages = max(1, passages)
        self._lock = threading.Lock()
        self._words: Words | None = None

    @classmethod
    def read(cls, dictionary: Path, counts: Path, passages: int) -> CorpusWords:
        """Read what `write_counts` wrote.

        Raises:
            ValueError: the two files are not of one making.
        """
        listed = _lines(dictionary)
        numbers = np.load(counts, allow_pickle=False).tolist()
        seen = {word: number for word, number in zip(listed, numbers, strict=True) if number}
        return cls(listed, seen, passages)

    @cached_property
    def listed(self) -> frozenset[str]:
        """The dictionary's words and all place names."""
        return frozenset(self._listed) | place_names()

    @cached_property
    def completions(self) -> list[tuple[str, int]]:
        """Words of more than two letters that some passage holds, ascending, with the number of those passages."""
        return sorted((word, count) for word, count in self.counts.items() if len(word) > _FEWEST_LETTERS)

    def corrections(self) -> Words:
        """The words that a correction may put somewhere, by their skeletons and one slip away."""
        with self._lock:
            if self._words is None:
                listed = (word for word in self.listed if word and self.counts.get(word))
                every = {*listed, *background.table()[1], *QUESTION_WORDS, *FUNCTION_WORDS}
                costs = {
                    w: cost(w, self.counts.get(w, 0), self.passages) for w in every if _WORD.fullmatch(w)
                }
                self._words = Words(costs)
            return self._words


def rate(term: str, count: int, passages: int) -> float:
    """Share of passages with the term, here (``count`` of ``passages``) and in Thai at large."""
    total, counts = background.table()
    return 0.5 * (count / passages + counts.get(term, 0) / total)


def cost(term: str, count: int, passages: int) -> float:
    """How unlikely the term is in a text, in nats."""
    return -math.log((rate(term, count, passages) + _UNSEEN) / _WORDS_A_PASSAGE)


def write_counts(path: Path, dictionary: Path, frequency: Callable[[str], int]) -> None:
    """Write in how many passages each word of a dictionary stands, as ``frequency`` tells."""
    counts = [frequency(word) if word else 0 for word in _lines(dictionary)]
    save_array(path, np.asarray(counts, dtype=np.uint32))


def _lines(dictionary: Path) -> list[str]:
    return dictionary.read_text(encoding="utf-8").removesuffix("\n").split("\n")
