"""What the pages show, worked out from the engine's values before a template sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corpus.catalogue import CaseFilter, case_facets
from index.engine import Engine
from index.hits import Answer, FoundPassage, page_url
from service.pages.marking import Segment, laid_out, window

_CONTEXT_CHARS = 140


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is being served, for the line that says so."""

    documents: int
    cases: int
    passages: int
    provinces: int
    generation: str
    encoder: str


def corpus_of(engine: Engine) -> Corpus:
    """Counts as of the serving generation."""
    store = engine.store
    return Corpus(
        documents=store.count("documents"),
        cases=store.count("cases"),
        passages=store.count("passages"),
        provinces=len(case_facets(store, CaseFilter(), ["province"])["province"]),
        generation=engine.generation,
        encoder=engine.encoder.name,
    )


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
