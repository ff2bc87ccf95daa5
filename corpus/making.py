"""From a document's source pages to all that is stored of it: cleaned, its cases found, cut into passages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corpus.cases import find_cases
from corpus.cleaning import CLEANER_VERSION, clean
from corpus.passages import split
from corpus.records import Page, SourcePage
from corpus.store import DocumentRecord
from corpus.titles import title_of

#: Readers whose format says where a paragraph ends.
_KNOW_PARAGRAPHS = ("markdown", "python-docx", "trafilatura", "html")


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before it is made.

    Attributes:
        document_id: its id.
        title: ``None`` where its pages have to tell it.
        metadata: what is known of it.
        pages: pages as their readers delivered them, each with its source, hash and reader.
        kept: cleaned pages that stay beside them; where both have a number, the new page counts.
    """

    document_id: str
    title: str | None
    metadata: Mapping[str, str]
    pages: tuple[SourcePage, ...]
    kept: tuple[Page, ...] = field(default=())

    @property
    def chars(self) -> int:
        """Characters to be cleaned."""
        return sum(len(page.text) for page in self.pages)


def make(draft: Draft) -> DocumentRecord:
    """The document that a draft becomes; the same draft always becomes the same."""
    by_number = {page.number: page for page in draft.kept}
    by_number |= {page.number: _cleaned(page) for page in draft.pages}
    pages = [by_number[number] for number in sorted(by_number)]
    document_id = draft.document_id
    title = draft.title or title_of(document_id, pages)
    spans = find_cases(document_id, title, draft.metadata, pages)
    passages = [passage for page in pages for passage in split(page, spans, document_id)]
    return DocumentRecord(document_id, title, draft.metadata, pages, CLEANER_VERSION, spans, passages)


def _cleaned(page: SourcePage) -> Page:
    cleaned = clean(page.text, paged=not page.reader.startswith(_KNOW_PARAGRAPHS))
    return Page(
        number=page.number,
        source=page.source,
        sha256=page.sha256,
        reader=page.reader,
        source_text=page.text,
        text=cleaned.text,
        pieces=cleaned.pieces,
        blocks=cleaned.blocks,
        dropped=cleaned.dropped,
    )
