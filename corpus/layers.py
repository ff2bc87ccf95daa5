"""Texts that lie over one another on a page, delivered line by line as one: told apart.

Word processors and page makers leave a second copy of a page beneath the visible one,
or another page altogether, often in an old font's glyph encoding. Three things tell
the layers apart: the encoding of their marks, the column where their lines begin, and
that a copy repeats the clean text letter by letter. What remains glued is parted by
asking which line continues which (``corpus.continuity``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from corpus import alignment, continuity, glued
from corpus.alignment import Letters
from corpus.glued import Unit
from corpus.layout import Line, part

_FEWEST_LINES = 4
_MOST_LINES = 1_000
_MOST_CHARS = 200_000
_COLUMN_STEP = 10
_COPY_SHARE = 0.8
_COPY_LETTERS = 24
_TURNS = 0.3
_LEAST_GAIN_PER_LINE = 0.3
_LEAST_SHARE = 0.1
_WIDE_GAP = 4
_GAP = re.compile(" {2,}")
_OVERLONG = 1.12
_FOREIGN = ("glyph", "bare")
_FAR_ROWS = 4
_FAR_PRICE = 0.4
_NEW_LAYER_PRICE = 3.0


class Layers(NamedTuple):
    """The texts of a page, each as its lines in reading order; ``stray`` lines belong to none."""

    blocks: list[list[Line]]
    stray: list[Line]


def separate(lines: Sequence[Line], glyphs: Sequence[int]) -> Layers | None:
    """Tell layers apart.

    Args:
        lines: the page's lines, glyph positions already replaced by marks.
        glyphs: the ascending places, in the page's text, where glyph positions stood.

    Returns:
        ``None`` when the page is one text.

    """
    if not _FEWEST_LINES * 2 <= len(lines) <= _MOST_LINES or lines[-1].end > _MOST_CHARS:
        return None
    fewest = max(_FEWEST_LINES, _LEAST_SHARE * len(lines))
    if not glyphs and sum(1 for line in lines if glued.is_bare(line.text)) < fewest:
        return None
    kinds = [glued.kind_of(line, glyphs) for line in lines]
    foreign = len(kinds) - kinds.count("clean") - kinds.count("none")
    if foreign < fewest or kinds.count("clean") + kinds.count("mixed") < fewest:
        return None
    page = _Page(lines, glyphs)
    return page.layers() if page.copies >= fewest or page.takes_turns() else None


class _Page:
    """One page while its layers are told apart."""

    def __init__(self, lines: Sequence[Line], marked: Sequence[int]) -> None:
        self.marked = marked
        self.starts = Counter(line.indent for line in lines)
        units = [unit for row, line in enumerate(lines) for unit in self._units(row, line)]
        clean = _letters(unit for unit in units if unit.kind == "clean")
        foreign = _letters(unit for unit in units if unit.kind in _FOREIGN)
        self.units = [
            piece for unit in units for piece in glued.split_mixed(unit, marked, clean=clean, foreign=foreign)
        ]
        self.columns = _columns(unit for unit in self.units if unit.first and unit.kind == "clean")
        self.clean = _letters(
            unit for unit in self.units if unit.kind == "clean" and not _is_stray(unit, self.columns)
        )
        self.units = [self._told(unit) for unit in self.units]
        self.foreign = _clusters(
            sorted(unit.line.indent for unit in self.units if unit.first and unit.kind in _FOREIGN)
        )
        self.homes = [_home(unit, self.columns, self.foreign) for unit in self.units]
        self.clean = _letters(
            unit for unit, home in zip(self.units, self.homes, strict=True) if home == "clean"
        )
        self.copies = sum(
            1 for unit in self.units if unit.kind in _FOREIGN and self._copied(unit) >= _COPY_LETTERS
        )

    def _told(self, unit: Unit) -> Unit:
        """A line without a clean mark that stands among the clean ones is one of them, unless it repeats them."""
        at_home = unit.first and _distance(unit.line.indent, self.columns) <= 1
        if unit.kind == "bare" and at_home and not self._is_copy(unit):
            return unit._replace(kind="none")
        return unit

    def takes_turns(self) -> bool:
        """Whether two encodings take turns, and each reads on over the other: no headings in another font."""
        told = [unit for unit in self.units if unit.kind != "none"]
        changes = sum(1 for a, b in pairwise(told) if (a.kind == "clean") != (b.kind == "clean"))
        if changes < _TURNS * len(told):
            return False
        apart = _reading([unit for unit in told if unit.kind == "clean"])
        apart += _reading([unit for unit in told if unit.kind != "clean"])
        return apart - _reading(told) > _LEAST_GAIN_PER_LINE * len(told)

    def _units(self, row: int, line: Line) -> Iterator[Unit]:
        """Cut a line at gaps where another kind of text, or another layer's column, begins."""
        start = 0
        for gap in _GAP.finditer(line.text):
            rest = glued.kind_of(part(line, gap.end(), len(line.text)), self.marked)
            before = glued.kind_of(part(line, start, gap.start()), self.marked)
            wide = gap.end() - gap.start() >= _WIDE_GAP or self.starts[line.indent + gap.end()] >= 2
            if wide or {rest, before} == {"clean", "glyph"}:
                yield Unit(part(line, start, gap.start()), row, start == 0, before)
                start = gap.end()
        for low, high in glued.possible_stretches(line.text, start):
            piece = part(line, low, high)
            yield Unit(piece, row, low == 0, glued.kind_of(piece, self.marked))

    def _copied(self, unit: Unit) -> int:
        """How many letters of a unit repeat the clean text."""
        letters = Letters.of(unit.line.text).letters
        return sum(run.length for run in alignment.copied(letters, self.clean))

    def _is_copy(self, unit: Unit) -> bool:
        return self._copied(unit) >= _COPY_SHARE * len(Letters.of(unit.line.text).letters) > 0

    def layers(self) -> Layers:
        """Hand every unit to a layer, drop what is a copy, and place what floats between layers."""
        clean: list[Unit] = []
        foreign: list[list[Unit]] = [[] for _ in self.foreign]
        floating: list[Unit] = []
        stray: list[Line] = []
        for unit, home in zip(self.units, self.homes, strict=True):
            if home == "clean":
                clean.append(unit)
            elif isinstance(home, int):
                foreign[home].append(unit)
            elif home == "stray":
                stray.append(unit.line)
            elif not self._is_copy(unit):
                floating.append(unit)
        remaining = [self._without_copies(layer, floating) for layer in foreign]
        edges = [_edge(layer) for layer in foreign]
        for at, layer in enumerate(remaining):
            floating += _overlong(layer, edges[at], [other for other in remaining if other is not layer])
        for unit in sorted(floating, key=lambda unit: unit.row):
            _place(unit, remaining)
        copies = [rest for rest, layer in zip(remaining, foreign, strict=False) if rest is not layer]
        others = [rest for rest in remaining if not any(rest is copy for copy in copies)]
        blocks = [
            layer for layer in (clean, *copies, *others) if layer
        ]  # a copy goes on where the clean text ends
        return Layers([[u.line._replace(blanks=0) for u in layer if u.line.text] for layer in blocks], stray)

    def _without_copies(self, layer: list[Unit], floating: list[Unit]) -> list[Unit]:
        """What a layer says beyond the clean text; all of it when it is no copy."""
        letters = [Letters.of(unit.line.text) for unit in layer]
        joined = "".join(found.letters for found in letters)
        runs = alignment.copied(joined, self.clean)
        if sum(run.length for run in runs) < min(0.3 * len(joined), 200):
            return layer
        rest: list[Unit] = []
        offset = 0
        for unit, found in zip(layer, letters, strict=True):
            end = offset + len(found.letters)
            for low, high in _uncovered(offset, end, runs):
                left_over = _part(unit, found, low - offset, high - offset)
                if high == end and low > offset and _goes_on_behind(runs, high, low):
                    floating.append(left_over._replace(first=False))
                elif high - low >= 3 or not rest:
                    rest.append(left_over)
            offset = end
        rest = [unit for unit in rest if Letters.of(unit.line.text).letters]
        if sum(len(unit.line.text) for unit in rest) < _COPY_LETTERS:  # too little to be a text that goes on
            floating += [unit._replace(first=False) for unit in rest]
            return []
        return rest


def _letters(units: Iterable[Unit]) -> str:
    return "".join(Letters.of(unit.line.text).letters for unit in units)


def _reading(units: Sequence[Unit]) -> float:
    """How well lines read on from one to the next."""
    return sum(glued.join(a.line.text, b.line.text) for a, b in pairwise(units))


def _part(unit: Unit, letters: Letters, low: int, high: int) -> Unit:
    """The part of a unit from one letter up to another, with the signs around it."""
    start = letters.places[low] if low else 0
    end = letters.places[high] if high < len(letters.places) else len(unit.line.text)
    text = unit.line.text
    while start and not text[start - 1].isspace() and not Letters.of(text[start - 1]).letters and low:
        if text[start - 1] not in "“‘([{\"'":
            break
        start -= 1
    while end > start and text[end - 1].isspace():
        end -= 1
    line = part(unit.line, start, end)._replace(indent=unit.line.indent)
    return unit._replace(line=line)


def _uncovered(start: int, end: int, runs: Sequence[alignment.Run]) -> Iterator[tuple[int, int]]:
    at = start
    for run in runs:
        if run.start + run.length <= at or run.start >= end:
            continue
        if run.start > at:
            yield at, run.start
        at = max(at, run.start + run.length)
    if at < end:
        yield at, end


def _goes_on_behind(runs: Sequence[alignment.Run], high: int, low: int) -> bool:
    """Whether the copy continues after the left-over ``low``-``high`` where it stopped before it."""
    before = [run for run in runs if run.start + run.length <= low]
    after = [run for run in runs if run.start >= high]
    if not before or not after:
        return False
    return abs(after[0].other - before[-1].other - before[-1].length) <= 3


def _columns(units: Iterator[Unit]) -> list[int]:
    """Columns at which at least two lines of one kind begin."""
    counts = Counter(unit.line.indent for unit in units)
    return sorted(column for column, count in counts.items() if count >= 2) or sorted(counts)


def _clusters(columns: Sequence[int]) -> list[list[int]]:
    """Begin a new cluster after every step to the right that no first-line indent makes."""
    clusters: list[list[int]] = []
    for column in columns:
        if clusters and column - clusters[-1][-1] <= _COLUMN_STEP:
            clusters[-1].append(column)
        else:
            clusters.append([column])
    return clusters


def _home(unit: Unit, clean: Sequence[int], foreign: Sequence[Sequence[int]]) -> int | str:
    """The layer of a unit: ``"clean"``, a foreign layer's number, ``"stray"`` or ``"floating"``."""
    column = unit.line.indent
    if unit.kind == "clean":
        return "stray" if _is_stray(unit, clean) else "clean"
    if not unit.first:
        at_home = [at for at, columns in enumerate(foreign) if _distance(column, columns) <= 1]
        return at_home[0] if at_home else "floating"
    distances = [(_distance(column, columns), at) for at, columns in enumerate(foreign)]
    nearest, at = min(distances, default=(10**6, -1))
    if unit.kind == "none":
        to_clean = _distance(column, clean)
        if min(nearest, to_clean) > _COLUMN_STEP and len(unit.line.text) <= 6:
            return "stray"
        if to_clean < nearest:
            return "clean"
    return at if at >= 0 else "clean"


def _distance(column: int, columns: Sequence[int]) -> int:
    return min((abs(column - other) for other in columns), default=10**6)


def _is_stray(unit: Unit, columns: Sequence[int]) -> bool:
    """Whether a clean stretch shares its line with another layer and begins outside its own margin."""
    return unit.first and unit.is_cut and bool(columns) and unit.line.indent < columns[0] - 2


def _edge(layer: Sequence[Unit]) -> int:
    """Where full lines of a layer end: four of five end at or before it."""
    ends = sorted(unit.line.indent + len(unit.line.text) for unit in layer)
    return ends[int(len(ends) * 0.8)] if ends else 0


def _overlong(layer: list[Unit], edge: int, others: Sequence[list[Unit]]) -> Iterator[Unit]:
    """Cut off what a line carries beyond its layer's margin, when another layer's text goes on with it."""
    for at in range(len(layer) - 1, -1, -1):
        line = layer[at].line
        if line.indent + len(line.text) <= _OVERLONG * edge or not any(others):
            continue
        following = layer[at + 1].line.text if at + 1 < len(layer) else ""
        gain, cut = max(_cuts(layer[at], edge, following, others), default=(0.0, 0))
        if gain > 0:
            yield layer[at]._replace(line=part(line, cut, len(line.text)), first=False)
            layer[at] = layer[at]._replace(line=part(line, 0, len(line.text[:cut].rstrip())))


def _cuts(unit: Unit, edge: int, following: str, others: Sequence[list[Unit]]) -> Iterator[tuple[float, int]]:
    """Every place to cut at, with what the reading gains by it."""
    text = unit.line.text
    known = continuity.model()
    whole = known.follows(text, following) if following else 0.0
    for at in known.boundaries(text):
        if not 0.5 * edge <= unit.line.indent + at <= _OVERLONG * edge:
            continue
        left, right = text[:at].rstrip(), text[at:].lstrip()
        own = (known.follows(left, following) if following else 0.0) - whole
        moved = unit._replace(line=unit.line._replace(text=right))
        gain, _ = max((_gains(moved, layer) for layer in others if layer), default=(-9.0, 0))
        yield own + gain - known.follows(left, right), at


def _place(unit: Unit, layers: list[list[Unit]]) -> None:
    """Put a floating unit where its layer reads best with it; where none does, it begins one."""
    found = [(*_gains(unit, layer), at) for at, layer in enumerate(layers) if layer]
    gain, position, at = max(found, default=(-_NEW_LAYER_PRICE, 0, 0))
    if gain <= -_NEW_LAYER_PRICE:
        layers.append([unit._replace(first=True)])
        return
    layer = layers[at]
    base = min((other.line.indent for other in layer if other.first), default=layer[0].line.indent)
    layer.insert(position, unit._replace(line=unit.line._replace(indent=base)))


def _gains(unit: Unit, layer: Sequence[Unit]) -> tuple[float, int]:
    """The best place for a unit near its row: what the layer's reading gains, and the place.

    Lines that were printed a little higher or lower come before or after the rest of
    their own line, so the places around the next line count too.
    """
    following = next((at for at, other in enumerate(layer) if other.row > unit.row), len(layer))
    places = [following]
    if following < len(layer) and layer[following].row - unit.row <= _FAR_ROWS:
        places.append(following + 1)
    return max((_gain(unit, layer, at), at) for at in places)


def _gain(unit: Unit, layer: Sequence[Unit], at: int) -> float:
    before = layer[at - 1].line.text if at else ""
    after = layer[at].line.text if at < len(layer) else ""
    text = unit.line.text
    nearest = min(abs(other.row - unit.row) for other in layer[max(0, at - 1) : at + 1])
    far = _FAR_PRICE * max(0, nearest - _FAR_ROWS)
    return glued.join(before, text) + glued.join(text, after) - glued.join(before, after) - far
