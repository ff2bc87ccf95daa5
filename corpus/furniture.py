"""Lines of a page that are not its text: viewer lines, page numbers, running titles, breadcrumbs.

They stand at the top or the bottom, so lines are peeled from both ends, and only
as long as they look like furniture. What is peeled is kept: the award and the year
of a report often stand nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from corpus.layout import Line

_NUMBER = "[0-9๐-๙]{1,5}"
_VIEWER = re.compile(r"Page +\d{1,6} +- +\S.*|P\. ?\d{1,6}")
_PAGE_NUMBER = re.compile(
    rf"(?:[-–—|•·(\[\s]*(?:หน้า(?:ที่)?|[Pp]age|[Pp]\.)?\s*{_NUMBER}(?:\s*(?:/|of|จาก)\s*{_NUMBER})?[-–—|•·)\]\s]*)"
    r"|[-–—\s]*[ivxlcIVXLC]{1,6}[-–—\s]*"
)
_NUMBER_ROW = re.compile(rf"{_NUMBER}(?:\s+{_NUMBER})+")
_STRAY = re.compile("[ก-๎A-Za-z]{1,2}|[-–—_=.·•*|~ ]+")
_BREADCRUMB = re.compile(r"(?:หน้าแรก|หน้าหลัก|[Hh]ome)\s*[>»›/|].*|\S.*[>»›]\s*")
_POSTED = re.compile(
    r"(?:ลงประกาศเมื่อ|วันที่ลงประกาศ|วันที่เผยแพร่|ปรับปรุงล่าสุด(?:เมื่อ)?|[Ll]ast updated)\s*:?\s*[0-9๐-๙][^\n]{0,60}"
    r"|แหล่งที่มา\s*:?\s*[-–]?"
)
_AWARD_YEAR = re.compile(r".{0,60}\S\s*[’'‘`´]\s*[0-9๐-๙]{2}")
_REPORT = re.compile(
    r"(?:\(?ร่าง\)?\s*)?(?:รายงาน(?:วิจัย|ผล|ประจำปี|การ|ฉบับ|สรุป|ความ)|เอกสารประกอบ|คู่มือ|วารสาร|จดหมายข่าว|สรุปผล)"
    r".{0,140}(?:ฉบับสมบูรณ์|(?:ประจำปี|ปี|พ\.ศ\.|งบประมาณ)\s*(?:พ\.ศ\.\s*)?[0-9๐-๙]{4})\S{0,2}"
)
_TITLE_MAX_CHARS = 160


def peel(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Part the lines into text and furniture, each in order of the page."""
    low, high = 0, len(lines)
    body = sum(1 for line in lines if line.cells > 20)
    while low < high and _is_top(lines[low], _next(lines, low, high), body):
        low += 1
    while high > low and _is_bottom(lines[high - 1], body):
        high -= 1
    return list(lines[low:high]), [*lines[:low], *lines[high:]]


def _next(lines: Sequence[Line], at: int, end: int) -> Line | None:
    return lines[at + 1] if at + 1 < end else None


def _is_top(line: Line, following: Line | None, body: int) -> bool:
    text = line.text
    if _is_number(text) or (body and _is_stray(text)) or _VIEWER.fullmatch(text):
        return True
    if _BREADCRUMB.fullmatch(text) and len(text) <= _TITLE_MAX_CHARS and line.cells < 100:
        return True
    return body > 2 and following is not None and _is_running_title(text)


def _is_bottom(line: Line, body: int) -> bool:
    text = line.text
    if _is_number(text) or (body and _is_stray(text)) or _POSTED.fullmatch(text):
        return True
    return body > 2 and _is_running_title(text)


def _is_number(text: str) -> bool:
    if len(text) > _TITLE_MAX_CHARS:
        return False
    return _PAGE_NUMBER.fullmatch(text) is not None or _NUMBER_ROW.fullmatch(text) is not None


def _is_stray(text: str) -> bool:
    """A letter or a rule that stands alone; on a page without any text they are all there is, and stay."""
    return len(text) <= _TITLE_MAX_CHARS and _STRAY.fullmatch(text) is not None


def _is_running_title(text: str) -> bool:
    """An award with its short year, also twice on a spread, or the title of a report with its year."""
    if len(text) > _TITLE_MAX_CHARS:
        return False
    return _AWARD_YEAR.fullmatch(text) is not None or _REPORT.fullmatch(text) is not None
