"""Cutting a stretch of Thai anew: the cheapest way through known words, one of them a slip away.

A noisy channel (Kernighan, Church & Gale 1990) over a lattice of words: every word
costs its negative log frequency, a typing slip and a missing mark cost what they are
rare. Words one slip away come from a symmetric deletion index (Garbe 2012) over
mark-free skeletons. All places are counted in skeleton letters, so that no word
begins inside a cluster.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.keyboard import neighbours
from index.lexical import skeleton
from index.slips import Slips

_MARK = re.compile("[\u0e33\u0e47-\u0e4e]")  # ำ is written and mistaken like a marked า
SINGLE_LETTERS = frozenset({"ณ", "ก็", "ธ"})
"""The words of a single letter."""
_BETWEEN = "\u4e00"
"""Stands in no word of the corpus that a correction may use, and in skeletons."""
_LONGEST = 24
"""Letters of the longest word looked for."""
_SHORTEST_SLIPPED = 3
"""Letters: a shorter word one slip away may be any word."""
_UNKNOWN_COST, _UNKNOWN_LETTER_COST = 6.0, 2.6
_SLIP_COST, _NEAR_COST = 8.0, 7.0
_MARK_COST, _MARK_COST_WITHOUT_ANY = 6.0, 1.0
_CHEAPEST_WORD = 4.0
_MORE_LIKELY_WORDS = 3
"""Words of one skeleton that are tried, the commonest first."""


_IMPOSSIBLE_COST = 8.0
#: A vowel or mark without its consonant, a leading vowel without one after it, two of a kind on one.
_IMPOSSIBLE = re.compile(
    "^[\u0e30-\u0e3a\u0e45\u0e47-\u0e4e]|[\u0e40-\u0e44](?![\u0e01-\u0e2e])|\u0e31(?![\u0e01-\u0e2e\u0e48-\u0e4b])"
    "|[\u0e31\u0e34-\u0e39]{2}|[\u0e48-\u0e4c]{2}|[\u0e30\u0e32\u0e33][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
)


@dataclass(frozen=True, slots=True)
class Change:
    """``[start, end)`` of the letters, and the word put there."""

    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The best changed reading: its changes, and how much cheaper it is than the text as typed (nats)."""

    gain: float
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    cost: float
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Edge:
    start: int
    end: int
    cost: float
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch to read.

    ``typed`` holds the text that belongs to each skeleton letter (the letter and its
    marks); ``cut`` the places where the segmenter cut it, with what each piece costs;
    ``broken`` the places [start, end) one of which a change must touch.
    """

    typed: Sequence[str]
    cut: Sequence[tuple[int, int, float]]
    broken: Sequence[tuple[int, int]]
    unmarked: bool = False

    @property
    def mark_cost(self) -> float:
        """What each missing mark costs."""
        return _MARK_COST_WITHOUT_ANY if self.unmarked else _MARK_COST

    @property
    def letters(self) -> str:
        """The mark-free skeleton, a letter for each piece of ``typed``."""
        return skeleton("".join(self.typed))

    def text(self, start: int, end: int) -> str:
        """What was typed between two places."""
        return "".join(self.typed[start:end])


class Words:
    """Words with costs: by skeleton, and one slip away. Of one letter there are only `SINGLE_LETTERS`."""

    def __init__(self, costs: Mapping[str, float]) -> None:
        by_skeleton: dict[str, list[tuple[float, str]]] = {}
        for (word, cost), letters in zip(costs.items(), _skeletons(costs), strict=True):
            if len(letters) > 1 or word in SINGLE_LETTERS:
                by_skeleton.setdefault(letters, []).append((cost, word))
        self._by_skeleton = {k: tuple(sorted(v)[:_MORE_LIKELY_WORDS]) for k, v in by_skeleton.items()}
        self._slips = Slips(
            [letters for letters in by_skeleton if _SHORTEST_SLIPPED - 1 <= len(letters) <= _LONGEST]
        )

    def spelled(self, letters: str) -> Sequence[tuple[float, str]]:
        """(cost, word) of the words with this skeleton, the commonest first."""
        return self._by_skeleton.get(letters, ())

    def near(self, letters: str, before: str = "") -> Iterator[tuple[float, str]]:
        """(cost, word) of the words whose skeleton is one slip away, the slip's cost included.

        ``before`` is the letter in front, which the first may double.
        """
        for found in self._slips.near(letters):
            slip = _slip_cost(before, letters, found)
            for cost, word in self._by_skeleton[found]:
                yield cost + slip, word


def _skeletons(words: Iterable[str]) -> list[str]:
    """Each word's skeleton, of one pass over all of them."""
    return skeleton(_BETWEEN.join(words)).split(_BETWEEN)


def read(stretch: Stretch, words: Words) -> Reading | None:
    """The best reading with at most one slip and any number of mended marks; ``None`` where none is cheaper."""
    letters = stretch.letters
    size = len(letters)
    edges = list(_edges(stretch, letters, words))
    typed = _forward(size, [edge for edge in edges if edge.change is None])[size]
    if typed is None:
        return None
    before = _forward(size, edges)
    best = before[size] or typed
    for way in _slips(stretch, words, before, _backward(size, edges), best.cost):
        best = way  # each is cheaper than those before
    return Reading(typed.cost - best.cost, best.changes) if best.changes else None


def unknown_cost(piece: str) -> float:
    """What a piece costs that is no known word; more where no Thai word is written so."""
    cost = _UNKNOWN_COST + _UNKNOWN_LETTER_COST * len(skeleton(piece))
    return cost + _IMPOSSIBLE_COST if _IMPOSSIBLE.search(piece) else cost


def _edges(stretch: Stretch, letters: str, words: Words) -> Iterator[_Edge]:
    """Known words as typed, words that lack marks, and the segmenter's own pieces."""
    for start, end, cost in stretch.cut:
        yield _Edge(start, end, cost)
    for start in range(len(letters)):
        for end in range(start + 1, min(len(letters), start + _LONGEST) + 1):
            for cost, word in words.spelled(letters[start:end]):
                typed = stretch.text(start, end)
                if word == typed:
                    yield _Edge(start, end, cost)
                elif end - start > 1 and (stretch.unmarked or _touches(stretch.broken, start, end)):
                    mended = cost + stretch.mark_cost * _mark_differences(typed, word)
                    yield _Edge(start, end, mended, Change(start, end, word))


def _forward(size: int, edges: Iterable[_Edge]) -> list[_Way | None]:
    """The cheapest way from the beginning to each place."""
    ways: list[_Way | None] = [None] * (size + 1)
    ways[0] = _Way(0.0)
    for edge in sorted(edges, key=lambda edge: (edge.start, edge.end)):
        way, there = ways[edge.start], ways[edge.end]
        if way is not None and (there is None or way.cost + edge.cost < there.cost):
            ways[edge.end] = _Way(way.cost + edge.cost, _and(way.changes, edge.change))
    return ways


def _backward(size: int, edges: Iterable[_Edge]) -> list[_Way | None]:
    """The cheapest way from each place to the end."""
    ways: list[_Way | None] = [None] * (size + 1)
    ways[size] = _Way(0.0)
    for edge in sorted(edges, key=lambda edge: (-edge.end, -edge.start)):
        way, here = ways[edge.end], ways[edge.start]
        if way is not None and (here is None or way.cost + edge.cost < here.cost):
            ways[edge.start] = _Way(way.cost + edge.cost, _and((), edge.change) + way.changes)
    return ways


def _and(changes: tuple[Change, ...], change: Change | None) -> tuple[Change, ...]:
    return changes if change is None else (*changes, change)


def _slips(
    stretch: Stretch,
    words: Words,
    before: Sequence[_Way | None],
    after: Sequence[_Way | None],
    least: float,
) -> Iterator[_Way]:
    """Ways with one word a slip away that touches a broken place, each cheaper than the last and ``least``."""
    letters = stretch.letters
    for start, way in enumerate(before):
        for end in range(start + _SHORTEST_SLIPPED, min(len(letters), start + _LONGEST) + 1):
            rest = after[end]
            if way is None or rest is None or not _touches(stretch.broken, start, end):
                continue
            around = way.cost + rest.cost
            if around + _CHEAPEST_WORD + _NEAR_COST >= least:
                continue
            typed = stretch.text(start, end)
            for cost, word in words.near(letters[start:end], letters[start - 1 : start]):
                if around + cost >= least:
                    continue
                total = around + cost + stretch.mark_cost * _mark_differences(typed, word)
                if total < least:
                    least = total
                    yield _Way(total, (*way.changes, Change(start, end, word), *rest.changes))


def _touches(broken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(start < stop and begin < end for begin, stop in broken)


def _mark_differences(typed: str, word: str) -> int:
    """How many marks one has and the other lacks; an exchanged one counts once."""
    found, wanted = _MARK.findall(typed), _MARK.findall(word)
    if not found or not wanted:
        return len(found) + len(wanted)
    ours, theirs = Counter(found), Counter(wanted)
    return max((ours - theirs).total(), (theirs - ours).total())


def _slip_cost(before: str, typed: str, word: str) -> float:
    """Doubled letters, swapped ones and near keys are likelier slips than others."""
    start = 0
    while start < min(len(typed), len(word)) and typed[start] == word[start]:
        start += 1
    if len(typed) == len(word):
        swapped = typed[start + 1 : start + 2] == word[start] and typed[start] == word[start + 1 : start + 2]
        near = swapped or word[start] in neighbours(typed[start])
    else:
        # A letter left out may be any; a letter too many is mostly typed twice.
        near = len(typed) < len(word) or typed[start] == (before + typed)[: start + len(before)][-1:]
    return _NEAR_COST if near else _SLIP_COST
