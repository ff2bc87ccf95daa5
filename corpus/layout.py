"""Lines of a page: where they begin, how wide they are, and which of them one paragraph wraps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from corpus import continuity, thai
from corpus.tracing import Traced

#: A page of paper holds no longer line; text with longer ones wraps nowhere.
_WIDEST_CELLS = 150
_NARROWEST_CELLS = 20
_FULL = 0.82
_FULL_SHARE = 0.5
_FULL_SHARE_INDENTED = 0.2
_SAME_INDENT_GAIN = 1.0
_PAIRS_ASKED = 12
_BASE_GAIN = 4.0
_NEW_GAIN = 4.0
_ITEM = re.compile(
    r"[-–—•●○▪■□◆◇*·✓➢➤►]\s*\S"
    r"|\(?[0-9๐-๙]{1,3}(?:\.[0-9๐-๙]{1,3})*\)"
    r"|[0-9๐-๙]{1,3}(?:\.[0-9๐-๙]{1,2})*\.(?:\s|(?=[ก-๎A-Za-z]))"
    r"|[0-9๐-๙]{1,2}(?:\.[0-9๐-๙]{1,2})+\s+(?!ล้าน|พัน|หมื่น|แสน|บาท|ไร่|ตัน|กิโล|เมตร|ตาราง|เปอร์เซ็นต์|เท่า|คน|แห่ง|ต่อ|และ|ถึง)"
    r"|\(?(?:[ก-ฮ]|[A-Za-z]|[ivx]{1,4})\)\s?"
)
_THAI = re.compile("[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e]")
_HYPHEN = re.compile("(?:[\u0e01-\u0e2e\u0e30-\u0e3a\u0e45\u0e47-\u0e4e]|[a-z])[-\u2010\u2011]$")
_OPENING = "(“‘[{<"
_CLOSING = ")”’]}>,.:;!?%"
_WORDS = re.compile("[^\\W_]")
_LINE = re.compile(r"[^\n]+")


class Line(NamedTuple):
    """A line without the spaces around it: its place in the page's text and on the paper."""

    start: int
    end: int
    indent: int
    cells: int
    blanks: int
    text: str

    @property
    def right(self) -> int:
        """The cell behind its last character."""
        return self.indent + self.cells


def lines_of(text: str) -> list[Line]:
    """The lines that hold anything, each with the number of blank lines above it."""
    lines: list[Line] = []
    blanks = -1
    at = 0
    for match in _LINE.finditer(text):
        blanks += match.start() - at
        at = match.end()
        raw = match[0]
        content = raw.strip(" ")
        if not content:
            continue
        indent = len(raw) - len(raw.lstrip(" "))
        start = match.start() + indent
        lines.append(Line(start, start + len(content), indent, thai.width(content), max(0, blanks), content))
        blanks = -1
    return lines


def part(line: Line, start: int, end: int) -> Line:
    """A part of a line's text as a line of its own, with its place on the paper."""
    text = line.text[start:end]
    return Line(
        line.start + start, line.start + end, line.indent + start, thai.width(text), line.blanks, text
    )


def is_item(text: str) -> bool:
    """Whether a line opens a list item, a numbered paragraph or a numbered heading."""
    return _ITEM.match(text) is not None


def paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """Group the lines of one column into paragraphs, list items and headings."""
    margin = Margin.of(lines)
    grouped: list[list[Line]] = []
    for line in lines:
        if grouped and continues(grouped[-1], line, margin):
            grouped[-1].append(line)
        else:
            grouped.append([line])
    return grouped


class Margin(NamedTuple):
    """What a column's lines have in common.

    ``right`` is the cell where full lines end, ``base`` the column where most begin,
    ``firsts`` are the columns where paragraphs' first lines begin, ``wrapped`` says
    whether lines break at a margin at all, ``indented`` whether the reader kept columns.
    """

    right: int
    base: int
    firsts: frozenset[int]
    wrapped: bool
    indented: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Margin:
        """Measure lines."""
        edges = sorted(line.right for line in lines if line.cells >= _NARROWEST_CELLS)
        if not edges:
            return cls(0, 0, frozenset(), wrapped=False, indented=False)
        right = edges[min(len(edges) - 1, int(len(edges) * 0.9))]
        full = sum(1 for edge in edges if edge >= right * _FULL)
        base = Counter(line.indent for line in lines).most_common(1)[0][0]
        firsts = _first_line_columns(lines, base)
        share = _FULL_SHARE_INDENTED if firsts else _FULL_SHARE
        wrapped = max(line.cells for line in lines) <= _WIDEST_CELLS and full >= share * len(edges)
        indented = any(line.indent > 3 for line in lines)
        return cls(right, base, firsts, wrapped and (indented or _read_on(lines, right)), indented)


def _read_on(lines: Sequence[Line], right: int) -> bool:
    """Whether full lines without any indent are continued by the next, and are no paragraphs of their own."""
    known = continuity.model()
    pairs = [(a.text, b.text) for a, b in pairwise(lines) if a.right >= right * _FULL and not b.blanks]
    step = max(1, len(pairs) // _PAIRS_ASKED)
    scores = [known.follows(a, b) - known.breaks(a, b) for a, b in pairs[::step]]
    return not scores or sum(scores) > 0


def _first_line_columns(lines: Sequence[Line], base: int) -> frozenset[int]:
    """Columns to the right of the base whose lines are mostly followed by a line at the base."""
    lead: Counter[int] = Counter()
    for line, following in pairwise(lines):
        if line.indent > base + 2:
            lead[line.indent] += 1 if abs(following.indent - base) <= 1 else -1
    return frozenset(column for column, count in lead.items() if count >= 0)


def continues(paragraph: Sequence[Line], line: Line, margin: Margin) -> bool:
    """Whether ``line`` goes on with the paragraph."""
    last = paragraph[-1]
    if _starts_with_mark(line.text):
        return True
    if _ITEM.match(line.text) or not _WORDS.search(line.text):
        return False
    if _breaks_word(last.text, line.text):
        return True
    if not margin.wrapped:
        return False
    if line.blanks > 2 or (line.blanks and not margin.indented):
        return False
    hangs = _ITEM.match(paragraph[0].text) is not None and line.indent > paragraph[0].indent + 2
    if line.indent in margin.firsts and not hangs:
        return False
    if last.right < margin.right * _FULL:
        return margin.indented and line.indent <= last.indent + 2 and _reads_on(last, line, margin)
    if not margin.indented and _reads_new(last.text, line.text):
        return False
    return line.indent <= last.indent + 2 or hangs


def _reads_new(before: str, after: str) -> bool:
    """Whether a full line is followed by what is clearly a new paragraph, where no indent says so."""
    known = continuity.model()
    new = known.breaks(before, after)
    return new > 0 and new - known.follows(before, after) > _NEW_GAIN


def _reads_on(last: Line, line: Line, margin: Margin) -> bool:
    """Whether a line goes on with one that stops short of the margin, e.g. beside a picture.

    Where first lines are set in, a line that is not goes on unless it reads quite otherwise.
    """
    known = continuity.model()
    gain = _BASE_GAIN if margin.firsts and line.indent == margin.base else _SAME_INDENT_GAIN
    return known.follows(last.text, line.text) + gain > known.breaks(last.text, line.text)


def _breaks_word(before: str, after: str) -> bool:
    """Whether the hyphen at a line's end only parts a word that the next line finishes."""
    return _HYPHEN.search(before) is not None and _same_script(before[-2], after[0])


def _same_script(last: str, first: str) -> bool:
    return (_THAI.match(last) is not None) == (_THAI.match(first) is not None) and first.isalpha() | (
        first >= "\u0e01"
    )


def _starts_with_mark(text: str) -> bool:
    return thai.width(text[0]) == 0 or text[0] in "ะาำๅ"


def runs(text: str, grouped: Sequence[Sequence[Line]]) -> Iterator[tuple[int, int, str]]:
    """The paragraphs as runs for ``Traced.rearrange``: lines joined, one line break between paragraphs."""
    previous: Line | None = None
    for paragraph in grouped:
        for position, line in enumerate(paragraph):
            end = line.end
            following = paragraph[position + 1] if position + 1 < len(paragraph) else None
            if previous is not None:
                joint = joiner(previous.text, line.text) if position else "\n"
                yield _between(text, previous, line, joint)
            if following is not None and _breaks_word(line.text, following.text):
                end -= 1
            yield line.start, end, text[line.start : end]
            previous = line


def _between(text: str, previous: Line, line: Line, joint: str) -> tuple[int, int, str]:
    """The joint, mapped to the white space that it stands for where the source has it there."""
    gap = text[previous.end : line.start] if previous.end <= line.start else "?"
    if joint and gap and not gap.strip():
        return previous.end, line.start, joint
    return line.start, line.start, joint


def joiner(before: str, after: str) -> str:
    """What stands between two lines of one paragraph: nothing inside Thai, else a space."""
    last, first = before[-1], after[0]
    if _starts_with_mark(after) or _breaks_word(before, after):
        return ""
    if last in _OPENING or first in _CLOSING or first == "ฯ" or first == "ๆ":
        return ""
    if (last in "/-–" and before[-2:-1] != " ") or first == "/":
        return ""
    return "" if _THAI.match(last) and _THAI.match(first) else " "


def flow(traced: Traced, blocks: Sequence[Sequence[Sequence[Line]]]) -> Traced:
    """Put the paragraphs of all blocks one after the other; the beginning of each further block is marked."""
    found = list(runs(traced.text, [paragraph for block in blocks for paragraph in block]))
    firsts = {block[0][0].start for block in blocks[1:] if block}
    marks: list[int] = []
    at = 0
    for start, end, text in found:
        if start in firsts and end > start and text != "\n":
            marks.append(at)
            firsts.discard(start)
        at += len(text)
    flowed = traced if _as_it_stands(found, traced.text) else traced.rearrange(found)
    return flowed.marked(marks)


def _as_it_stands(found: Sequence[tuple[int, int, str]], whole: str) -> bool:
    """Whether runs give the whole text in its own order, character by character."""
    at = 0
    for start, end, text in found:
        if start != at or not whole.startswith(text, start) or end - start != len(text):
            return False
        at = end
    return at == len(whole)
