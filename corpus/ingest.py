"""Files in, stored passages out: read, clean, find cases, split, store.

Documents are grouped by id as they come; pages that other files brought earlier
are kept. A file that fails is reported and the rest goes on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from corpus import originals, readers
from corpus.cases import find_cases
from corpus.cleaning import CLEANER_VERSION, clean
from corpus.passages import split
from corpus.readers import ReadError
from corpus.readers.files import is_folder
from corpus.readers.names import display_name
from corpus.records import Page, SourceDocument
from corpus.settings import Settings
from corpus.store import DocumentRecord, Store
from corpus.titles import title_of

_SLUG = re.compile(r"[^0-9A-Za-z\u0e00-\u0e7f._-]+")
_BATCH_DOCUMENTS = 200
_BATCH_CHARS = 16_000_000
#: Readers whose format says where a paragraph ends.
_KNOW_PARAGRAPHS = ("markdown", "python-docx", "trafilatura", "html")


@dataclass(slots=True)
class Report:
    """What an ingest did. ``failures`` hold the messages to show."""

    files: int = 0
    documents: int = 0
    changed: list[str] = field(default_factory=list)
    failures: list[ReadError] = field(default_factory=list)


Progress = Callable[[int, int, str], None]


def ingest(
    store: Store,
    paths: Sequence[Path],
    settings: Settings | None = None,
    progress: Progress | None = None,
    *,
    replace: bool = False,
    named: Mapping[Path, str] | None = None,
) -> Report:
    """Read files and folders into the store.

    Args:
        store: where it goes; the caller holds the corpus lock.
        paths: files or folders; hidden files are passed over.
        settings: keeps originals when it says so, and has the limits of reading; ``None`` keeps none.
        progress: called with (files done, files in all, current file).
        replace: each document becomes exactly what these files bring; pages of it that they do not bring go.
        named: what citations, ids and failures call a file instead of its path, made safe by
            `corpus.readers.names.display_name`; its kind is told by this name, too.

    Returns:
        A report; bad files are in ``failures``, nothing stored is lost through them.

    Raises:
        corpus.sqlite.StoreError: the disk is full, read only or broken; whole documents before that are stored.
        ValueError: two files have the same name in ``named``, so that they would be taken for one.
    """
    files = _files(paths, _safe(named or {}))
    report = Report()
    taking = _Taking(store, report, replace)
    keeping = settings is not None and settings.keep_originals
    if settings is not None and keeping:
        for broken_off in originals.leftovers(settings):
            broken_off.unlink(missing_ok=True)
    for done, file in enumerate(files):
        if progress:
            progress(done, len(files), file.source)
        kept = not keeping
        for found in _read(file, settings, report):
            if settings is not None and not kept:
                originals.keep(file.path, settings)
                kept = True
            taking.take(found, file)
        report.files += 1
    taking.flush()
    if progress:
        progress(len(files), len(files), "")
    return report


def remove(store: Store, document_ids: Iterable[str]) -> list[str]:
    """Take documents out of the store, all in one transaction; the caller holds the corpus lock.

    Returns:
        The ids of those that were there. Generations built before still read them.

    Raises:
        corpus.sqlite.StoreError: the disk is full, read only or broken; the store is as it was.
    """
    return store.remove_many(document_ids)


@dataclass(frozen=True, slots=True)
class _File:
    """A file to read: where it lies, and what it is called from outside, if not by its path."""

    path: Path
    root: Path
    name: str | None

    @property
    def source(self) -> str:
        """The name for people: the one given, else the path."""
        return self.name or str(self.path)

    @property
    def relative(self) -> str:
        """The name that tells it from other files of one stem."""
        if self.name:
            return self.name
        inside = self.path.is_relative_to(self.root)
        return self.path.relative_to(self.root).as_posix() if inside else self.path.name


def _safe(named: Mapping[Path, str]) -> dict[Path, str]:
    safe = {path: display_name(name) for path, name in named.items()}
    if len(set(safe.values())) < len(safe):
        raise ValueError(f"two files of one name: {sorted(safe.values())}")
    return safe


def _files(paths: Sequence[Path], named: Mapping[Path, str]) -> list[_File]:
    return [
        _File(file, path if is_folder(path) else path.parent, named.get(file))
        for path in paths
        for file in readers.find_files([path])
    ]


def _read(file: _File, settings: Settings | None, report: Report) -> Iterator[SourceDocument]:
    limits = settings.limits if settings is not None else None
    try:
        for found in readers.read(file.path, root=file.root, name=file.name, limits=limits):
            if isinstance(found, ReadError):
                report.failures.append(found.known_as(file.source))
            else:
                yield found
    except ReadError as error:
        report.failures.append(error.known_as(file.source))


class _Taking:
    """Gathers what files bring by document, and stores it in batches, each whole or not at all."""

    def __init__(self, store: Store, report: Report, replace: bool) -> None:
        self._store = store
        self._report = report
        self._names = _NamesTaken(store)
        self._pending: dict[str, tuple[SourceDocument, dict[int, Page]]] = {}
        self._chars = 0
        # Documents whose earlier pages stay: all but those that are yet to be replaced.
        self._replaced: set[str] | None = set() if replace else None

    def take(self, found: SourceDocument, file: _File) -> None:
        """Take one document of a file, or some of its pages."""
        document_id, metadata = self._names.name(found, file)
        _add_pages(self._pending, document_id, replace(found, metadata={**found.metadata, **metadata}))
        self._report.documents += 1
        self._chars += sum(len(page.text) for page in found.pages)
        if len(self._pending) >= _BATCH_DOCUMENTS or self._chars >= _BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        """Store what was gathered; what is known of each document is read inside the same transaction."""
        self._report.changed += self._store.replace_many(
            self._record(document_id, found, pages) for document_id, (found, pages) in self._pending.items()
        )
        self._pending.clear()
        self._chars = 0

    def _record(self, document_id: str, found: SourceDocument, pages: Mapping[int, Page]) -> DocumentRecord:
        adding = self._replaced is None or document_id in self._replaced
        if self._replaced is not None:
            self._replaced.add(document_id)
        return _record(self._store if adding else None, document_id, found, pages)


class _NamesTaken:
    """Gives each document its stable id; a file's stem on a collision gets its path's hash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_name: dict[str, str] = {}

    def name(self, found: SourceDocument, file: _File) -> tuple[str, dict[str, str]]:
        """The document's id, and the path that owns it where the file's name gave it."""
        if found.name:
            return _slug(found.name), {}
        relative = file.relative
        stem = _slug(PurePosixPath(relative).stem) or "document"
        owner = self._by_name.get(stem)
        free = owner is None or owner == relative
        if free and (owner == relative or self._store.owns(stem, relative, found.sha256)):
            self._by_name[stem] = relative
            return stem, {"path": relative}
        return f"{stem}-{hashlib.sha256(relative.encode()).hexdigest()[:8]}", {"path": relative}


def _slug(name: str) -> str:
    return _SLUG.sub("-", name).strip("-.")[:120]


def _add_pages(
    pending: dict[str, tuple[SourceDocument, dict[int, Page]]], document_id: str, found: SourceDocument
) -> None:
    pages = {page.number: _clean_page(found, page.number, page.text) for page in found.pages}
    if document_id in pending:
        first, known = pending[document_id]
        merged = SourceDocument(
            first.name,
            first.title or found.title,
            first.source,
            first.sha256,
            first.reader,
            first.pages,
            {**found.metadata, **first.metadata},
        )
        pending[document_id] = (merged, {**known, **pages})
    else:
        pending[document_id] = (found, pages)


def _clean_page(found: SourceDocument, number: int, text: str) -> Page:
    cleaned = clean(text, paged=not found.reader.startswith(_KNOW_PARAGRAPHS))
    return Page(
        number=number,
        source=found.source,
        sha256=found.sha256,
        reader=found.reader,
        source_text=text,
        text=cleaned.text,
        pieces=cleaned.pieces,
        blocks=cleaned.blocks,
        dropped=cleaned.dropped,
    )


def _record(
    store: Store | None, document_id: str, found: SourceDocument, pages: Mapping[int, Page]
) -> DocumentRecord:
    """What a document becomes: these pages, and those that the store, where it is given, has beside them."""
    known = store.document(document_id) if store is not None else None
    metadata = dict(found.metadata)
    title = found.title
    if store is not None and known is not None and set(known.pages) - set(pages):
        pages = {**{page.number: page for page in store.pages(document_id)}, **pages}
        metadata = {**known.metadata, **metadata}
        title = title or known.title
    ordered = [pages[number] for number in sorted(pages)]
    title = title or title_of(document_id, ordered)
    spans = find_cases(document_id, title, metadata, ordered)
    passages = [p for page in ordered for p in split(page, spans, document_id)]
    return DocumentRecord(document_id, title, metadata, ordered, CLEANER_VERSION, spans, passages)
