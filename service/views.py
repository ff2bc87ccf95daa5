"""What the pages show, worked out from the engine's values before a template sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from corpus.records import Page
from index.engine import Engine
from index.hits import Answer, FoundPassage, SearchResult, page_url
from service.marking import Segment, layout_spans, segments, whole_clusters, window
from service.schemas import SearchRequest
from service.source_map import source_spans

FACETS = ("province", "year_be", "kind", "award", "document_id", "case_id")
_CONTEXT_CHARS = 140
_SHOWN_VALUES = 5
_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_PRIVATE = range(0xE000, 0xF900)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is being served, for the line that says so."""

    documents: int
    cases: int
    passages: int
    generation: str
    encoder: str


def corpus_of(engine: Engine) -> Corpus:
    """Counts as of the serving generation."""
    store = engine.store
    return Corpus(
        documents=store.count("documents"),
        cases=store.count("cases"),
        passages=store.count("passages"),
        generation=engine.generation,
        encoder=engine.encoder.name,
    )


@dataclass(frozen=True, slots=True)
class FilterLink:
    """A filter's value, what to call it, how many hits have it, and the address that sets or drops it."""

    facet: str
    value: str
    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter's values: some in sight, the rest folded away."""

    name: str
    shown: tuple[FilterLink, ...]
    rest: tuple[FilterLink, ...]


def search_url(values: Mapping[str, Any], **changes: Any) -> str:
    """The address of a search; ``None`` leaves a parameter out."""
    merged = {**values, **changes}
    return "/?" + urlencode({k: v for k, v in merged.items() if v not in (None, "", [])}, doseq=True)


def search_values(search: SearchRequest) -> dict[str, Any]:
    """The parameters that an address needs to say this search again."""
    values = search.model_dump(exclude_none=True)
    for name, usual in (("system", "hybrid"), ("sort", "relevance"), ("offset", 0)):
        if values.get(name) == usual:
            del values[name]
    if values.pop("exact"):
        values["exact"] = "1"
    return values


def facets_of(result: SearchResult, values: Mapping[str, Any], labels: Mapping[str, str]) -> list[Facet]:
    """The filters that would narrow this result: none already set, none with a single value."""
    found = []
    for name, counts in result.facets.items():
        if name in values or len(counts) < 2:
            continue
        links = [
            FilterLink(
                name, value, labels.get(value, value), n, search_url(values, **{name: [value]}, offset=None)
            )
            for value, n in counts.items()
        ]
        found.append(Facet(name, tuple(links[:_SHOWN_VALUES]), tuple(links[_SHOWN_VALUES:])))
    return found


def active_filters(values: Mapping[str, Any], labels: Mapping[str, str]) -> list[FilterLink]:
    """The filters that are set, each with the address without it."""
    links = []
    for name in FACETS:
        chosen = values.get(name, [])
        for value in chosen:
            others = [other for other in chosen if other != value]
            url = search_url(values, **{name: others}, offset=None)
            links.append(FilterLink(name, str(value), labels.get(str(value), str(value)), 0, url))
    return links


def quoted(answer: Answer, found: Iterable[FoundPassage]) -> list[Segment]:
    """The evidence sentence, marked, with a little of the passage around it."""
    for hit in found:
        if hit.passage.passage_id != answer.passage_id:
            continue
        text, offset = hit.passage.text, hit.passage.start
        start, end = answer.citation.start - offset, answer.citation.end - offset
        if 0 <= start < end <= len(text):
            low, high = _nearby(text, start, end)
            return _shown(text[low:high], {"evidence": [(start - low, end - low)]})
    return _shown(answer.evidence, {"evidence": [(0, len(answer.evidence))]})


def snippet(hit: FoundPassage, size_chars: int) -> list[Segment]:
    """The part of a passage with the most matching words, marked; … where it was cut."""
    text = hit.passage.text
    low, high = window(text, hit.highlights, size_chars)
    shown = _shown(text[low:high], {"match": [(a - low, b - low) for a, b in hit.highlights]})
    return [*([Segment("… ")] if low else []), *shown, *([Segment(" …")] if high < len(text) else [])]


def _shown(text: str, layers: Mapping[str, Sequence[tuple[int, int]]]) -> list[Segment]:
    return segments(text, {**layers, **layout_spans(text)})


def _nearby(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines that a span stands on, as far as they are near, cut at white space where there is any."""
    line_low, line_high = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_high = len(text) if line_high < 0 else line_high
    low, high = max(line_low, start - _CONTEXT_CHARS), min(line_high, end + _CONTEXT_CHARS)
    if low > line_low:
        low = text.find(" ", low, start) + 1 or start
    if high < line_high:
        space = text.rfind(" ", end, high)
        high = space if space >= 0 else end
    return low, high


def confidence_key(confidence: float) -> str:
    """The words for a calibrated confidence."""
    if confidence >= 0.8:
        return "confidence_high"
    return "confidence_middle" if confidence >= 0.5 else "confidence_low"


def title_of(hit: FoundPassage) -> str:
    """What a hit is called: its case's name, else its document's title."""
    return hit.citation.case.name if hit.citation.case else hit.citation.title


def adds_heading(hit: FoundPassage) -> bool:
    """Whether a hit's heading says more than its title, its document's and its own beginning."""
    heading = hit.passage.heading
    return bool(heading) and heading not in (
        title_of(hit),
        hit.citation.title,
        hit.passage.text[: len(heading)],
    )


def place_url(hit: FoundPassage) -> str:
    """The page viewer, scrolled to the hit even without scripts."""
    return page_url(hit.citation) + "#cite"


def answer_url(answer: Answer) -> str:
    """The page viewer, scrolled to the evidence sentence."""
    return page_url(answer.citation) + "#cite"


@dataclass(frozen=True, slots=True)
class PageView:
    """A page as the viewer shows it: ``[low, high)`` of its text, the cited span marked in it."""

    shown: tuple[Segment, ...]
    source: tuple[Segment, ...]
    low: int
    high: int
    length: int
    cited: tuple[int, int] | None
    moved: bool
    gone: bool


def view_page(
    page: Page, wanted: tuple[int, int] | None, quote: str, part_from: int | None, size_chars: int
) -> PageView:
    """Find the cited span (again, by its quote, if the text has moved) and the part of the page around it."""
    cited, moved = _locate(page.text, wanted, quote)
    low = _part_start(len(page.text), cited, part_from, size_chars)
    high = min(len(page.text), low + size_chars)
    low, high = whole_clusters(page.text, low, high)
    spans = [(cited[0] - low, cited[1] - low)] if cited else []
    sources = source_spans(page.pieces, page.source_text, *cited) if cited else []
    return PageView(
        shown=tuple(_shown(page.text[low:high], {"cite": spans})),
        source=tuple(_source_segments(page, low, high, sources)),
        low=low,
        high=high,
        length=len(page.text),
        cited=cited,
        moved=moved,
        gone=bool(wanted or quote) and cited is None,
    )


def _locate(text: str, wanted: tuple[int, int] | None, quote: str) -> tuple[tuple[int, int] | None, bool]:
    """The cited span and whether it had to be searched for."""
    if wanted:
        start, end = whole_clusters(text, *wanted)
        if start < end and text.startswith(quote, start):
            return (start, end), False
    found = text.find(quote) if quote else -1
    if found < 0:
        return None, False
    return whole_clusters(text, found, found + len(quote)), True


def _part_start(length: int, cited: tuple[int, int] | None, part_from: int | None, size_chars: int) -> int:
    if part_from is not None:
        return max(0, min(part_from, length - 1))
    if cited is None or cited[1] <= size_chars:
        return 0
    return max(0, cited[0] - size_chars // 4)


def _source_segments(page: Page, low: int, high: int, cited: Sequence[tuple[int, int]]) -> list[Segment]:
    """The source's text of the shown part; private-use characters are set apart, as no font draws them."""
    text = page.source_text
    first, last = 0, len(text)
    if low or high < len(page.text):
        spans = source_spans(page.pieces, text, low, high)
        first, last = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    # Line by line, so that the indents between a wrapped sentence's lines stay unmarked.
    lines = [(a + m.start(), a + m.end()) for a, b in cited for m in _LINE.finditer(text[a:b])]
    private = [(i, i + 1) for i in range(first, last) if ord(text[i]) in _PRIVATE]
    shifted = {"cite": lines, "glyph": private}
    return segments(text[first:last], {k: [(a - first, b - first) for a, b in v] for k, v in shifted.items()})


def back_link(referer: str | None, host: str) -> tuple[str, str] | None:
    """The results page a reader came from, as its address and question."""
    try:
        parts = urlsplit(referer or "")
    except ValueError:
        return None
    question = parse_qs(parts.query).get("q", [""])[0]
    if parts.netloc != host or parts.path != "/" or not question.strip():
        return None
    return f"/?{parts.query}", question


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list of ``total`` entries a page shows."""

    offset: int
    size: int
    total: int

    @property
    def slice(self) -> slice:
        """The part, as Python cuts lists."""
        return slice(self.offset, self.offset + self.size)

    @property
    def last(self) -> int:
        """One past the part's last entry."""
        return min(self.offset + self.size, self.total)
