"""What the pages show, worked out from the engine's values before a template sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from index.engine import Engine
from index.hits import Answer, FoundPassage, SearchResult, page_url
from service.marking import Segment, laid_out, window
from service.schemas import SearchRequest

FACETS = ("province", "year_be", "kind", "award", "document_id", "case_id")
_CONTEXT_CHARS = 140
_SHOWN_VALUES = 5


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
            return laid_out(text[low:high], {"evidence": [(start - low, end - low)]})
    return laid_out(answer.evidence, {"evidence": [(0, len(answer.evidence))]})


def snippet(hit: FoundPassage, size_chars: int) -> list[Segment]:
    """The part of a passage with the most matching words, marked; … where it was cut."""
    text = hit.passage.text
    low, high = window(text, hit.highlights, size_chars)
    shown = laid_out(text[low:high], {"match": [(a - low, b - low) for a, b in hit.highlights]})
    return [*([Segment("… ")] if low else []), *shown, *([Segment(" …")] if high < len(text) else [])]


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
