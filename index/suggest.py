"""Search as you type: what a person may be about to ask, from the corpus' own names and words.

A suggestion is found where what was typed begins one of its words. Both sides are compared by
`index.lexical.skeleton`, without tone marks, spaces and case, so that a mark not typed yet (or forgotten)
finds its word. All names stand in one text; the places where words begin are kept in the order of what
follows them (a sparse suffix array: Manber & Myers 1993), which a binary search reads.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import regex

from corpus.segment import Segmenter, fold
from corpus.store import Store
from index.lexical import LexicalIndex, skeleton

#: In the order in which they are shown, with how many of each where there are plenty of others.
KINDS = {"question": 3, "place": 1, "case": 3, "word": 2, "heading": 2, "document": 3}
_COMPARED_CHARS = 24
_WORDS_A_NAME = 16
_READ = 400
"""Places read of those where the typed text begins a word: a single letter begins thousands."""
_MOST_TYPED_CHARS = 200
_PARTS_OF_A_WORD = 3
_FEWEST_PREFIX = 2
_MARK = regex.compile(r"\p{M}")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion.

    Attributes:
        text: what to ask, or the name of what to open.
        kind: one of `KINDS`, or ``spelling``.
        target: the case's or document's id, the province of a place; else ``None``.
        highlights: [start, end) in ``text`` of what was typed.
    """

    text: str
    kind: str
    target: str | None = None
    highlights: tuple[tuple[int, int], ...] = ()


class Suggester:
    """Suggestions of one generation; what they are read from is gathered at the first use."""

    def __init__(self, store: Store, segmenter: Segmenter, lexical: LexicalIndex, dictionary: Path) -> None:
        self._store = store
        self._segmenter = segmenter
        self._lexical = lexical
        self._dictionary = dictionary
        self._lock = threading.Lock()
        self._names: _Names | None = None
        self._words: list[tuple[str, int]] = []

    def suggest(self, typed: str, limit: int, past: Sequence[str] = ()) -> tuple[Suggestion, ...]:
        """The best ``limit`` suggestions for an unfinished text, none twice.

        Args:
            typed: what stands in the box; with nothing in it the past questions are suggested.
            limit: suggestions to return.
            past: questions asked before, most asked first.
        """
        typed = typed[:_MOST_TYPED_CHARS]
        wanted = skeleton(typed)
        names = self._gathered()
        found: dict[str, list[Suggestion]] = {kind: [] for kind in KINDS}
        found["question"] = [
            Suggestion(question, "question")
            for question in past
            if not wanted or wanted in _skeleton(question)
        ]
        if wanted:
            for name in names.matching(wanted, [skeleton(word) for word in typed.split()]):
                found[name.kind].append(name)
            found["word"] = list(self._completed(typed))
        return tuple(_marked(one, wanted) for one in _mixed(found, limit, typed))

    def gather(self) -> None:
        """Read names and words now, so that the first person to type does not wait for them."""
        self._gathered()

    def _gathered(self) -> _Names:
        with self._lock:
            if self._names is None:
                self._words = list(_known_words(self._dictionary, self._lexical))
                self._names = _Names(_names_of(self._store), self._segmenter)
            return self._names

    def _completed(self, typed: str) -> Iterator[Suggestion]:
        """What was typed, its last word completed by the corpus' words, the most frequent first."""
        pieces = self._segmenter.words(fold(typed))
        for parts in range(min(_PARTS_OF_A_WORD, len(pieces)), 0, -1):
            begun = "".join(pieces[-parts:])
            if len(begun) < _FEWEST_PREFIX or begun != begun.strip():
                continue
            low = bisect_left(self._words, (begun, 0))
            high = bisect_left(self._words, (begun + "\U0010ffff", 0))
            longer = [one for one in self._words[low:high] if one[0] != begun]
            if longer:
                longer.sort(key=lambda one: (-one[1], one[0]))
                before = typed[: len(typed) - len(begun)]
                yield from (Suggestion(before + word, "word") for word, _ in longer[: KINDS["word"] + 1])
                return


class _Names:
    """Names in one text, and where their words begin in the order of what follows."""

    def __init__(self, names: Iterable[Suggestion], segmenter: Segmenter) -> None:
        self._names: list[Suggestion] = []
        self._ends = array("q")
        parts: list[str] = []
        starts = array("q")
        end = 0
        for name in names:
            plain, begins = _begins(name.text, segmenter)
            if not plain:
                continue
            starts.extend(end + begin for begin in begins)
            parts.append(plain)
            end += len(plain) + 1
            self._names.append(name)
            self._ends.append(end)
        self._text = "\n".join(parts)
        text = self._text
        self._starts = array("q", sorted(starts, key=lambda at: text[at : at + _COMPARED_CHARS]))

    def matching(self, wanted: str, words: Sequence[str]) -> list[Suggestion]:
        """Names with a word that begins like ``wanted``, else names that hold all of several words."""
        found = self._beginning(wanted)
        if found:
            return found
        told = [word for word in words if word]
        if len(told) < 2:
            return []
        longest = max(told[:-1], key=len)
        return [one for one in self._beginning(longest) if all(w in _skeleton(one.text) for w in told)]

    def _beginning(self, wanted: str) -> list[Suggestion]:
        prefix, text = wanted[:_COMPARED_CHARS], self._text
        low = bisect_left(self._starts, prefix, key=lambda at: text[at : at + len(prefix)])
        high = bisect_right(self._starts, prefix, low, key=lambda at: text[at : at + len(prefix)])
        if high - low > _READ:  # names that begin so are worth more than names that hold it
            places = [at for at in self._starts[low:high] if self._first(at)][:_READ]
        else:
            places = list(self._starts[low:high])
        ranked = sorted(
            (not self._first(at), self._number(at)) for at in places if text.startswith(wanted, at)
        )
        return [self._names[number] for number in dict.fromkeys(number for _, number in ranked)]

    def _number(self, at: int) -> int:
        return bisect_right(self._ends, at)

    def _first(self, at: int) -> bool:
        return at == 0 or self._text[at - 1] == "\n"


def _begins(text: str, segmenter: Segmenter) -> tuple[str, list[int]]:
    """A name's skeleton and where in it words begin."""
    plain = ""
    begins: list[int] = []
    for word in segmenter.words(fold(text)):
        part = skeleton(word)
        if part and len(begins) < _WORDS_A_NAME:
            begins.append(len(plain))
        plain += part
    return plain, begins


def _names_of(store: Store) -> Iterator[Suggestion]:
    """Everything with a name, shorter ones first within a kind."""
    cases = store.case_names()
    provinces = sorted({province for _, _, province in cases if province})
    yield from (Suggestion(province, "place", province) for province in provinces)
    told = sorted(cases, key=lambda case: (len(case[1]), case))
    yield from (Suggestion(name, "case", case_id) for case_id, name, _ in told)
    names = {name for _, name, _ in cases}
    headings = [heading for heading in store.headings() if heading not in names]
    yield from (Suggestion(heading, "heading") for heading in sorted(headings, key=lambda h: (len(h), h)))
    titles = [(title, document_id) for document_id, title in store.all_titles()]
    for title, document_id in sorted(titles, key=lambda one: (len(one[0]), one)):
        yield Suggestion(title, "document", document_id)


def _known_words(dictionary: Path, lexical: LexicalIndex) -> Iterator[tuple[str, int]]:
    """The dictionary's words that some passage holds, ascending, with the number of those passages."""
    for word in sorted(dictionary.read_text(encoding="utf-8").split("\n")):
        frequency = lexical.document_frequency("words", word) if len(word) > _FEWEST_PREFIX else 0
        if frequency:
            yield word, frequency


def _mixed(found: dict[str, list[Suggestion]], limit: int, typed: str) -> list[Suggestion]:
    """Some of each kind, then more of whatever is left."""
    first = [one for kind, some in found.items() for one in some[: KINDS[kind]]]
    more = [one for kind, some in found.items() for one in some[KINDS[kind] :]]
    seen = {_skeleton(typed)}
    chosen: list[Suggestion] = []
    for one in first + more:
        plain = _skeleton(one.text)
        if len(chosen) < limit and (plain not in seen or one.target is not None):
            seen.add(plain)
            chosen.append(one)
    return sorted(chosen, key=lambda one: list(KINDS).index(one.kind))


@lru_cache(maxsize=8192)
def _skeleton(text: str) -> str:
    return skeleton(text)


def _marked(one: Suggestion, wanted: str) -> Suggestion:
    """The suggestion with the typed part of its text told, whole grapheme clusters of it."""
    folded = fold(one.text)
    kept = [place for place, char in enumerate(folded) if skeleton(char)]
    at = "".join(skeleton(folded[place]) for place in kept).find(wanted) if wanted else -1
    if at < 0:
        return one
    start, end = kept[at], kept[at + len(wanted) - 1] + 1
    while end < len(folded) and _MARK.match(folded[end]):
        end += 1
    while start and _MARK.match(folded[start]):
        start -= 1
    return Suggestion(one.text, one.kind, one.target, ((start, end),))
