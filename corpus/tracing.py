"""Text that knows, through every change, where in its source each character came from.

Cleaning is a row of small passes. Each pass states its edits against the text it
was given; the map back to the very first source is composed here, once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter

#: ``(start, length, source_start, source_length)`` as in ``corpus.records.Piece``, but bare
#: tuples: a page full of repairs has one for every few characters, and named ones cost ten times more.
Run = tuple[int, int, int, int]
#: ``(start, end, new)``: put ``new`` in the place of ``text[start:end]``; ``start == end`` inserts.
Edit = tuple[int, int, str]

_START = itemgetter(0)


class Traced:
    """A text with the runs that map it to its source.

    Args:
        text: the text as it stands.
        pieces: its map; ``None`` when the text is itself the source.
        marks: ascending places in the text that later changes must keep track of.

    """

    __slots__ = ("marks", "pieces", "text")

    def __init__(self, text: str, pieces: list[Run] | None = None, marks: tuple[int, ...] = ()) -> None:
        self.text = text
        if pieces is None:
            pieces = [(0, len(text), 0, len(text))] if text else []
        self.pieces = pieces
        self.marks = marks

    def edit(self, edits: Iterable[Edit]) -> Traced:
        """Apply edits that ascend and do not overlap."""
        waiting = iter(edits)
        first = next(waiting, None)
        if first is None:
            return self
        parts: list[str] = []
        return self._with(parts, self._runs(chain((first,), waiting), parts))

    def _runs(self, edits: Iterable[Edit], parts: list[str]) -> Iterator[Run]:
        """The map of edits, one run after the other; the new text's parts are collected on the way."""
        text = self.text
        at = length = 0
        for start, end, new in edits:
            if start > at:
                yield length, start - at, at, start - at
                parts.append(text[at:start])
                length += start - at
            if new:
                yield from _replaced(length, start, text[start:end], new)
                parts.append(new)
                length += len(new)
            at = end
        if at < len(text):
            yield length, len(text) - at, at, len(text) - at
            parts.append(text[at:])

    def sub(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str | None]) -> Traced:
        """Replace every match; a function may return ``None`` to leave a match alone."""
        if isinstance(new, str):
            return self.edit((*match.span(), new) for match in pattern.finditer(self.text))
        found = ((match.span(), new(match)) for match in pattern.finditer(self.text))
        return self.edit((*span, text) for span, text in found if text is not None)

    def translate(self, pattern: re.Pattern[str], table: Mapping[int, str]) -> Traced:
        """Replace single characters by single ones that are none of them; the map stays as it is.

        ``pattern`` finds, one by one, at least all that ``table`` replaces.
        """
        text = self.text
        for character in set(pattern.findall(text)):
            text = text.replace(character, table.get(ord(character), character))
        return self if text is self.text else Traced(text, self.pieces, self.marks)

    def rearrange(self, runs: Iterable[Edit]) -> Traced:
        """Build a new text from runs of this one, in any order.

        Each run is ``(start, end, text)``: ``text`` is either exactly
        ``self.text[start:end]``, or what that stretch became (``start == end``
        for an insertion).
        """
        parts: list[str] = []
        return self._with(parts, _laid_out(runs, parts))

    def after(self, change: Traced) -> Traced:
        """The outcome of ``change``, whose source was this text, with the map to this text's own source."""
        return Traced(change.text, compose(change.pieces, self.pieces), change.marks)

    def marked(self, marks: Iterable[int]) -> Traced:
        """Keep track of these places, too."""
        return Traced(self.text, self.pieces, tuple(sorted({*self.marks, *marks})))

    def _with(self, parts: list[str], outer: Iterator[Run]) -> Traced:
        """Compose run by run: a long text's map is never held twice."""
        if not self.marks:
            pieces = compose(outer, self.pieces)
            return Traced("".join(parts), pieces)
        runs = list(outer)
        return Traced("".join(parts), compose(runs, self.pieces), _moved(self.marks, runs))


def _laid_out(runs: Iterable[Edit], parts: list[str]) -> Iterator[Run]:
    length = 0
    for start, end, text in runs:
        if text:
            yield length, len(text), start, end - start
            parts.append(text)
            length += len(text)


def _replaced(at: int, start: int, old: str, new: str) -> list[Run]:
    """The map of one edit: character by character where characters only changed places.

    Equal lengths would claim as much of any other repair, so such a one is told apart
    as its first character, which stands for all, and an insertion.
    """
    size = len(new)
    if size != len(old) or size == 1 or new == old:
        return [(at, size, start, len(old))]
    if sorted(new) != sorted(old):
        return [(at, 1, start, size), (at + 1, size - 1, start + size, 0)]
    places = {
        character: [place for place, other in enumerate(old) if other == character] for character in old
    }
    return [(at + offset, 1, start + places[character].pop(0), 1) for offset, character in enumerate(new)]


def compose(outer: Iterable[Run], inner: list[Run]) -> list[Run]:
    """Chain two maps: ``outer`` into a middle text, ``inner`` from there to the source.

    Linear where ``outer`` ascends in the middle text; it may also go back and forth.
    """
    composed: list[Run] = []
    at = 0
    for start, length, middle, middle_length in outer:
        if at >= len(inner) or not inner[at][0] <= middle < inner[at][0] + inner[at][1]:
            at = max(0, bisect_right(inner, middle, key=_START) - 1)
        if length == middle_length:
            for run in _slice(inner, at, start, middle, middle + length):
                _append(composed, run)
        else:
            _append(composed, (start, length, *_hull(inner, at, middle, middle_length)))
        while at < len(inner) and inner[at][0] + inner[at][1] <= middle + middle_length:
            at += 1
    return composed


def _slice(inner: list[Run], at: int, start: int, middle: int, end: int) -> Iterator[Run]:
    """What ``inner`` says about the middle text from ``middle`` to ``end``, laid out from ``start`` on."""
    while middle < end:
        begin, length, source, source_length = inner[at]
        taken = min(end, begin + length) - middle
        if length == source_length:
            yield start, taken, source + middle - begin, taken
        else:  # an indivisible repair, even when only a part of it is copied
            yield start, taken, source, source_length
        start += taken
        middle += taken
        at += 1


def _hull(inner: list[Run], at: int, middle: int, length: int) -> tuple[int, int]:
    """Start and length of the stretch of the source behind ``length`` characters of the middle text."""
    if not inner:
        return 0, 0
    if not length:
        return _source_at(inner[at], middle), 0
    low, high = _source_range(inner[at], middle, middle + length)
    while at + 1 < len(inner) and inner[at + 1][0] < middle + length:
        at += 1
        next_low, next_high = _source_range(inner[at], middle, middle + length)
        if next_low < high:  # the layout moved it here from elsewhere: keep to the first part
            break
        high = next_high
    return low, high - low


def _source_range(run: Run, start: int, end: int) -> tuple[int, int]:
    begin, length, source, source_length = run
    if length != source_length:
        return source, source + source_length
    return max(begin, start) + source - begin, min(begin + length, end) + source - begin


def _source_at(run: Run, middle: int) -> int:
    begin, length, source, source_length = run
    if middle >= begin + length:
        return source + source_length
    return source + middle - begin if length == source_length else source


def _append(runs: list[Run], run: Run) -> None:
    """Append, melting character-by-character runs that continue one another."""
    _, length, source, source_length = run
    if runs and length == source_length:
        last_start, last_length, last_source, last_source_length = runs[-1]
        if last_length == last_source_length and last_source + last_length == source:
            runs[-1] = (last_start, last_length + length, last_source, last_length + length)
            return
    runs.append(run)


def _moved(marks: tuple[int, ...], outer: list[Run]) -> tuple[int, ...]:
    """Where marks on the old text stand in the new one: at the same character, else at the next that is left."""
    moved: set[int] = set()
    for mark in marks:
        kept = (
            (max(0, middle - mark), start, length, middle)
            for start, length, middle, taken in outer
            if middle + taken > mark
        )
        found = min(kept, default=None)
        if found is not None:
            _, start, length, middle = found
            moved.add(start + min(max(0, mark - middle), max(0, length - 1)))
    return tuple(sorted(moved))
