"""Does this stretch of Thai go on with that one? A small language model of what follows what.

Where a page's columns or layers are told apart, geometry often leaves two readings;
the right one is the one whose lines continue each other. The model holds pairs of
neighbouring words, and of words with one between them, with their pointwise mutual
information: absolute discounting for the neighbours (Ney, Essen and Kneser 1994). Its
words are short ones; compounds are cut into their parts, because lines break inside
compounds too. ``corpus.continuity_training`` makes the file.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

MODEL = Path(__file__).with_name("continuity.npz")
#: How much of a line's end and of a line's beginning the model looks at.
REACH_CHARS = 24
NUMBER, LATIN, UNKNOWN, BREAK = "<n>", "<l>", "<u>", "\n"
_UNSEEN_LOG = -14.0
_SKIP_WEIGHT = 0.4
_UNSEEN_SKIP = -0.3
_LEAST, _MOST = -4.0, 8.0
#: Stored values are eighths of a nat, so that one signed byte holds them.
STEP = 8.0
#: Longer runs of Thai are cut in pieces.
_AT_ONCE = 1_000
_TOKEN = re.compile(
    "(?P<thai>[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e]+)"
    "|(?P<number>[0-9๐-๙][0-9๐-๙.,/:]*)|(?P<latin>[A-Za-z]+)|(?P<other>[^ ])"
)


class Cutter:
    """Cuts Thai into the model's short words; everything else into classes and single signs."""

    def __init__(self, words: Sequence[str]) -> None:
        from corpus.newmm import Newmm

        self.known = frozenset(words)
        self._newmm = Newmm(words, _AT_ONCE)

    def cut(self, text: str) -> list[str]:
        """Cut one paragraph; what is no word of the model becomes ``UNKNOWN``."""
        matches = list(_TOKEN.finditer(text))
        cut = iter(self._newmm.words_of([match[0] for match in matches if match.lastgroup == "thai"]))
        found: list[str] = []
        for match in matches:
            kind = match.lastgroup
            if kind == "thai":
                found += [word if word in self.known else UNKNOWN for word in next(cut)]
            else:
                found.append({"number": NUMBER, "latin": LATIN}.get(kind or "", match[0]))
        return found

    def boundaries(self, text: str) -> list[int]:
        """Where words of the model begin inside a text, ascending."""
        found: list[int] = []
        for match in _TOKEN.finditer(text):
            found.append(match.start())
            if match.lastgroup == "thai":
                found += [match.start() + end for end in self._newmm.ends(match[0])[:-1]]
        return found


class Continuity:
    """The model. Scores are natural logarithms: above 0 speaks for, below 0 against.

    Args:
        path: the file that ``corpus.continuity_training`` wrote.

    Raises:
        FileNotFoundError: the file is not there.
    """

    def __init__(self, path: Path = MODEL) -> None:
        import numpy as np

        with np.load(path, allow_pickle=False) as stored:
            words = stored["words"].tobytes().decode("utf-8").split("\t")
            self._ids = {word: at for at, word in enumerate(words)}
            self._size = len(words)
            self._log = array("f", stored["log"].astype("f4").tolist())
            self._unseen = array("f", stored["unseen"].astype("f4").tolist())
            self._near = (_keys(stored["near_keys"]), array("b", stored["near"].tolist()))
            self._far = (_keys(stored["far_keys"]), array("b", stored["far"].tolist()))
        self._cutter = Cutter([word for word in words if word[0] >= "\u0e01" and len(word) > 1])

    def follows(self, before: str, after: str) -> float:
        """Score ``after`` as what comes next after ``before``, against finding it anywhere.

        Both the ends as they stand and the ends glued to one word are tried, so that
        a word that the line's end cut in two counts as the word it is.
        """
        return _follows(self, before[-REACH_CHARS:], after[:REACH_CHARS])

    def breaks(self, before: str, after: str) -> float:
        """Score a paragraph's end after ``before`` and another's beginning with ``after``."""
        return _breaks(self, before[-REACH_CHARS:], after[:REACH_CHARS])

    def boundaries(self, text: str) -> list[int]:
        """Where a text might be cut between words."""
        return self._cutter.boundaries(text[:5_000])

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._ids.get(word, -1) for word in self._cutter.cut(text))

    def _joint(self, left: Sequence[int], right: Sequence[int]) -> float:
        """What two rows of words gain in log probability by standing next to each other."""
        if not left or not right:
            return 0.0
        gain = self._pair(left[-1], right[0])
        if len(left) > 1:
            gain += _SKIP_WEIGHT * self._look_up(self._far, left[-2], right[0], _UNSEEN_SKIP)
        if len(right) > 1:
            gain += _SKIP_WEIGHT * self._look_up(self._far, left[-1], right[1], _UNSEEN_SKIP)
        return gain

    def _sequence(self, tokens: Sequence[int]) -> float:
        """Log probability of a row of words."""
        total = 0.0
        for at, token in enumerate(tokens):
            total += self._log[token] if token >= 0 else _UNSEEN_LOG
            if at:
                total += self._pair(tokens[at - 1], token)
            if at > 1:
                total += _SKIP_WEIGHT * self._look_up(self._far, tokens[at - 2], token, _UNSEEN_SKIP)
        return total

    def _pair(self, before: int, after: int) -> float:
        return self._look_up(self._near, before, after, self._unseen[before] if before >= 0 else 0.0)

    def _look_up(
        self, table: tuple[array[int], array[int]], before: int, after: int, default: float
    ) -> float:
        if before < 0 or after < 0:
            return default
        keys, values = table
        key = before * self._size + after
        at = bisect_left(keys, key)
        return values[at] / STEP if at < len(keys) and keys[at] == key else default


@lru_cache(maxsize=20_000)
def _ids(model: Continuity, text: str) -> tuple[int, ...]:
    return model._tokens(text)


@lru_cache(maxsize=20_000)
def _follows(model: Continuity, tail: str, head: str) -> float:
    left, right = _ids(model, tail), _ids(model, head)
    gain = model._joint(left, right)
    glued = model._tokens(tail + head)
    if glued != left + right:
        gain = max(gain, model._sequence(glued) - model._sequence(left) - model._sequence(right))
    return _bounded(gain)


@lru_cache(maxsize=20_000)
def _breaks(model: Continuity, tail: str, head: str) -> float:
    left, right = _ids(model, tail), _ids(model, head)
    middle = (model._ids[BREAK],)
    return _bounded(model._joint(left, middle) + model._joint((*left[-1:], *middle), right))


def _keys(steps: object) -> array[int]:
    import numpy as np

    return array("I", np.cumsum(np.asarray(steps), dtype=np.uint32).tolist())


def _bounded(score: float) -> float:
    return max(_LEAST, min(_MOST, score))


@lru_cache(maxsize=1)
def model() -> Continuity:
    """The shipped model, read once."""
    return Continuity()
