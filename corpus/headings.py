"""Headings that open or close an organisation's story: ``3.6 เทศบาลตำบลบ้านบึง (… จ.ชลบุรี):``."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpus.organisations import Mention

_DIGIT = "0-9๐-๙"
_PREFIX = re.compile(
    rf"[ \t]*(?:(?P<hash>#{{1,6}})[ \t]+)?"
    rf"(?P<number>(?:บทที่[ \t]*|ข้อ(?:ที่)?[ \t]*)?\(?[{_DIGIT}]{{1,3}}(?:\.[{_DIGIT}]{{1,3}})*[.)]?[ \t]*)?"
    r"(?P<lead>กรณี(?:ศึกษา|ตัวอย่าง)?(?:ที่)?[ \t]*(?:[0-9๐-๙]{1,3})?[ \t]*[:.\-–]?[ \t]*(?:ของ)?|ผลงาน(?:ของ)?[ \t]*)?"
)
# What may follow the name in a heading: nothing, a bracket, a colon, a dash, its place.
_TAIL = re.compile(r"[ \t]*(?:$|[(:：–—-]|(?:จังหวัด|อำเภอ|ตำบล|จ\.|อ\.|ต\.))")
_ALONE = re.compile(
    r"[ \t]*(?:\([^()\n]{0,90}\))?[ \t]*(?:(?:ตำบล|ต\.)[ \t]?\S+)?[ \t]*(?:(?:อำเภอ|อ\.)[ \t]?\S+)?"
    r"[ \t]*(?:(?:จังหวัด|จ\.)[ \t]?\S+)?[ \t]*[:：]?[ \t]*$"
)
_MARKED = re.compile(r"^[ \t]*(?P<hash>#{1,6})[ \t]+[^\n]*$", re.MULTILINE)
_NUMBERED = re.compile(
    rf"^[ \t]*(?P<number>[{_DIGIT}]{{1,3}}(?:\.[{_DIGIT}]{{1,3}})+)[.)]?[ \t]+(?=[ก-ฮเ-ไA-Za-z“\"])",
    re.MULTILINE,
)
_BACK_MATTER = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+)?(?:บทที่[ \t]*[0-9๐-๙]+|บรรณานุกรม|ภาคผนวก|เอกสารอ้างอิง|กิตติกรรมประกาศ|สารบัญ|ประวัติผู้(?:วิจัย|เขียน))"
    r"[^\n]{0,80}$",
    re.MULTILINE,
)


_TAIL_CHARS = 300


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading line: ``start`` and ``end`` of what names the case; ``name`` is empty where a case ends.

    ``level`` counts ``#``, ``number`` holds the parts of 3.6; ``sure`` ones need no text beneath them.
    """

    start: int
    end: int
    name: str
    level: int = 0
    number: tuple[int, ...] = ()
    sure: bool = False


def find_headings(text: str, mentions: Iterable[Mention], before: Heading | None = None) -> list[Heading]:
    """List the headings of organisations and the lines that end a story, in order of their place.

    ``before`` is the heading whose story runs on from the page before, if any.
    """
    opening = {heading.start: heading for heading in _opening(text, mentions)}
    closing = {heading.start: heading for heading in _closing(text) if heading.start not in opening}
    ordered = sorted((opening | closing).values(), key=lambda heading: heading.start)
    in_force = _in_force(ordered, before)
    return _with_text(text, in_force) if in_force else []


def _opening(text: str, mentions: Iterable[Mention]) -> Iterator[Heading]:
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    lines: dict[int, list[Mention]] = {}
    for mention in mentions:
        lines.setdefault(bisect_right(starts, mention.start) - 1, []).append(mention)
    for line, named in lines.items():
        start, end = starts[line], starts[line + 1] - 1 if line + 1 < len(starts) else len(text)
        found = _read(text, start, end, named[0]) if named[0].place else None
        # A marked line may name its organisation anywhere, but only one.
        anywhere = found is not None and found.end != named[0].end
        if found and not (anywhere and len({mention.name for mention in named}) > 1):
            yield found


def _read(text: str, line: int, line_end: int, mention: Mention) -> Heading | None:
    """Read the line of a mention as a heading, ``None`` when it is ordinary text."""
    tail = text[mention.end : min(line_end, mention.end + _TAIL_CHARS)]
    prefix = _PREFIX.fullmatch(text, line, mention.start)
    if prefix is None:
        marked = _MARKED.match(text, line)
        level = len(marked["hash"]) if marked else 0
        return Heading(line, line + len(marked[0]), mention.name, level, (), True) if marked else None
    number = parts(prefix["number"] or "")
    level = len(prefix["hash"] or "")
    if level or len(number) > 1:
        return Heading(line, mention.end, mention.name, level, number, True)
    if prefix["lead"] or number:
        if not _TAIL.match(tail):
            return None
        return Heading(line, mention.end, mention.name, 0, number, bool(prefix["lead"]))
    return Heading(line, mention.end, mention.name) if _ALONE.match(tail) else None


def parts(number: str) -> tuple[int, ...]:
    """Split a heading's number: ``"3.6"`` gives (3, 6); Thai digits count."""
    return tuple(int(part) for part in re.findall(rf"[{_DIGIT}]+", number))


def _closing(text: str) -> Iterator[Heading]:
    for marked in _MARKED.finditer(text) if "#" in text else ():
        yield Heading(marked.start(), marked.end(), "", len(marked["hash"]))
    for numbered in _NUMBERED.finditer(text):
        yield Heading(numbered.start(), numbered.end(), "", 0, parts(numbered["number"]))
    for back in _BACK_MATTER.finditer(text):
        yield Heading(back.start(), back.end(), "", 1, (), True)


def _in_force(headings: Iterable[Heading], before: Heading | None) -> list[Heading]:
    """Drop what lies inside a story: deeper headings, and lines that only repeat its organisation."""
    kept: list[Heading] = []
    current = before
    for heading in headings:
        story = current is not None and bool(current.name)
        if story and current is not None and _inside(heading, current):
            continue
        if not heading.name and not heading.sure and not story:
            continue  # nothing is open that this line could end
        kept.append(heading)
        current = heading
    return kept


def _inside(heading: Heading, current: Heading) -> bool:
    if heading.name == current.name:
        return True
    if current.level and heading.level:
        return heading.level > current.level
    if len(current.number) > 1 and heading.number:
        if heading.name:
            return len(heading.number) != len(current.number)
        return not _follows(heading.number, current.number)
    return not heading.name and not heading.sure


def _follows(number: tuple[int, ...], current: tuple[int, ...]) -> bool:
    """Tell whether 3.7 or 4.1 comes after 3.6 as its sibling or later; 3.6.1, 2.5 and 3 do not."""
    return len(number) == len(current) and current < number and number[0] - current[0] <= 1


def _with_text(text: str, headings: list[Heading]) -> list[Heading]:
    """Keep headings that a story follows; a mere list of organisations has lines, not stories."""
    ends = [heading.start for heading in headings[1:]] + [len(text)]
    kept: list[Heading] = []
    in_list = False
    for heading, end in zip(headings, ends, strict=True):
        short = not heading.sure and bool(heading.name) and end - heading.end < 160
        if not heading.name or heading.sure or not (short or in_list):
            kept.append(heading)
        in_list = short
    return kept
