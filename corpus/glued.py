"""Lines in which two layers meet: what encoding a stretch has, and where one ends and the other begins."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from corpus import alignment, continuity, thai
from corpus.alignment import Letters
from corpus.layout import Line, is_item, part

#: A clean text sets tone marks on bare consonants; an old font's encoding needs a lowered glyph there.
_CLEAN_MARK = re.compile("(?<=[\u0e01-\u0e2e])[\u0e48-\u0e4c]|(?<=[\u0e38\u0e39])[\u0e48-\u0e4c]|\u0e33")
_APART = re.compile("\u0e4d[\u0e48-\u0e4b]?\u0e32")
#: No Thai text has these: a vowel behind a syllable that is complete, a mark behind a space after a mark.
_IMPOSSIBLE = re.compile(
    "(?<=[\u0e31\u0e34-\u0e37][\u0e48-\u0e4b])(?=[\u0e30\u0e32\u0e33])"
    "|(?<=[\u0e48-\u0e4e]) +(?=[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"
)
_BARE_LETTERS = 30
_EDGE_GAIN = 6.0
_LETTERS_PER_GAIN = 4
_SPACE_GAIN = 1.5
_PARAGRAPH_PRICE = 1.5
_ITEM_GAIN = 2.0
_ITEM_EDGE_GAIN = 3.0
_ITEM_END = re.compile(r"(?:^|\s)\(?[0-9๐-๙]{1,3}[.)]$")


class Unit(NamedTuple):
    """A stretch of a line that belongs to one layer.

    ``first`` when it begins its line, ``is_cut`` when its line was cut inside;
    ``kind`` is ``"clean"``, ``"glyph"``, ``"mixed"``, ``"bare"`` (long, yet
    without one clean mark) or ``"none"``.
    """

    line: Line
    row: int
    first: bool
    kind: str
    is_cut: bool = False


def is_bare(text: str) -> bool:
    """Whether a long line holds not one mark that only a clean text has."""
    return _CLEAN_MARK.search(text) is None and len(Letters.of(text).letters) >= _BARE_LETTERS


def kind_of(line: Line, marked: Sequence[int]) -> str:
    """Name the encoding of a line, by its marks; ``marked``: where glyph positions stood, ascending."""
    kinds = {kind for _, kind in _evidence(line, marked)}
    if len(kinds) == 2:
        return "mixed"
    if kinds:
        return kinds.pop()
    return "bare" if len(Letters.of(line.text).letters) >= _BARE_LETTERS else "none"


def _evidence(line: Line, marked: Sequence[int]) -> list[tuple[int, str]]:
    """Places in a line that only one encoding can have, ascending."""
    text = line.text
    glyphs = {
        at - line.start for at in marked[bisect_left(marked, line.start) : bisect_left(marked, line.end)]
    }
    found = [(at, "glyph") for at in glyphs]
    found += [(match.start(), "glyph") for match in _APART.finditer(text)]
    found += [(match.start(), "clean") for match in _CLEAN_MARK.finditer(text) if match.start() not in glyphs]
    return sorted(found)


def possible_stretches(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Cut ``text[start:]`` where two of its characters cannot stand side by side."""
    for match in _IMPOSSIBLE.finditer(text, start + 1):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def split_mixed(unit: Unit, marked: Sequence[int], *, clean: str, foreign: str) -> Iterator[Unit]:
    """Cut a unit where its encoding changes; other units come back as they are.

    Args:
        unit: what to cut.
        marked: where glyph positions stood in the page's text.
        clean: the letters of all clean lines, to know a copy's edges by.
        foreign: the letters of all lines in glyph encoding, likewise.

    """
    if unit.kind != "mixed":
        yield unit
        return
    line, start = unit.line, 0
    edges = _edges(line.text, clean, foreign)
    evidence = _evidence(line, marked)
    for (low, before), (high, after) in pairwise(evidence):
        if before != after:
            cut = _best_cut(line.text, low + 1, high, edges)
            yield _cut_off(unit, start, cut, before)
            start = cut
    yield _cut_off(unit, start, len(line.text), evidence[-1][1])


def _cut_off(unit: Unit, start: int, end: int, kind: str) -> Unit:
    text = unit.line.text
    while end > start and text[end - 1] == " ":
        end -= 1
    while start < end and text[start] == " ":
        start += 1
    return Unit(part(unit.line, start, end), unit.row, unit.first and start == 0, kind, is_cut=True)


def _edges(text: str, *others: str) -> dict[int, float]:
    """Where stretches that another text holds too begin and end, with how much that tells."""
    letters = Letters.of(text)
    found: dict[int, float] = {}
    for run in (run for other in others for run in alignment.runs(letters.letters, other)):
        end = run.start + run.length
        gain = min(_EDGE_GAIN, run.length / _LETTERS_PER_GAIN)
        for at in (
            letters.places[run.start],
            letters.places[end] if end < len(letters.places) else len(text),
        ):
            found[at] = max(gain, found.get(at, 0.0))
    return found


def _best_cut(text: str, low: int, high: int, edges: dict[int, float]) -> int:
    """The likeliest boundary behind ``low`` and not behind ``high``."""
    known = continuity.model()
    places = {at for at in [*edges, *known.boundaries(text)] if low <= at <= high and at < len(text)}
    places |= {match.end() for match in re.finditer(" +", text) if low <= match.end() <= high}

    def score(at: int) -> float:
        left, right = text[:at].rstrip(), text[at:]
        gain = edges.get(at, 0.0) + _SPACE_GAIN * (text[at - 1] == " ")
        gain += _ITEM_EDGE_GAIN * (is_item(right) - (_ITEM_END.search(left) is not None))
        gain -= _EDGE_GAIN * (thai.width(right[0]) == 0)
        return gain - known.follows(left, right)

    return max(sorted(places), key=score, default=high)


def join(before: str, after: str) -> float:
    """How well one line stands behind another: as its continuation, or as a new paragraph."""
    if not before or not after:
        return 0.0
    known = continuity.model()
    new = known.breaks(before, after) - _PARAGRAPH_PRICE + (_ITEM_GAIN if is_item(after) else 0.0)
    return max(known.follows(before, after), new)
