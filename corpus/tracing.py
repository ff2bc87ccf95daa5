"""Text that knows, through every change, where in its source each character came from.

Cleaning is a row of small passes. Each pass states its edits against the text it
was given; the map back to the very first source is composed here, once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import NamedTuple

from corpus.records import Piece

_START = itemgetter(0)


class Edit(NamedTuple):
    """Replace ``text[start:end]`` by ``new``; ``start == end`` inserts."""

    start: int
    end: int
    new: str


class Traced:
    """A text with the pieces that map it to its source.

    Args:
        text: the text as it stands.
        pieces: its map; ``None`` when the text is itself the source.
        marks: ascending places in the text that later changes must keep track of.

    """

    __slots__ = ("marks", "pieces", "text")

    def __init__(self, text: str, pieces: list[Piece] | None = None, marks: tuple[int, ...] = ()) -> None:
        self.text = text
        if pieces is None:
            pieces = [Piece(0, len(text), 0, len(text))] if text else []
        self.pieces = pieces
        self.marks = marks

    def edit(self, edits: Iterable[Edit]) -> Traced:
        """Apply edits that ascend and do not overlap."""
        parts: list[str] = []
        outer: list[Piece] = []
        at = length = 0
        for start, end, new in edits:
            if start > at:
                outer.append(Piece(length, start - at, at, start - at))
                parts.append(self.text[at:start])
                length += start - at
            if new:
                outer.append(Piece(length, len(new), start, end - start))
                parts.append(new)
                length += len(new)
            at = end
        if not outer and at == 0:
            return self
        if at < len(self.text):
            outer.append(Piece(length, len(self.text) - at, at, len(self.text) - at))
            parts.append(self.text[at:])
        return Traced("".join(parts), compose(outer, self.pieces), _moved(self.marks, outer))

    def sub(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str | None]) -> Traced:
        """Replace every match; a function may return ``None`` to leave a match alone."""
        if isinstance(new, str):
            return self.edit(Edit(m.start(), m.end(), new) for m in pattern.finditer(self.text))
        found = ((m, new(m)) for m in pattern.finditer(self.text))
        return self.edit(Edit(m.start(), m.end(), text) for m, text in found if text is not None)

    def translate(self, table: dict[int, str]) -> Traced:
        """Replace single characters by single characters; the map stays as it is."""
        return Traced(self.text.translate(table), self.pieces, self.marks)

    def rearrange(self, runs: Iterable[tuple[int, int, str]]) -> Traced:
        """Build a new text from runs of this one, in any order.

        Each run is ``(start, end, text)``: ``text`` is either exactly
        ``self.text[start:end]``, or what that stretch became (``start == end``
        for an insertion).
        """
        outer: list[Piece] = []
        parts: list[str] = []
        length = 0
        for start, end, text in runs:
            if text:
                outer.append(Piece(length, len(text), start, end - start))
                parts.append(text)
                length += len(text)
        return Traced("".join(parts), compose(outer, self.pieces), _moved(self.marks, outer))

    def marked(self, marks: Iterable[int]) -> Traced:
        """Keep track of these places, too."""
        return Traced(self.text, self.pieces, tuple(sorted({*self.marks, *marks})))


def compose(outer: Iterable[Piece], inner: list[Piece]) -> list[Piece]:
    """Chain two maps: ``outer`` into a middle text, ``inner`` from there to the source."""
    composed: list[Piece] = []
    for piece in outer:
        if piece.length == piece.source_length:
            _slice(composed, piece, inner)
        else:
            start, length = _hull(inner, piece.source_start, piece.source_length)
            _append(composed, Piece(piece.start, piece.length, start, length))
    return composed


def _moved(marks: tuple[int, ...], outer: list[Piece]) -> tuple[int, ...]:
    """Where marks on the old text stand in the new one: at the same character, else at the next that is left."""
    moved: set[int] = set()
    for mark in marks:
        kept = (piece for piece in outer if piece.source_start + piece.source_length > mark)
        found = min(kept, key=lambda piece: (max(0, piece.source_start - mark), piece.start), default=None)
        if found is not None:
            inside = mark - found.source_start if found.length == found.source_length else 0
            moved.add(found.start + max(0, inside))
    return tuple(sorted(moved))


def _slice(composed: list[Piece], piece: Piece, inner: list[Piece]) -> None:
    """Append what ``inner`` says about the middle text's run that ``piece`` copies."""
    middle, end = piece.source_start, piece.source_start + piece.source_length
    index = max(0, bisect_right(inner, middle, key=_START) - 1)
    start = piece.start
    while middle < end:
        found = inner[index]
        taken = min(end, found.start + found.length) - middle
        if found.length == found.source_length:
            _append(composed, Piece(start, taken, found.source_start + middle - found.start, taken))
        else:  # an indivisible repair, even when only a part of it is copied
            _append(composed, Piece(start, taken, found.source_start, found.source_length))
        start += taken
        middle += taken
        index += 1


def _hull(inner: list[Piece], start: int, length: int) -> tuple[int, int]:
    """The stretch of the source behind ``length`` characters of the middle text."""
    if not inner:
        return 0, 0
    index = max(0, bisect_right(inner, start, key=_START) - 1)
    if not length:
        return _source_at(inner[index], start), 0
    low, high = _source_range(inner[index], start, start + length)
    while index + 1 < len(inner) and inner[index + 1].start < start + length:
        index += 1
        next_low, next_high = _source_range(inner[index], start, start + length)
        if next_low < high:  # the layout moved it here from elsewhere: keep to the first part
            break
        high = max(high, next_high)
    return low, high - low


def _source_range(piece: Piece, start: int, end: int) -> tuple[int, int]:
    if piece.length != piece.source_length:
        return piece.source_start, piece.source_start + piece.source_length
    shift = piece.source_start - piece.start
    return max(piece.start, start) + shift, min(piece.start + piece.length, end) + shift


def _source_at(piece: Piece, at: int) -> int:
    if at >= piece.start + piece.length:
        return piece.source_start + piece.source_length
    if piece.length == piece.source_length:
        return piece.source_start + at - piece.start
    return piece.source_start


def _append(pieces: list[Piece], piece: Piece) -> None:
    """Append, melting character-by-character runs that continue one another."""
    if pieces and piece.length == piece.source_length:
        last = pieces[-1]
        if last.length == last.source_length and last.source_start + last.source_length == piece.source_start:
            pieces[-1] = Piece(
                last.start, last.length + piece.length, last.source_start, last.source_length + piece.length
            )
            return
    pieces.append(piece)
