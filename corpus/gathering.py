"""What files bring is gathered by document, merged with what the store knows, made and stored in batches.

While one batch is stored the next ones are being made (`corpus.makers`) and another is read, a bounded number and
size of them. A document that would become what is stored already is not made at all.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from corpus.cleaning import CLEANER_VERSION
from corpus.limits import Limits
from corpus.makers import Batch, Lost, Made, Makers
from corpus.making import Draft, make
from corpus.readers.errors import ReadError, not_made, too_many_pages
from corpus.records import SourceDocument, SourcePage
from corpus.store import DocumentInfo, DocumentRecord, Store
from corpus.titles import title_of

_SLUG = re.compile(r"[^0-9A-Za-z\u0e00-\u0e7f._-]+")
_SLUG_CHARS = 120
_BATCH_DOCUMENTS = 200
#: Text gathered before it is stored, and what a page costs beside its text, both in characters.
_BATCH_CHARS = 16_000_000
_PAGE_CHARS = 500
#: Batches under way beside the one that is gathered: one that is stored while others are made.
_UNDER_WAY = 3


@dataclass(slots=True)
class _Gathered:
    """One document's pages as they come; ``numbers`` are those it will have, stored ones among them."""

    title: str | None
    metadata: dict[str, str]
    numbers: set[int]
    pages: dict[int, SourcePage] = field(default_factory=dict)

    def add(self, found: SourceDocument, metadata: Mapping[str, str]) -> None:
        """Take pages; of title and metadata what came first stays."""
        self.title = self.title or found.title
        for key, value in {**found.metadata, **metadata}.items():
            self.metadata.setdefault(key, value)
        for page in found.pages:
            self.pages[page.number] = SourcePage(
                page.number,
                page.text,
                page.source or found.source,
                page.sha256 or found.sha256,
                page.reader or found.reader,
            )
            self.numbers.add(page.number)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A batch that is being made: what was gathered of each document, its draft, and what becomes of them."""

    gathered: Mapping[str, _Gathered]
    drafts: tuple[Draft, ...]
    batch: Batch
    chars: int


class Gathering:
    """Gathers documents and stores them in batches, each whole or not at all.

    Args:
        store: where they go.
        limits: how many pages a document may come to.
        makers: make the documents; the caller closes them.
        anew: each document becomes exactly what is gathered here; pages that the store has beside that go.
        fresh: documents that have not changed are made again, too.

    Attributes:
        changed: the ids of documents that changed, as far as they are stored, in their order.
        unchanged: how many were found to be stored already just so, and were not made.
        failures: documents that could not be made.
    """

    def __init__(
        self, store: Store, limits: Limits, makers: Makers, *, anew: bool, fresh: bool = False
    ) -> None:
        self.changed: list[str] = []
        self.unchanged = 0
        self.failures: list[ReadError] = []
        self._store = store
        self._limits = limits
        self._makers = makers
        self._fresh = fresh
        self._names = _NamesTaken(store, self._settle)
        self._pending: dict[str, _Gathered] = {}
        self._chars = 0
        self._under_way: deque[_UnderWay] = deque()
        # Documents whose stored pages stay: all, or those of which this gathering stored a part already.
        self._ours: set[str] | None = set() if anew else None
        self._change = store.change

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
            self._begin(more=True)

    def flush(self) -> None:
        """Make and store all that was gathered."""
        self._begin(more=False)
        while self._under_way:
            self._store_next()

    def _begin(self, *, more: bool) -> None:
        """Begin to make what was gathered, once there is room for it."""
        while self._under_way and (
            len(self._under_way) == _UNDER_WAY
            or self._chars + sum(other.chars for other in self._under_way) > _BATCH_CHARS
        ):
            self._store_next()
        if not self._pending:
            return
        drafts = []
        for document_id, gathered in self._pending.items():
            known = self._store.document(document_id)
            draft = self._draft(document_id, gathered, known)
            if known is not None and not self._fresh and self._is_stored(draft, known):
                self.unchanged += 1
            else:
                drafts.append(draft)
        batch = self._makers.begin(drafts, more=more)
        self._under_way.append(_UnderWay(self._pending, tuple(drafts), batch, self._chars))
        self._pending, self._chars = {}, 0

    def _store_next(self) -> None:
        """Store the batch that was begun first."""
        following = self._under_way[0]
        made = list(following.batch.made())
        for lost in made:
            if isinstance(lost, Lost):
                self.failures.append(not_made(Path(lost.source), lost.document_id, lost.how))
        changed = self._store.replace_many(self._checked(following, made))
        self.changed += changed
        self._change += len(changed)
        if self._ours is not None:
            self._ours.update(following.gathered)
        self._under_way.popleft()

    def _checked(self, following: _UnderWay, made: list[Made]) -> Iterator[DocumentRecord]:
        """The documents that were made, made again where another process stored something of them meanwhile.

        Taken inside the transaction that stores them. Each change of a document has one number, so whether anybody
        else changed something is known without asking for each document.
        """
        now = self._store.change
        alone, self._change = now == self._change, now
        for draft, record in zip(following.drafts, made, strict=True):
            if isinstance(record, Lost):
                continue
            if alone:
                yield record
                continue
            document_id = draft.document_id
            again = self._draft(
                document_id, following.gathered[document_id], self._store.document(document_id)
            )
            yield record if again == draft else make(again)

    def _settle(self, document_id: str) -> None:
        """Store what is under way of a document, so that the store can be asked about it."""
        while any(document_id in other.gathered for other in self._under_way):
            self._store_next()

    def _keeps(self, document_id: str) -> bool:
        return self._ours is None or document_id in self._ours

    def _stored_pages(self, document_id: str) -> set[int]:
        self._settle(document_id)
        known = self._store.document(document_id) if self._keeps(document_id) else None
        return set(known.pages) if known is not None else set()

    def _draft(self, document_id: str, gathered: _Gathered, known: DocumentInfo | None) -> Draft:
        """What a document is made of: its gathered pages, and those that the store keeps beside them."""
        metadata, title = gathered.metadata, gathered.title
        pages = tuple(gathered.pages[number] for number in sorted(gathered.pages))
        if known is None or not self._keeps(document_id) or not set(known.pages) - set(gathered.pages):
            return Draft(document_id, title, metadata, pages)
        kept = (page for page in self._store.pages(document_id) if page.number not in gathered.pages)
        return Draft(document_id, title or known.title, {**known.metadata, **metadata}, pages, tuple(kept))

    def _is_stored(self, draft: Draft, known: DocumentInfo) -> bool:
        """Whether what is stored was made of the same, in the same way."""
        numbers = {page.number for page in draft.pages} | {page.number for page in draft.kept}
        if numbers != set(known.pages) or dict(known.metadata) != dict(draft.metadata):
            return False
        if draft.title and draft.title != known.title:
            return False
        stored = dict(self._store.source_pages(draft.document_id))
        if any(cleaner != CLEANER_VERSION for _, cleaner in stored.values()):
            return False
        if any(stored[page.number][0] != page for page in draft.pages):
            return False
        return bool(draft.title) or known.title == title_of(
            draft.document_id, self._store.pages(draft.document_id)
        )


class _NamesTaken:
    """Gives each document its stable id; a file's stem on a collision gets its path's hash."""

    def __init__(self, store: Store, settle: Callable[[str], None]) -> None:
        self._store = store
        self._settle = settle
        self._by_name: dict[str, str] = {}

    def name(self, found: SourceDocument, relative: str) -> tuple[str, dict[str, str]]:
        """The document's id, and the path that owns it where the file's name gave it."""
        if found.name:
            return _slug(found.name) or f"document-{_hash(found.name)}", {}
        stem = _slug(PurePosixPath(relative).stem) or "document"
        owner = self._by_name.get(stem)
        free = owner is None or owner == relative
        self._settle(stem)
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
