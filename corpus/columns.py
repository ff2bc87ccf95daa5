"""Two columns that a reader delivered line by line, as one: found, and put one after the other.

Where the reader kept the gap between them, the gap says where to cut. Where it left
one space, the cut and the owner of every single line are searched for together: the
reading in which lines continue one another (``corpus.continuity``) under what a column
looks like on paper. A page that does not clearly hold two columns is left as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from corpus import continuity, thai
from corpus.layout import Line, is_item, part

_FEWEST_LINES = 6
_MOST_LINES = 400
_GAP = re.compile(" {3,}")
_SPACE = re.compile(" +")
_LETTERS = re.compile("[^\u0e01-\u0e4eA-Za-z0-9]+")
_WIDEST_PAGE = 320
_COLUMN_SHARE = 0.56
_FULL = 0.78
_SHORT = 0.5
_SHORT_PRICE = 4.0
_BEAM = 16
_SPLIT_PRICE = 1.0
_NARROW_SPLIT_PRICE = 4.0
_OVERLONG_PRICE = 8.0
_PARAGRAPH_PRICE = 2.0
_GOES_ON = -0.2
_LAG_PRICE = 1.5
_PARAGRAPH_LAG_PRICE = 0.3
_ITEM_GAIN = 2.0
_ORDER_PRICE = 2.0
_EXCESS_PRICE = 0.15
_SEEN_GAIN = 4.0
_LEAST_GAIN_PER_LINE = 0.5
_GOOD_PER_LINE = 3.5


def separate(lines: Sequence[Line]) -> list[list[Line]]:
    """Give the columns from left to right; one list holding all lines when there are no two.

    Lines of the result may be parts of the given ones.
    """
    if not _FEWEST_LINES <= len(lines) <= _MOST_LINES:
        return [list(lines)]
    return _by_gap(lines) or _by_continuity(lines) or [list(lines)]


def _by_gap(lines: Sequence[Line]) -> list[list[Line]] | None:
    """Cut at a gutter that runs down the page: wide gaps that end in the same place."""
    starts = Counter(_gap_ends(lines))
    if not starts or max(line.right for line in lines) > _WIDEST_PAGE:
        return None
    gutter, _ = max(((at, sum(starts[at + d] for d in (-1, 0, 1))) for at in starts), key=lambda x: x[1])
    left: list[Line] = []
    right: list[Line] = []
    cut = crossing = 0
    for line in lines:
        at = _cut_at(line, gutter)
        if line.indent >= gutter - 2:
            right.append(line)
        elif at is not None:
            cut += 1
            left.append(part(line, 0, at[0]))
            right.append(part(line, at[1], len(line.text)))
        else:
            crossing += line.indent + len(line.text) > gutter + 4
            left.append(line)
    enough = cut >= max(4, len(lines) * 0.3) and crossing <= len(lines) * 0.1
    return [left, right] if enough and _is_prose(left) and _is_prose(right) else None


def _gap_ends(lines: Sequence[Line]) -> Iterator[int]:
    for line in lines:
        for gap in _GAP.finditer(line.text):
            yield line.indent + gap.end()


def _cut_at(line: Line, gutter: int) -> tuple[int, int] | None:
    for gap in _GAP.finditer(line.text):
        if abs(line.indent + gap.end() - gutter) <= 2:
            return gap.start(), gap.end()
    return None


def _is_prose(column: Sequence[Line]) -> bool:
    """Whether the column reads as text; a table's columns hold words and figures."""
    long = sum(1 for line in column if line.cells >= 20)
    return long * 2 >= len(column)


class _Thread(NamedTuple):
    """A column while lines are being handed out: its last line, what that lacks, how many lines ago."""

    text: str
    lacks: float
    ago: int


class _Reading(NamedTuple):
    score: float
    columns: tuple[_Thread | None, _Thread | None]
    choice: tuple[int, int] | None
    before: _Reading | None


def _by_continuity(lines: Sequence[Line]) -> list[list[Line]] | None:
    page = _Page(lines)
    if not page.may_hold_columns():
        return None
    as_it_stands = page.as_it_stands()
    if as_it_stands > _GOOD_PER_LINE * len(lines):
        return None
    best = page.search()
    if best.score - as_it_stands < _LEAST_GAIN_PER_LINE * len(lines):
        return None
    columns = page.cut(best)
    return columns if all(len(column) >= 3 and _is_prose(column) for column in columns) else None


class _Page:
    """One page under the question whether it holds two columns."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.width = max(line.cells for line in lines) * _COLUMN_SHARE
        self.model = continuity.model()
        self.margin = self._margin()
        # In a line that may hold both columns, what meets across a space is no evidence.
        self._letters = " ".join(
            _LETTERS.sub(" " if line.cells > self.width else "", line.text) for line in lines
        )
        self._known: dict[tuple[str, str], float] = {}
        self._appended: dict[tuple[_Thread | None, str], tuple[float, _Thread]] = {}

    def _margin(self) -> float:
        """Where full lines of one column end, as those that stand alone on their line show it."""
        alone = sorted(line.cells for line in self.lines if 0.75 * self.width <= line.cells <= self.width)
        return alone[int(len(alone) * 0.9)] if len(alone) >= 4 else self.width

    def _excess(self, cells: int) -> float:
        return _EXCESS_PRICE * max(0.0, cells - self.margin)

    def may_hold_columns(self) -> bool:
        """Whether the lines' widths allow it: some twice as wide as the others, or all with a space midway.

        Cheap, because every page of every document is asked. On pages of one column few
        lines are about half as wide as the widest (measured: at most 16 of 100, against
        22 and more), and not every line happens to have a space in its middle.
        """
        widest = self.width / _COLUMN_SHARE
        if not 60 <= widest <= _WIDEST_PAGE:
            return False
        double = [line for line in self.lines if line.cells > self.width]
        if sum(1 for line in double if any(self._cuts(line))) < max(
            3, 0.1 * len(self.lines), 0.8 * len(double)
        ):
            return False
        halves = sum(1 for line in self.lines if 0.38 * widest <= line.cells <= self.width)
        if halves >= 0.18 * len(self.lines):
            return True
        middle = [0.4 * widest, 0.6 * widest]
        return widest >= 85 and len(double) >= 12 and all(_has_space(line, *middle) for line in double)

    def _cuts(self, line: Line) -> Iterator[tuple[int, int]]:
        """Spaces at which both sides would fit their columns."""
        for space in _SPACE.finditer(line.text):
            left = thai.width(line.text[: space.start()])
            if 8 <= left <= self.width and line.cells - left <= self.width + 1:
                yield space.start(), space.end()

    def search(self) -> _Reading:
        """Beam search over all lines for the best reading in two columns."""
        readings = [_Reading(0.0, (None, None), None, None)]
        for line in self.lines:
            grown = sorted(self._grow(readings, line), key=lambda reading: -reading.score)
            seen: set[tuple[str | None, str | None]] = set()
            readings = []
            for reading in grown:
                key = tuple(thread.text if thread else None for thread in reading.columns)
                if key not in seen:
                    seen.add(key)  # type: ignore[arg-type]
                    readings.append(reading)
                if len(readings) == _BEAM:
                    break
        return readings[0]

    def _grow(self, readings: Sequence[_Reading], line: Line) -> Iterator[_Reading]:
        whole = 0.0 if line.cells <= self.width else -_OVERLONG_PRICE
        narrow = max(0.0, (self.width - line.cells) / (0.25 * self.width)) * _NARROW_SPLIT_PRICE
        cuts = [
            (cut, -_SPLIT_PRICE - narrow - self._follows(line.text[: cut[0]], line.text[cut[1] :]))
            for cut in self._cuts(line)
        ]
        for reading in readings:
            left, right = reading.columns
            score, thread = self._append(left, line.text)
            yield _Reading(
                reading.score + whole + score, (thread, _wait(right)), (len(line.text), 0), reading
            )
            score, thread = self._append(right, line.text)
            # Side by side on the line above, the left one full: its next line cannot stand lower than this one.
            order = _ORDER_PRICE * (1 - left.lacks) if left and right and left.ago == right.ago == 0 else 0.0
            yield _Reading(reading.score + whole + score - order, (_wait(left), thread), (0, 0), reading)
            for (end, start), price in cuts:
                score, thread = self._append(left, line.text[:end])
                score2, thread2 = self._append(right, line.text[start:])
                yield _Reading(
                    reading.score + price + score + score2, (thread, thread2), (end, start), reading
                )

    def _append(self, thread: _Thread | None, text: str) -> tuple[float, _Thread]:
        """Put a line under a column's last one; most readings ask the same questions again."""
        key = thread, text
        if key not in self._appended:
            self._appended[key] = self._appending(thread, text)
        return self._appended[key]

    def _appending(self, thread: _Thread | None, text: str) -> tuple[float, _Thread]:
        cells = thai.width(text)
        grown = _Thread(text, self._lack(cells), 0)
        excess = self._excess(cells)
        if thread is None:
            return -excess, grown
        lag = max(0, thread.ago - 1)
        ended = self._breaks(thread.text, text) - _PARAGRAPH_LAG_PRICE * lag
        on = self._follows(thread.text, text) + _GOES_ON - _LAG_PRICE * lag
        ended -= _PARAGRAPH_PRICE * (1 - thread.lacks)
        return max(on - _SHORT_PRICE * thread.lacks, ended) - excess, grown

    def _lack(self, cells: int, share: float = 1.0) -> float:
        """How far a line is from reaching the margin: 0 for a full one, 1 for a short one."""
        full, short = _FULL * self.width * share, _SHORT * self.width * share
        return min(1.0, max(0.0, (full - cells) / (full - short)))

    def _breaks(self, before: str, after: str) -> float:
        return self.model.breaks(before, after) + (_ITEM_GAIN if is_item(after) else 0.0)

    def _follows(self, before: str, after: str) -> float:
        """Continuity, helped where the same letters meet inside a line of this page."""
        key = before[-continuity.REACH_CHARS :], after[: continuity.REACH_CHARS]
        if key not in self._known:
            score = self.model.follows(before, after)
            tail, head = _LETTERS.sub("", key[0])[-5:], _LETTERS.sub("", key[1])[:5]
            if len(tail) == len(head) == 5 and tail + head in self._letters:
                score = max(score, 0.0) + _SEEN_GAIN
            self._known[key] = score
        return self._known[key]

    def as_it_stands(self) -> float:
        """The score of the page read line by line."""
        score = 0.0
        for before, line in pairwise(self.lines):
            lacks = self._lack(before.cells, 1 / _COLUMN_SHARE)
            ended = self._breaks(before.text, line.text) - _PARAGRAPH_PRICE * (1 - lacks)
            score += max(self._follows(before.text, line.text) + _GOES_ON - _SHORT_PRICE * lacks, ended)
        return score

    def cut(self, reading: _Reading) -> list[list[Line]]:
        """The lines of both columns that a reading stands for."""
        choices: list[tuple[int, int]] = []
        at: _Reading | None = reading
        while at is not None and at.choice is not None:
            choices.append(at.choice)
            at = at.before
        left: list[Line] = []
        right: list[Line] = []
        for line, (end, start) in zip(self.lines, reversed(choices), strict=True):
            if end:
                left.append(part(line, 0, end)._replace(indent=0))
            if end < len(line.text):
                right.append(part(line, start, len(line.text))._replace(indent=0))
        return [left, right]


def _wait(thread: _Thread | None) -> _Thread | None:
    return thread and thread._replace(ago=thread.ago + 1)


def _has_space(line: Line, low: float, high: float) -> bool:
    return any(low <= thai.width(line.text[: space.start()]) <= high for space in _SPACE.finditer(line.text))
