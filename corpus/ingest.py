"""Files in, stored passages out: read, clean, find cases, split, store.

Documents are grouped by id as they come; pages that other files brought earlier
are kept. A file that fails is reported and the rest goes on.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from corpus import readers
from corpus.cases import find_cases
from corpus.cleaning import CLEANER_VERSION, clean
from corpus.passages import split
from corpus.readers import ReadError
from corpus.records import Page, SourceDocument, SourcePage
from corpus.settings import Settings
from corpus.store import DocumentRecord, Store
from corpus.titles import title_of

_SLUG = re.compile(r"[^0-9A-Za-z\u0e00-\u0e7f._-]+")
_BATCH_DOCUMENTS = 200
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
) -> Report:
    """Read files and folders into the store.

    Args:
        store: where it goes.
        paths: files or folders; hidden files are passed over.
        settings: keeps originals when it says so; ``None`` keeps none.
        progress: called with (files done, files in all, current file).

    Returns:
        A report; bad files are in ``failures``, nothing stored is lost through them.

    Raises:
        OSError: the store cannot be written. Missing paths and empty folders are failures in the report.
    """
    files = [(file, root) for path in paths for file, root in _files(path)]
    report = Report()
    pending: dict[str, tuple[SourceDocument, dict[int, Page]]] = {}
    names = _NamesTaken(store)
    for done, (file, root) in enumerate(files):
        if progress:
            progress(done, len(files), str(file))
        for found in _read(file, root, report):
            document_id, metadata = names.name(found, file, root)
            _add_pages(pending, document_id, replace(found, metadata={**found.metadata, **metadata}))
            report.documents += 1
            if len(pending) >= _BATCH_DOCUMENTS:
                _flush(store, pending, report)
        report.files += 1
        if settings is not None and settings.keep_originals:
            _keep(file, settings)
    _flush(store, pending, report)
    if progress:
        progress(len(files), len(files), "")
    return report


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    root = path if path.is_dir() else path.parent
    for file in readers.find_files([path]):
        yield file, root


def _read(file: Path, root: Path, report: Report) -> Iterator[SourceDocument]:
    try:
        for found in readers.read(file, root=root):
            if isinstance(found, ReadError):
                report.failures.append(found)
            else:
                yield found
    except ReadError as error:
        report.failures.append(error)


class _NamesTaken:
    """Gives each document its stable id; a file's stem on a collision gets its path's hash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_name: dict[str, str] = {}

    def name(self, found: SourceDocument, file: Path, root: Path) -> tuple[str, dict[str, str]]:
        """The document's id, and the path that owns it where the file's name gave it."""
        if found.name:
            return _slug(found.name), {}
        stem = _slug(file.stem) or "document"
        relative = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
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
    pages = {page.number: _clean_page(found, page) for page in found.pages}
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


def _flush(store: Store, pending: dict[str, tuple[SourceDocument, dict[int, Page]]], report: Report) -> None:
    records = [_record(store, document_id, *value) for document_id, value in pending.items()]
    report.changed += store.replace_many(records)
    pending.clear()


def _record(
    store: Store, document_id: str, found: SourceDocument, pages: Mapping[int, Page]
) -> DocumentRecord:
    known = store.document(document_id)
    metadata = dict(found.metadata)
    title = found.title
    if known is not None and set(known.pages) - set(pages):
        pages = {**{page.number: page for page in store.pages(document_id)}, **pages}
        metadata = {**known.metadata, **metadata}
        title = title or known.title
    ordered = [pages[number] for number in sorted(pages)]
    title = title or title_of(document_id, ordered)
    spans = find_cases(document_id, title, metadata, ordered)
    passages = [p for page in ordered for p in split(page, spans, document_id)]
    return DocumentRecord(document_id, title, metadata, ordered, CLEANER_VERSION, spans, passages)


def _keep(file: Path, settings: Settings) -> None:
    """Keep the original under its hash; an unreadable file was reported already."""
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return
    target = settings.originals / digest
    if target.exists():
        return
    settings.originals.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    shutil.copyfile(file, partial)
    partial.replace(target)
