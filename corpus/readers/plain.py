"""Plain text: one page, or several between form feeds, or the pages of a viewer export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpus.limits import Limits
from corpus.readers import files
from corpus.readers.viewer import split_viewer
from corpus.records import SourceDocument


def read_plain(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """One document a file; one for each document name where a viewer export holds several."""
    data = files.load(path, limits.text_bytes)
    found = files.decode(path, data)
    sha256, notes = files.sha256(data), files.notes(found)
    exported = split_viewer(found.text)
    for name, pages in exported:
        yield SourceDocument(name, None, source, sha256, "viewer", pages, notes)
    if not exported:
        pages = files.split_pages(path, found.text, limits)
        yield SourceDocument(None, None, source, sha256, "text", pages, notes)
