"""Where one text is a copy of another, compared by letters alone: marks, spaces and signs don't count."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from corpus.thai import MARKS

GRAM = 8
_LETTER = re.compile("[\u0e01-\u0e45\u0e50-\u0e59A-Za-z0-9]")
_MARK = re.compile(f"[{MARKS}]")
_SURE = 24
_NEAR = 60
_SHIFT = 12
_BETWEEN = 160


class Letters(NamedTuple):
    """The letters of a text and the place of each in it."""

    letters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str, start: int = 0) -> Letters:
        """Collect them; sara am counts as the sara aa that remains of it. ``start`` shifts the places."""
        found = [match.start() for match in _LETTER.finditer(text) if not _MARK.match(match[0])]
        return cls(
            "".join(text[at] for at in found).replace("\u0e33", "\u0e32"), tuple(start + at for at in found)
        )


class Run(NamedTuple):
    """``length`` letters from ``start`` on that equal those from ``other`` on in the other text."""

    start: int
    other: int
    length: int


def runs(letters: str, other: str) -> list[Run]:
    """All longest common stretches of at least ``GRAM`` letters, by where they start in ``letters``."""
    places: dict[str, list[int]] = defaultdict(list)
    for at in range(len(other) - GRAM + 1):
        found = places[other[at : at + GRAM]]
        if len(found) < 8:  # a phrase that comes back all the time tells nothing
            found.append(at)
    result: list[Run] = []
    open_ends: dict[int, int] = {}
    for at in range(len(letters) - GRAM + 1):
        for place in places.get(letters[at : at + GRAM], ()):
            if open_ends.get(place - at, -1) < at:
                run = Run(at, place, _common(letters, at, other, place))
                open_ends[place - at] = at + run.length - GRAM
                result.append(run)
    return result


def _common(letters: str, at: int, other: str, place: int) -> int:
    length = GRAM
    limit = min(len(letters) - at, len(other) - place)
    while length < limit and letters[at + length] == other[place + length]:
        length += 1
    return length


def copied(letters: str, other: str) -> list[Run]:
    """The runs by which ``letters`` goes along ``other`` as a copy: long ones, and short ones in line with them.

    Sorted and without overlap. A phrase that both texts merely share is none.
    """
    found = runs(letters, other)
    kept = [run for run in found if run.length >= _SURE]
    changed = bool(kept)
    while changed:
        fresh = [run for run in found if run not in kept and any(_in_line(run, sure) for sure in kept)]
        changed = bool(fresh)
        kept += fresh
    return _without_overlap(sorted(kept, key=lambda run: (-run.length, run.start)))


def _in_line(run: Run, sure: Run) -> bool:
    shift = (run.start - run.other) - (sure.start - sure.other)
    apart = max(run.start - sure.start - sure.length, sure.start - run.start - run.length)
    if abs(shift) <= _SHIFT:
        return apart <= _NEAR
    return apart <= _BETWEEN and (_resumes(run, sure) or _resumes(sure, run))


def _resumes(run: Run, before: Run) -> bool:
    """Whether a run goes on in the other text just where the earlier one stopped: something lay between."""
    return abs(run.other - before.other - before.length) <= 3 and run.start >= before.start + before.length


def _without_overlap(longest_first: Sequence[Run]) -> list[Run]:
    taken: list[Run] = []
    for run in longest_first:
        low, high = run.start, run.start + run.length
        for other in taken:
            if other.start <= low < other.start + other.length:
                low = other.start + other.length
            if other.start < high <= other.start + other.length:
                high = other.start
        if high - low >= 3 and not any(low < o.start + o.length and o.start < high for o in taken):
            taken.append(Run(low, run.other + low - run.start, high - low))
    return sorted(taken)
