"""Whose story a page tells: organisations, their headings, provinces, awards and years.

Four signs make a case, the first that speaks decides: the document's metadata, headings over the text,
the document's title, and one organisation that clearly dominates the text. Organisations that a text
only mentions in passing make none.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from corpus import awards, gazetteer, organisations
from corpus.headings import Heading, find_headings
from corpus.organisations import Mention, names_in
from corpus.records import Case, CaseSpan, Page

__all__ = ["find_cases", "names_in"]

_OTHER_KIND = "อื่น ๆ"
_PAGE_BREAK = "\n\n"
_TITLE_CHARS = 300
_HEADLINE_CHARS = 200
# A dominating organisation: mentions, their share of all, and characters of text to a mention.
_MIN_MENTIONS = 5
_MIN_SHARE = 0.7
_MAX_CHARS_PER_MENTION = 500
# The same for one that the text's own first line names.
_MIN_TITLED_MENTIONS = 3
_MAX_CHARS_PER_TITLED_MENTION = 1500
# Enough to take over from the story before it where a heading was lost.
_TAKEOVER_MENTIONS = 4

_PLACE = re.compile(
    r"[ \t\n]{0,2}\(?[ \t]*(?:(?:ตำบล|ต\.)[ \t]?[ก-๙]{2,25}[ \t]*)?(?:(?:อำเภอ|อ\.|เขต)[ \t]?(?P<district>[ก-๎\-]{2,25}?))?"
    r"[ \t\n]{0,2}(?:จังหวัด|จ\.)[ \t]?(?P<province>[ก-๎]{2,20}\.?)"
)
_DISTRICT = re.compile(
    r"[ \t\n]{0,2}\(?[ \t]*(?:(?:ตำบล|ต\.)[ \t]?[ก-๙]{2,25}[ \t]+)?(?:อำเภอ|อ\.)[ \t]?(?P<district>[ก-๎\-]{2,25})"
)
_PROVINCE = re.compile(r"(?:จังหวัด|จ\.)[ \t\n]?(?P<province>[ก-๎]{2,20})")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Text of one page between two headings; ``name`` is empty while nobody is known to own it."""

    page: Page
    start: int
    end: int
    name: str
    heading: str
    opened: bool

    @property
    def text(self) -> str:
        return self.page.text[self.start : self.end]


def find_cases(
    document_id: str, title: str, metadata: Mapping[str, str], pages: Sequence[Page]
) -> list[CaseSpan]:
    """Find the cases of one document and where each is told.

    Args:
        document_id: goes into the case's id, which is the same for the same name.
        title: the document's title; an organisation named in it owns what no heading claims.
        metadata: ``organisation`` makes the whole document one case; ``kind``, ``province``, ``district``,
            ``year_be`` and ``award`` are believed before the text.
        pages: all pages of the document, ascending by number.

    Returns:
        Spans that ascend by page and offset and never overlap.

    """
    stated = metadata.get("organisation") or metadata.get("organization")
    if stated:
        kind, place = organisations.parse(stated) or ("", "")
        name = kind + place or " ".join(stated.split())
        heading = title if title != document_id else ""
        stretches = [_Stretch(page, 0, len(page.text), name, heading, True) for page in pages]
    else:
        stretches = _told(title, pages)
    owned = [stretch for stretch in stretches if stretch.name and stretch.text.strip()]
    return _spans(document_id, title, metadata, owned)


def _told(title: str, pages: Sequence[Page]) -> list[_Stretch]:
    """Cut the pages at headings and find who owns each stretch."""
    by_page = _mentions(title, pages)
    found: list[_Stretch] = []
    titled = _titled(title, by_page)
    for run in _consecutive(pages):
        found += _owners(_cut(run, by_page), titled, title)
    return found


def _mentions(title: str, pages: Sequence[Page]) -> dict[int, list[Mention]]:
    """Find each page's mentions, reading names as the whole document writes them."""
    text = _PAGE_BREAK.join(page.text for page in pages)
    found = iter(organisations.mentions(text, names_in(title[:_TITLE_CHARS])))
    by_page: dict[int, list[Mention]] = {}
    base = 0
    mention = next(found, None)
    for page in pages:
        own = by_page.setdefault(page.number, [])
        while mention is not None and mention.start < base + len(page.text):
            if mention.end <= base + len(page.text):
                own.append(replace(mention, start=mention.start - base, end=mention.end - base))
            mention = next(found, None)
        base += len(page.text) + len(_PAGE_BREAK)
    return by_page


def _titled(title: str, by_page: Mapping[int, list[Mention]]) -> str:
    """Give the one organisation that the title names and the text confirms."""
    names = [name for name in names_in(title[:_TITLE_CHARS]) if name not in organisations.KINDS]
    told = {mention.name for own in by_page.values() for mention in own}
    return names[0] if len(names) == 1 and names[0] in told else ""


def _consecutive(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """Group pages whose numbers follow one another: only these can continue a story."""
    for _, run in groupby(enumerate(pages), key=lambda item: item[1].number - item[0]):
        yield [page for _, page in run]


def _cut(run: Sequence[Page], by_page: Mapping[int, list[Mention]]) -> list[tuple[_Stretch, list[Mention]]]:
    """Cut consecutive pages at their headings; a page that opens without one continues the last."""
    cut = []
    current: Heading | None = None
    label = ""
    for page in run:
        own = by_page[page.number]
        places = [mention.start for mention in own]
        start = 0
        headings = find_headings(page.text, own, current)
        for heading, end in zip(
            [None, *headings], [*(h.start for h in headings), len(page.text)], strict=True
        ):
            if heading is not None:
                start, current, label = heading.start, heading, _label(page.text, heading)
            inside = own[bisect_left(places, start) : bisect_left(places, end)]
            name = current.name if current is not None else ""
            stretch = _Stretch(page, start, end, name, label if name else "", current is not None)
            cut.append((stretch, inside))
    return [(stretch, inside) for stretch, inside in cut if stretch.text.strip()]


def _label(text: str, heading: Heading) -> str:
    """Make a heading as people cite it: its number and the organisation, on one line."""
    return " ".join(text[heading.start : heading.end].replace("#", " ").split())


def _owners(cut: list[tuple[_Stretch, list[Mention]]], titled: str, title: str) -> list[_Stretch]:
    """Give an owner to the stretches that no heading claims, and to pages that another one took over."""
    unclaimed = [item for item in cut if not item[0].opened]
    if titled:
        default = titled
    else:
        default = _dominating([m for _, own in unclaimed for m in own], [s for s, _ in unclaimed], title)
    owned: list[_Stretch] = []
    last = ""
    for stretch, own in cut:
        name = stretch.name
        if not stretch.opened:
            name = default or _dominating(own, [stretch], title) or last
            last = name
        elif name and not titled and stretch.start == 0:
            name = _taken_over(name, stretch, own) or name
        heading = stretch.heading if name == stretch.name else ""
        owned.append(replace(stretch, name=name, heading=heading))
    return owned


def _dominating(own: Iterable[Mention], stretches: Sequence[_Stretch], title: str) -> str:
    """Give the organisation that clearly dominates, empty when none does.

    A page that states an award in its header comes from a collection of stories: there, the only
    organisation named is the page's own even if it is named once.
    """
    counts = Counter(mention.name for mention in own if mention.place)
    if not counts:
        return ""
    name, count = counts.most_common(1)[0]
    chars = sum(len(stretch.text) for stretch in stretches)
    if len(counts) == 1 and _is_report(stretches, title) and count * 6000 >= chars:
        return name
    titled = name in names_in(_first_line(stretches[0].text))
    least, reach = (
        (_MIN_TITLED_MENTIONS, _MAX_CHARS_PER_TITLED_MENTION)
        if titled
        else (_MIN_MENTIONS, _MAX_CHARS_PER_MENTION)
    )
    clear = count >= least and count >= _MIN_SHARE * counts.total()
    return name if clear and count * reach >= chars else ""


def _first_line(text: str) -> str:
    """Give the line that opens a text like a headline; empty when it is a paragraph."""
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= _HEADLINE_CHARS < len(text) else ""


def _is_report(stretches: Sequence[_Stretch], title: str) -> bool:
    lines = [title, *(line for stretch in stretches for line in stretch.page.dropped)]
    return awards.stated(lines).name is not None


def _taken_over(current: str, stretch: _Stretch, own: Sequence[Mention]) -> str:
    """Find another organisation that fills a continued page where the heading between them was lost."""
    if any(mention.name == current for mention in own) or _opens_with_heading(stretch):
        return ""
    counts = Counter(mention.name for mention in own if mention.place)
    if not counts:
        return ""
    name, count = counts.most_common(1)[0]
    return name if count >= _TAKEOVER_MENTIONS and count >= 0.8 * counts.total() else ""


def _opens_with_heading(stretch: _Stretch) -> bool:
    opening = " ".join(stretch.text[: len(stretch.heading) + 20].replace("#", " ").split())
    return bool(stretch.heading) and opening.startswith(stretch.heading)


def _spans(
    document_id: str, title: str, metadata: Mapping[str, str], owned: Sequence[_Stretch]
) -> list[CaseSpan]:
    """Make the case of each organisation once, from all it owns, and the spans of each."""
    by_name: dict[str, list[_Stretch]] = {}
    for stretch in owned:
        by_name.setdefault(stretch.name, []).append(stretch)
    cases = {
        name: _case(document_id, title, metadata, name, stretches, alone=len(by_name) == 1)
        for name, stretches in by_name.items()
    }
    return [
        CaseSpan(cases[stretch.name], stretch.page.number, stretch.start, stretch.end, stretch.heading)
        for stretch in owned
    ]


def _case(
    document_id: str,
    title: str,
    metadata: Mapping[str, str],
    name: str,
    stretches: Sequence[_Stretch],
    *,
    alone: bool,
) -> Case:
    kind, place = organisations.parse(name) or (metadata.get("kind", "") or _OTHER_KIND, "")
    stated = metadata.get("province") if alone else None
    province = (gazetteer.province(stated) or stated) if stated else None
    if alone and province is None and metadata.get("district"):
        province = gazetteer.province_of_district(metadata["district"])
    award = _award(title, metadata, stretches)
    return Case(
        case_id=hashlib.sha256(f"{document_id}\0{name}".encode()).hexdigest()[:16],
        name=name,
        kind=kind,
        province=province or _province(kind, place, stretches),
        year_be=award.year_be,
        award=award.name,
    )


def _award(title: str, metadata: Mapping[str, str], stretches: Sequence[_Stretch]) -> awards.Award:
    """Find award and year: metadata, then page headers and title, then what the story says it received."""
    headers = [line for stretch in stretches for line in stretch.page.dropped]
    stated = awards.stated([*headers, title, *(stretch.heading for stretch in stretches)])
    found = stated if stated.name else awards.received("\n\n".join(stretch.text for stretch in stretches))
    name = metadata.get("award") or found.name
    year = awards.year_be(metadata.get("year_be", "")) or found.year_be or stated.year_be
    return awards.Award(name, year)


def _province(kind: str, place: str, stretches: Sequence[_Stretch]) -> str | None:
    """Find the province: stated behind the name, else settled by the name, else named beside an ambiguous one."""
    votes: Counter[str] = Counter()
    named: set[str] = set()
    for stretch in stretches:
        for end in _ends_of(kind, place, stretch.text):
            votes.update(_place_after(stretch.text, end))
        named.update(filter(None, (_known_province(m["province"]) for m in _PROVINCE.finditer(stretch.text))))
    if votes:
        return votes.most_common(1)[0][0]
    settled = gazetteer.province_of_organisation(kind, place)
    if settled or not place:
        return settled
    both = gazetteer.possible_provinces(place) & named
    return next(iter(both)) if len(both) == 1 else None


def _ends_of(kind: str, place: str, text: str) -> list[int]:
    name = kind + place
    return [m.end for m in organisations.mentions(text, [name]) if m.name == name]


def _place_after(text: str, end: int) -> list[str]:
    """Read the province that stands right behind a name: (ต.… อ.… จ.ชลบุรี), อำเภอสารภี จังหวัดเชียงใหม่."""
    window = text[end : end + 160]
    place = _PLACE.match(window)
    if place:
        province = _known_province(place["province"])
        return [province] if province else []
    district = _DISTRICT.match(window)
    found = gazetteer.province_of_district(district["district"]) if district else None
    return [found] if found else []


def _known_province(text: str) -> str | None:
    """Give the province that a run of letters opens with, the longest name first."""
    for end in range(len(text), 1, -1):
        found = gazetteer.province(text[:end])
        if found:
            return found
    return None
