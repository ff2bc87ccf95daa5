"""`karani export`: the store as plain JSON lines, one document a line, for other programs and for `karani ingest`.

A line states each page as its reader delivered it and as it reads now, so that ingesting the file cleans what was
cleaned before, never the cleaned text again, and gives the same documents, texts and passages.
"""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from corpus.records import Case, Page, Passage
from corpus.store import DocumentInfo, Store

#: The layout of a line, stated in it under `MARK`.
FORMAT = 1
MARK = "karani_export"

#: Legal inside a JSON string, but many programs take them for the end of a line.
_LINE_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}

#: A document with more characters, source texts included, takes several lines.
LINE_CHARS = 4_000_000

Progress = Callable[[int, int, str], None]


class ExportError(RuntimeError):
    """Nothing was exported; says why."""


def export(store: Store, out: Path, progress: Progress | None = None) -> int:
    """Write every document into a file; how many.

    Args:
        store: where they lie; they are all read as of one change.
        out: the file, packed where its name ends in ``.gz`` or ``.zst``; it must not be there yet.
        progress: called with (documents done, documents in all, current document).

    Raises:
        ExportError: the file is there already.
        OSError: it cannot be written.
    """
    if out.exists():
        raise ExportError(f"{out}: มีไฟล์นี้อยู่แล้ว ใช้ชื่ออื่น / this file is there already: use another name")
    partial = out.with_name(f".{out.name}.partial")
    try:
        with _opened(partial, out.suffix.lower()) as stream:
            count = write(store, stream, progress)
        partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)
    return count


def write(
    store: Store, stream: IO[bytes], progress: Progress | None = None, line_chars: int = LINE_CHARS
) -> int:
    """Write every document's line; how many documents. No more than one line is in memory."""
    fixed = store if store.fixed else store.at(store.change)
    documents = fixed.documents()
    for done, info in enumerate(documents):
        if progress:
            progress(done, len(documents), info.document_id)
        for pages in _parts(fixed, info, line_chars):
            line = json.dumps(_line(fixed, info, pages), ensure_ascii=False)
            stream.write(line.translate(_LINE_BREAKS).encode() + b"\n")
    if progress:
        progress(len(documents), len(documents), "")
    return len(documents)


@contextlib.contextmanager
def _opened(path: Path, suffix: str) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if suffix == ".gz":
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
                yield packed  # type: ignore[misc]  # a stream of bytes but in name
        elif suffix == ".zst":
            with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as packed:
                yield packed
        else:
            yield file


def _parts(store: Store, info: DocumentInfo, line_chars: int) -> Iterator[list[Page]]:
    """A document's pages; those of a very long one in several parts, which `karani ingest` puts together again."""
    part: list[Page] = []
    size = 0
    for number in info.pages:
        page = store.page(info.document_id, number)
        if page is None:
            continue
        part.append(page)
        size += len(page.text) + len(page.source_text)
        if size > line_chars:
            yield part
            part, size = [], 0
    if part:
        yield part


def _line(store: Store, info: DocumentInfo, pages: list[Page]) -> dict[str, Any]:
    passages = [one for page in pages for one in store.page_passages(info.document_id, page.number)]
    return {
        MARK: FORMAT,
        "id": info.document_id,
        "title": info.title,
        "metadata": dict(info.metadata),
        "pages": [_page(store, info.document_id, page) for page in pages],
        "cases": [_case(found.case) for found in store.document_cases(info.document_id)],
        "passages": [_passage(passage) for passage in passages],
    }


def _page(store: Store, document_id: str, page: Page) -> dict[str, Any]:
    _, cleaner = store.page_source(document_id, page.number) or ("", "")
    return {
        "number": page.number, "text": page.text, "source_text": page.source_text, "source": page.source,
        "sha256": page.sha256, "reader": page.reader, "cleaner": cleaner,
    }  # fmt: skip


def _case(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.case_id, "name": case.name, "kind": case.kind, "province": case.province,
        "year_be": case.year_be, "award": case.award,
    }  # fmt: skip


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.passage_id, "page": passage.page, "start": passage.start, "end": passage.end,
        "heading": passage.heading, "case_id": passage.case_id,
    }  # fmt: skip
