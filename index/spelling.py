"""Did you mean: typing slips and dropped marks put right with the corpus' own words.

Thai has no spaces, so that one wrong letter breaks a word into scraps and may tear
its neighbours apart as well: the stretch around a scrap is cut anew (`index.lattice`).
A query whose words are all known is never touched, nor are numbers, names after a
title, and texts that the corpus holds just as they were typed.

What a correction needs is made on the first query with an unknown word, in a few
tenths of a second (`index.corpus_words`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from corpus.segment import fold
from index import background
from index.corpus_words import CorpusWords, cost, rate
from index.keyboard import as_latin, as_thai
from index.lattice import SINGLE_LETTERS, Stretch, read, unknown_cost
from index.lexical import skeleton
from index.vocabulary import FUNCTION_WORDS, QUESTION_WORDS

_MARK = re.compile("[\u0e47-\u0e4e]")
_THAI = re.compile("[\u0e01-\u0e3a\u0e40-\u0e46]")
_THAI_SIGN = re.compile("[\u0e01-\u0e4e]")
_LATIN_LETTER = re.compile("[A-Za-z]")
_MOST_KNOWN_AS_TYPED, _FEWEST_KNOWN_AS_MEANT = 0.5, 0.8
_FEWEST_SWITCHED = 3
_NOT_A_THAI_WORD = re.compile("[^\u0e01-\u0e2e\u0e30-\u0e45\u0e47-\u0e4e]")
_LATIN_WORD = re.compile("[a-z]{5,20}")
_COMMON_SCRAP = 0.004
"""A word of one or two letters is a scrap unless this share of passages holds it."""
_SLIPS_OF_THE_CORPUS = 2e-4
"""A term that is in no dictionary is the corpus' own slip unless this share of passages holds it."""
_AROUND = 2
"""Words on both sides of a scrap that are cut anew with it."""
_FEWEST_UNMARKED = 10
"""Letters without any mark from which on marks were probably dropped."""
_MARGIN, _MARGIN_SCRAPS = 2.0, 6.0
"""How much cheaper (nats) a reading must be: around an unknown word, around short scraps alone."""
_RATHER = 100
"""Times that the corpus must prefer a correction to what was typed."""
_REMEMBERED = 8192
"""Words about which is remembered what costs time to find out: people ask with few different ones."""
_QUESTIONS_REMEMBERED = 16
"""Texts whose cut is remembered: each is cut twice, once for either keyboard layout and once for slips."""
_TITLES = frozenset("นาย นาง นางสาว น.ส. ด.ช. ด.ญ. ดร ดร. คุณ พล.อ. พล.ต. พระ หลวงปู่ หลวงพ่อ".split())


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected query and its changes: (as typed, as corrected), in order."""

    text: str
    changes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    suspicious: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)


#: [start, end) of the query, and what belongs there.
_Edit = tuple[int, int, str]


class Speller:
    """Corrects queries for one generation; safe to share between threads.

    Args:
        words: the dictionary's words as the corpus uses them.
        cut: the segmenter's words of a text; joined they give the text.
        frequency: in how many passages a term stands.
        occurs: in how many passages a text's words and character n-grams stand together.
        passages: how many there are.
    """

    def __init__(
        self,
        words: CorpusWords,
        cut: Callable[[str], list[str]],
        frequency: Callable[[str], int],
        occurs: Callable[[str], int],
        passages: int,
    ) -> None:
        self._words = words
        # Around the arguments, not around methods of this object: cycles through it would outlive its generation.
        self._cut = lru_cache(_QUESTIONS_REMEMBERED)(cut)
        self._frequency = lru_cache(_REMEMBERED)(frequency)
        self._occurs = occurs
        self._passages = max(1, passages)

    def correct(self, text: str) -> Correction | None:
        """The query as it was probably meant; ``None`` where nothing is surely wrong.

        Args:
            text: a cleaned query.
        """
        tokens = self._tokens(fold(text))
        if not any(token.suspicious for token in tokens):
            return None
        unmarked = _without_any_mark(text)
        edits = [edit for run in _runs(tokens) for edit in self._thai(run, unmarked)]
        edits += [edit for token in tokens if token.suspicious for edit in self._latin(token, text)]
        edits = [edit for edit in sorted(edits) if not self._written(text, edit)]
        return _applied(text, edits) if edits else None

    def switched(self, typed: str) -> str | None:
        """What was meant by keys struck with the other keyboard layout on; ``None`` where nothing was.

        Args:
            typed: the query as it came: cleaning would repair the strange Thai that Latin keys give.
        """
        thai = bool(_THAI_SIGN.search(typed))
        if thai and _LATIN_LETTER.search(typed):
            return None
        if self._known_share(typed) > _MOST_KNOWN_AS_TYPED:
            return None
        meant = as_latin(typed) if thai else as_thai(typed)
        enough = len(skeleton(meant)) >= _FEWEST_SWITCHED
        return meant if enough and self._known_share(meant) >= _FEWEST_KNOWN_AS_MEANT else None

    def _known_share(self, text: str) -> float:
        """Share of the letters and digits that known words of more than one letter hold."""
        lengths = [(_letters(word), word) for word in self._cut(fold(text))]
        total = sum(length for length, _ in lengths)
        known = sum(length for length, word in lengths if length > 1 and self.known(word))
        return known / total if total else 1.0

    def _written(self, text: str, edit: _Edit) -> bool:
        """Whether the corpus writes it as typed so often that it is no slip there."""
        start, end, word = edit
        if skeleton(text[start:end]) == skeleton(word):  # counted without marks, they look the same
            return False
        typed = self._occurs(fold(text[start:end]))
        return typed > 0 and self._occurs(word) < _RATHER * typed

    def known(self, term: str) -> bool:
        """Whether the corpus or Thai at large have the term."""
        if term in QUESTION_WORDS or term in FUNCTION_WORDS or term in background.table()[1]:
            return True
        least = 1 if term in self._words.listed else max(1.0, _SLIPS_OF_THE_CORPUS * self._passages)
        return self._frequency(term) >= least

    def _rate(self, term: str) -> float:
        return rate(term, self._frequency(term), self._passages)

    def _cost(self, term: str) -> float:
        return cost(term, self._frequency(term), self._passages)

    def _tokens(self, folded: str) -> list[_Token]:
        tokens, place, before = [], 0, ""
        for word in self._cut(folded):
            place += len(word)
            named = before in _TITLES or folded.startswith((".", "ฯ"), place)
            tokens.append(_Token(word, place - len(word), not named and self._suspicious(word)))
            before = word
        return tokens

    def _suspicious(self, term: str) -> bool:
        script = _script(term)
        if script != "thai":
            return script == "latin" and not self.known(term)
        if term in QUESTION_WORDS or term in FUNCTION_WORDS:
            return False
        return self._scrap(term) or not self.known(term)

    def _scrap(self, term: str) -> bool:
        letters = _letters(term)
        return (letters < 2 and term not in SINGLE_LETTERS) or (
            letters == 2 and self._rate(term) < _COMMON_SCRAP
        )

    def _thai(self, run: Sequence[_Token], unmarked: bool) -> list[_Edit]:
        """Edits of a run of Thai words, each stretch around scraps on its own."""
        edits: list[_Edit] = []
        for tokens in [run] if unmarked else _stretches(run):
            edits += self._stretch(tokens, unmarked)
        return edits

    def _stretch(self, tokens: Sequence[_Token], unmarked: bool) -> list[_Edit]:
        broken = [token for token in tokens if token.suspicious]
        if not broken and not unmarked:
            return []
        typed, places = _pieces("".join(token.text for token in tokens))
        begin = tokens[0].start
        at = {place: number for number, place in enumerate(places)}

        def span(token: _Token) -> tuple[int, int]:
            return at[token.start - begin], at[token.end - begin]

        if not all(t.start - begin in at and t.end - begin in at for t in tokens):
            return []
        cut = [(*span(token), self._piece_cost(token)) for token in tokens]
        stretch = Stretch(typed, cut, [span(token) for token in broken], unmarked)
        reading = read(stretch, self._words.corrections())
        margin = _MARGIN_SCRAPS if all(self._scrap(token.text) for token in broken) else _MARGIN
        if reading is None or reading.gain < margin:
            return []
        return [(begin + places[c.start], begin + places[c.end], c.word) for c in reading.changes]

    def _piece_cost(self, token: _Token) -> float:
        if (_letters(token.text) > 1 and self.known(token.text)) or token.text in SINGLE_LETTERS:
            return self._cost(token.text)
        return unknown_cost(token.text)

    def _latin(self, token: _Token, text: str) -> list[_Edit]:
        """An unknown lower-case Latin word; a capital may begin a name."""
        typed = text[token.start : token.end]
        if not _LATIN_WORD.fullmatch(typed):
            return []
        cost, word = min(self._words.corrections().near(typed), default=(math.inf, ""))
        likely = cost < unknown_cost(typed) - _MARGIN
        return [(token.start, token.end, word)] if likely else []


@lru_cache(_REMEMBERED)
def _letters(term: str) -> int:
    """How many letters are left without marks."""
    return len(skeleton(term))


@lru_cache(_REMEMBERED)
def _script(term: str) -> str:
    """``thai`` or ``latin`` for what may be misspelt; empty for numbers, signs and what mixes them with letters."""
    if _THAI.search(term):
        return "" if _NOT_A_THAI_WORD.search(term) else "thai"
    return "latin" if _LATIN_WORD.fullmatch(term) else ""


def _without_any_mark(text: str) -> bool:
    return len(_THAI.findall(text)) >= _FEWEST_UNMARKED and not _MARK.search(text)


def _runs(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Neighbouring tokens of nothing but Thai."""
    run: list[_Token] = []
    for token in tokens:
        if _script(token.text) == "thai":
            run.append(token)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _stretches(run: Sequence[_Token]) -> Iterator[Sequence[_Token]]:
    """The parts of a run around its suspicious tokens; near ones share a part."""
    wanted = [i for i, token in enumerate(run) if token.suspicious]
    start = 0
    while start < len(wanted):
        stop = start
        while stop + 1 < len(wanted) and wanted[stop + 1] - wanted[stop] <= 2 * _AROUND:
            stop += 1
        yield run[max(0, wanted[start] - _AROUND) : wanted[stop] + _AROUND + 1]
        start = stop + 1


def _pieces(text: str) -> tuple[list[str], list[int]]:
    """The text of each skeleton letter with what follows up to the next, and where each begins (and the end)."""
    starts = [i for i, char in enumerate(text) if skeleton(char)]
    if starts:
        starts[0] = 0
    ends = [*starts[1:], len(text)] if starts else []
    return [text[a:b] for a, b in zip(starts, ends, strict=True)], [*starts, len(text)]


def _applied(text: str, edits: Sequence[_Edit]) -> Correction:
    parts, place = [], 0
    for start, end, word in edits:
        parts += [text[place:start], word]
        place = end
    changes = tuple((text[start:end], word) for start, end, word in edits)
    return Correction("".join((*parts, text[place:])), changes)
