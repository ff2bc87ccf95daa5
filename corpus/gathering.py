"""What files bring is gathered by document, cleaned, merged with what the store knows, and stored in batches."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from corpus.cases import find_cases
from corpus.cleaning import CLEANER_VERSION, clean
from corpus.limits import Limits
from corpus.passages import split
from corpus.readers.errors import too_many_pages
from corpus.records import Page, SourceDocument, SourcePage
from corpus.store import DocumentRecord, Store
from corpus.titles import title_of

_SLUG = re.compile(r"[^0-9A-Za-z\u0e00-\u0e7f._-]+")
_SLUG_CHARS = 120
_BATCH_DOCUMENTS = 200
#: Text gathered before it is stored, and what a page costs beside its text, both in characters.
_BATCH_CHARS = 16_000_000
_PAGE_CHARS = 500
#: Readers whose format says where a paragraph ends.
_KNOW_PARAGRAPHS = ("markdown", "python-docx", "trafilatura", "html")


@dataclass(slots=True)
class _Gathered:
    """One document's pages as they come; ``numbers`` are those it will have, stored ones among them."""

    title: str | None
    metadata: dict[str, str]
    numbers: set[int]
    pages: dict[int, Page] = field(default_factory=dict)

    def add(self, found: SourceDocument, metadata: Mapping[str, str]) -> None:
        """Take pages; of title and metadata what came first stays."""
        self.title = self.title or found.title
        for key, value in {**found.metadata, **metadata}.items():
            self.metadata.setdefault(key, value)
        for page in found.pages:
            self.pages[page.number] = _clean_page(found, page)
            self.numbers.add(page.number)


class Gathering:
    """Gathers documents and stores them in batches, each whole or not at all.

    Args:
        store: where they go.
        limits: how many pages a document may come to.
        anew: each document becomes exactly what is gathered here; pages that the store has beside that go.
    """

    def __init__(self, store: Store, limits: Limits, *, anew: bool) -> None:
        self.changed: list[str] = []
        self._store = store
        self._limits = limits
        self._names = _NamesTaken(store)
        self._pending: dict[str, _Gathered] = {}
        self._chars = 0
        # Documents whose stored pages stay: all, or those of which this gathering stored a part already.
        self._ours: set[str] | None = set() if anew else None

    def take(self, found: SourceDocument, relative: str) -> None:
        """Take one document, or some of its pages, from the file of this name.

        Raises:
            corpus.readers.ReadError: with these pages the document would have more than it may; none of them is taken.
            corpus.sqlite.StoreError: a batch cannot be stored.
        """
        document_id, metadata = self._names.name(found, relative)
        gathered = self._pending.get(document_id) or _Gathered(None, {}, self._stored_pages(document_id))
        numbers = {page.number for page in found.pages}
        pages = len(gathered.numbers) + len(numbers - gathered.numbers)
        if pages > self._limits.pages:
            raise too_many_pages(Path(relative), pages, self._limits)
        self._pending[document_id] = gathered
        gathered.add(found, metadata)
        self._chars += sum(len(page.text) + _PAGE_CHARS for page in found.pages)
        if len(self._pending) >= _BATCH_DOCUMENTS or self._chars >= _BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        """Store what was gathered; what is known of each document is read inside the same transaction."""
        self.changed += self._store.replace_many(
            self._record(document_id, gathered) for document_id, gathered in self._pending.items()
        )
        if self._ours is not None:
            self._ours.update(self._pending)
        self._pending.clear()
        self._chars = 0

    def _keeps(self, document_id: str) -> bool:
        return self._ours is None or document_id in self._ours

    def _stored_pages(self, document_id: str) -> set[int]:
        known = self._store.document(document_id) if self._keeps(document_id) else None
        return set(known.pages) if known is not None else set()

    def _record(self, document_id: str, gathered: _Gathered) -> DocumentRecord:
        """What a document becomes: its gathered pages, and those that the store keeps beside them."""
        pages, metadata, title = gathered.pages, gathered.metadata, gathered.title
        known = self._store.document(document_id) if self._keeps(document_id) else None
        if known is not None and set(known.pages) - set(pages):
            pages = {**{page.number: page for page in self._store.pages(document_id)}, **pages}
            metadata = {**known.metadata, **metadata}
            title = title or known.title
        ordered = [pages[number] for number in sorted(pages)]
        title = title or title_of(document_id, ordered)
        spans = find_cases(document_id, title, metadata, ordered)
        passages = [p for page in ordered for p in split(page, spans, document_id)]
        return DocumentRecord(document_id, title, metadata, ordered, CLEANER_VERSION, spans, passages)


class _NamesTaken:
    """Gives each document its stable id; a file's stem on a collision gets its path's hash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_name: dict[str, str] = {}

    def name(self, found: SourceDocument, relative: str) -> tuple[str, dict[str, str]]:
        """The document's id, and the path that owns it where the file's name gave it."""
        if found.name:
            return _slug(found.name) or f"document-{_hash(found.name)}", {}
        stem = _slug(PurePosixPath(relative).stem) or "document"
        owner = self._by_name.get(stem)
        free = owner is None or owner == relative
        if free and (owner == relative or self._store.owns(stem, relative, found.sha256)):
            self._by_name[stem] = relative
            return stem, {"path": relative}
        return f"{stem}-{_hash(relative)}", {"path": relative}


def _slug(name: str) -> str:
    """An id of the name's letters, digits, dots and dashes, empty where it has none; a long name ends in its hash, so that no two are one."""
    slug = _SLUG.sub("-", name).strip("-.")
    if len(slug) > _SLUG_CHARS:
        return f"{slug[: _SLUG_CHARS - 9]}-{_hash(name)}"
    return slug


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def knows_paragraphs(reader: str) -> bool:
    """Whether the reader's format says where a paragraph ends, so that no lines are joined."""
    return reader.startswith(_KNOW_PARAGRAPHS)


def _clean_page(found: SourceDocument, page: SourcePage) -> Page:
    reader = page.reader or found.reader
    cleaned = clean(page.text, paged=not knows_paragraphs(reader))
    return Page(
        number=page.number,
        source=page.source or found.source,
        sha256=page.sha256 or found.sha256,
        reader=reader,
        source_text=page.text,
        text=cleaned.text,
        pieces=cleaned.pieces,
        blocks=cleaned.blocks,
        dropped=cleaned.dropped,
    )
