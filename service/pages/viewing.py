"""What the page viewer and the lists show, worked out before a template sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from corpus import originals
from corpus.records import Page
from corpus.store import DocumentInfo, Store
from index.engine import Engine
from service.documents import document_url
from service.pages.marking import Segment, laid_out, segments, whole_clusters
from service.pages.source_map import source_spans

_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_MOST_FILES = 200
_PRIVATE = range(0xE000, 0xF900)


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
        shown=tuple(laid_out(page.text[low:high], {"cite": spans})),
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
class Download:
    """A kept file of a document: its name, and where to get it."""

    name: str
    url: str


def downloads(engine: Engine, info: DocumentInfo) -> list[Download]:
    """The kept originals of a document, each once."""
    found: dict[str, Download] = {}
    for source, number in _first_pages(engine.store, info).items():
        page = engine.store.page(info.document_id, number)
        original = originals.find(engine.settings.originals, page) if page else None
        if original:
            url = f"{document_url(info.document_id)}/original?page={number}"
            found.setdefault(original.sha256, Download(source, url))
    return list(found.values())


def _first_pages(store: Store, info: DocumentInfo) -> dict[str, int]:
    """Each file that brought pages, with the first of them."""
    first: dict[str, int] = {}
    places = store.page_sources((info.document_id, number) for number in info.pages[:_MOST_FILES])
    for (_, number), (source, _) in sorted(places.items()):
        first.setdefault(source, number)
    return first


def web_address(metadata: Mapping[str, str]) -> str:
    """The document's own address on the web, where it is one that a link may lead to."""
    address = metadata.get("url", "").strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.netloc else ""
