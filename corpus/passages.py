"""Cutting a cleaned page into passages at clause boundaries.

A passage is a slice of the page, about 300 to 700 characters long, that starts
and ends on visible text, never inside a grapheme cluster, a block, a case or
across a marked heading (``## …``), which becomes the passage's heading instead.
Thai puts spaces between clauses, not words, so a space is a candidate cut; how
good a cut it is follows from what stands around it (own rules, linear time).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

import regex

from corpus.records import CaseSpan, Page, Passage

MIN_CHARS = 300
TARGET_CHARS = 480
MAX_CHARS = 700

_GAP = re.compile(r"\s+")
_ABBREVIATION = re.compile(
    r"(?:(?:^|[\s(])(?:[ก-ฮ]{1,4}\.)+|พ\.ศ\.|ค\.ศ\.|ร\.ศ\.|[A-Z]\.|(?:No|Dr|Mr|Mrs|Ms|vs|etc)\.)$"
)
_LIST_ITEM = re.compile(r"(?:\(?[0-9๐-๙]{1,3}(?:\.[0-9๐-๙]+)*[.)]|[-•*▪–])\s*\S")
_CONNECTIVE = re.compile(
    r"(?:นอกจาก|ทั้งนี้|อย่างไรก็|ดังนั้น|เนื่องจาก|สำหรับ|ในส่วน|ส่วน|ขณะที่|ต่อมา|จากนั้น|อีกทั้ง|รวมทั้ง|ตลอดจน"
    r"|ซึ่ง|โดย|เพื่อ|และ|แต่|เพราะ|เมื่อ|หาก|ถ้า|จึง|หลังจาก|ด้าน|พร้อม)"
)
_NUMBER = re.compile(r"[0-9๐-๙]$")
_ENDS = ("ๆ", "”", '"', ")", "ฯ", "ครับ", "ค่ะ", "แล้ว", ".", "!", "?", "…")
_MARKED_HEADING = re.compile(r"^#{1,6} +(?P<title>\S[^\n]*?)[ #]*$", re.MULTILINE)
_DISTANCE = itemgetter(0)
_CLUSTER = regex.compile(r"\X")
#: Joins the character before it into one cluster, a space too.
_EXTENDS = regex.compile(r"[\p{Grapheme_Cluster_Break=Extend}\p{Grapheme_Cluster_Break=SpacingMark}\u200d]")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a page that one case and one block own: [start, end)."""

    start: int
    end: int
    case_id: str | None
    heading: str


def split(
    page: Page, spans: Sequence[CaseSpan], document_id: str, default_heading: str = ""
) -> list[Passage]:
    """Cut one page; ``spans`` are the cases of the whole document, those of other pages are ignored.

    ``page.text[p.start:p.end] == p.text`` holds for every passage; passages ascend and never overlap.
    """
    passages: list[Passage] = []
    seen: dict[str, int] = {}
    for stretch in _stretches(page, spans, default_heading):
        for start, end in _cut(page.text, stretch.start, stretch.end):
            text = page.text[start:end]
            occurrence = seen.get(text, 0)
            seen[text] = occurrence + 1
            passages.append(
                Passage(
                    passage_id=passage_id(document_id, page.number, text, occurrence),
                    document_id=document_id,
                    page=page.number,
                    case_id=stretch.case_id,
                    heading=stretch.heading,
                    text=text,
                    start=start,
                    end=end,
                )
            )
    return passages


def passage_id(document_id: str, page: int, text: str, occurrence: int) -> str:
    """Stable id: 16 hex digits over document, page, cleaned text and occurrence on the page."""
    key = "\x1f".join((document_id, str(page), text, str(occurrence)))
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


def _stretches(page: Page, spans: Sequence[CaseSpan], default_heading: str) -> Iterator[_Stretch]:
    here = [span for span in spans if span.page == page.number]
    marked = _MARKED_HEADING.finditer(page.text) if "#" in page.text else ()
    headings = {found.start(): found for found in marked}
    cuts = {0, len(page.text), *page.blocks, *headings}
    for span in here:
        cuts |= {span.start, span.end}
    marks = sorted(cut for cut in cuts if 0 <= cut <= len(page.text))
    section = ""
    for start, end in pairwise(marks):
        owner = next((span for span in here if span.start <= start and end <= span.end), None)
        heading = (owner.heading if owner else "") or default_heading
        if start in headings:
            section = headings[start]["title"]
            start = min(headings[start].end(), end)  # noqa: PLW2901 - the heading's line is no text of its own
        case_id = owner.case.case_id if owner else None
        yield _Stretch(start, end, case_id, section or heading)


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Greedy cuts: in each window the best boundary, by kind and by nearness to the target."""
    start, end = _strip(text, start, end)
    while start < end:
        rest = end - start
        if rest <= MAX_CHARS:
            yield start, end
            return
        limit = rest - MIN_CHARS // 2 if rest < 2 * MAX_CHARS else rest  # leave no crumb behind
        cut = _best_cut(text, start, min(start + MAX_CHARS, start + limit))
        piece = _strip(text, start, cut)
        if piece[0] < piece[1]:
            yield piece
        start, _ = _strip(text, cut, end)


_CHEAPEST_IN_LINE = 2.0
"""What a gap within a line costs at least."""


def _best_cut(text: str, start: int, latest: int) -> int:
    """The cheapest gap, the first of equals; those near the target are weighed first, so that few are weighed at all."""
    low = start + MIN_CHARS
    gaps = [(abs(gap.start() - start - TARGET_CHARS) / 40, gap) for gap in _GAP.finditer(text, low, latest)]
    gaps.sort(key=_DISTANCE)
    best, best_cost = -1, float("inf")
    for distance, gap in gaps:
        if distance > best_cost:
            break  # no gap costs less than nothing
        if distance + _CHEAPEST_IN_LINE > best_cost and "\n" not in gap.group():
            continue
        cost = _gap_cost(text, gap) + distance
        if cost < best_cost or (cost == best_cost and gap.start() < best):
            best, best_cost = gap.start(), cost
    if best >= 0:
        return best
    early = [gap.start() for gap in _GAP.finditer(text, start + MIN_CHARS // 3, low)]
    return early[-1] if early else _cluster_cut(text, start, latest)


def _gap_cost(text: str, gap: re.Match[str]) -> float:
    """Lower is a better place to cut; a newline 0, a space inside a phrase about 10."""
    if "\n" in gap.group():
        return 0.0
    before = text[max(0, gap.start() - 12) : gap.start()]
    after = text[gap.end() : gap.end() + 16]
    if before.endswith(".") and _ABBREVIATION.search(before):
        return 30.0
    if _LIST_ITEM.match(after):
        return 2.0
    if _NUMBER.search(before) or after[:1].isdigit():
        return 14.0  # a number belongs to its unit
    cost = 9.0
    if _CONNECTIVE.match(after):
        cost -= 4.0
    if before.endswith(_ENDS):
        cost -= 2.0
    return cost


def _cluster_cut(text: str, start: int, latest: int) -> int:
    """No white space in sight: the last grapheme boundary before ``latest``."""
    cut = start
    for cluster in _CLUSTER.finditer(text, start, min(len(text), latest + 32)):
        if cluster.end() > latest and cut > start:
            break
        cut = cluster.end()
    return cut


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace() and not _EXTENDS.match(text, start + 1):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
