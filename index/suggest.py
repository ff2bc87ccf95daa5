"""Search as you type: what a person may be about to ask, from the corpus' own names and words.

A suggestion is found where what was typed begins one of its words. Both sides are compared by
`index.lexical.skeleton`, without tone marks, spaces and case, so that a mark not typed yet (or forgotten)
finds its word: `index.name_table` for names, `index.corpus_words` for words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from corpus.segment import Segmenter, fold
from corpus.store import Store
from index.corpus_words import CorpusWords
from index.lexical import skeleton
from index.name_table import Name, NameTable, lives, plain

#: In the order in which they are shown, with how many of each where there are plenty of others.
KINDS = {"question": 3, "place": 1, "case": 3, "word": 2, "heading": 2, "document": 3}
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
    """Suggestions of one generation.

    Args:
        store: as of the generation.
        segmenter: the generation's.
        words: the dictionary's words as the corpus uses them.
        tables: names; those of the delta, where there is one, first.
    """

    def __init__(
        self, store: Store, segmenter: Segmenter, words: CorpusWords, tables: Sequence[NameTable]
    ) -> None:
        self._store = store
        self._segmenter = segmenter
        self._words = words
        self._tables = tables

    def suggest(self, typed: str, limit: int, past: Sequence[str] = ()) -> tuple[Suggestion, ...]:
        """The best ``limit`` suggestions for an unfinished text, none twice.

        Args:
            typed: what stands in the box; with nothing in it the past questions are suggested.
            limit: suggestions to return.
            past: questions asked before, most asked first.
        """
        typed = typed[:_MOST_TYPED_CHARS]
        wanted = skeleton(typed)
        found: dict[str, list[Suggestion]] = {kind: [] for kind in KINDS}
        found["question"] = [
            Suggestion(question, "question") for question in past if not wanted or wanted in plain(question)
        ]
        if wanted:
            for name in self._named(wanted, typed.split(), 2 * limit):
                found[name.kind].append(Suggestion(name.text, name.kind, name.target))
            found["word"] = list(self._completed(typed))
        return tuple(_marked(one, wanted) for one in _mixed(found, limit, typed))

    def _named(self, wanted: str, words: Sequence[str], most: int) -> Iterator[Name]:
        """Names found, ``most`` of each kind."""
        shown = dict.fromkeys(KINDS, 0)
        letters = [skeleton(word) for word in words]
        for name in _in_order([table.matching(wanted, letters) for table in self._tables]):
            # A table is as old as the files that it lies with: beside a delta, names may be gone.
            if shown[name.kind] < most and (len(self._tables) == 1 or lives(name, self._store)):
                shown[name.kind] += 1
                yield name

    def _completed(self, typed: str) -> Iterator[Suggestion]:
        """What was typed, its last word completed by the corpus' words, the most frequent first."""
        words = self._words.completions
        pieces = self._segmenter.words(fold(typed))
        for parts in range(min(_PARTS_OF_A_WORD, len(pieces)), 0, -1):
            begun = "".join(pieces[-parts:])
            if len(begun) < _FEWEST_PREFIX or begun != begun.strip():
                continue
            low = bisect_left(words, (begun, 0))
            high = bisect_left(words, (begun + "\U0010ffff", 0))
            longer = [one for one in words[low:high] if one[0] != begun]
            if longer:
                longer.sort(key=lambda one: (-one[1], one[0]))
                before = typed[: len(typed) - len(begun)]
                yield from (Suggestion(before + word, "word") for word, _ in longer[: KINDS["word"] + 1])
                return


def _in_order(tables: Sequence[list[Name]]) -> Iterator[Name]:
    """What several tables found, none twice."""
    seen = set()
    for name in (one for table in tables for one in table):
        told = (name.kind, name.text, name.target)
        if told not in seen:
            seen.add(told)
            yield name


def _mixed(found: dict[str, list[Suggestion]], limit: int, typed: str) -> list[Suggestion]:
    """Some of each kind, then more of whatever is left."""
    first = [one for kind, some in found.items() for one in some[: KINDS[kind]]]
    more = [one for kind, some in found.items() for one in some[KINDS[kind] :]]
    seen = {plain(typed)}
    chosen: list[Suggestion] = []
    for one in first + more:
        letters = plain(one.text)
        if len(chosen) < limit and (letters not in seen or one.target is not None):
            seen.add(letters)
            chosen.append(one)
    return sorted(chosen, key=lambda one: list(KINDS).index(one.kind))


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
