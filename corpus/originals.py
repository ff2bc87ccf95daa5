"""The kept originals: keeping them, finding the file behind a page, and one page of a PDF as a picture.

Pictures are drawn by `corpus.pdf_worker` in a process of its own with limits, because PDFs come from
strangers and PDFium is C++.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from corpus import confined
from corpus.readers import jsonl
from corpus.records import Page
from corpus.settings import Settings
from corpus.sqlite import explained
from corpus.store import Store
from corpus.syncing import sync

PDF = "application/pdf"
_TYPES = {
    ".txt": "text/plain", ".text": "text/plain", ".md": "text/markdown", ".markdown": "text/markdown",
    ".html": "text/html", ".htm": "text/html", ".pdf": PDF,
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jsonl": "application/jsonl", ".gz": "application/gzip", ".zst": "application/zstd",
}  # fmt: skip
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PDF_READERS = ("pdftotext", "pypdfium2")
_PARTIAL = ".partial"
_PIECE_BYTES = 1 << 20
_SECONDS = 20
_MEMORY_BYTES = 1 << 30
_MOST_OUTPUT_BYTES = 48 << 20
WIDTH = 1400


class DrawingError(RuntimeError):
    """A page that cannot be drawn; the message says why."""


@dataclass(frozen=True, slots=True)
class Original:
    """A kept file: where it lies, its hash, what it is, and the name that it came with."""

    path: Path
    sha256: str
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn page: the PNG, its size in pixels, and its characters with their boxes.

    ``boxes`` has (left, top, right, bottom) for each character of ``text``, in thousandths of the page.
    """

    png: bytes
    width: int
    height: int
    text: str
    boxes: tuple[tuple[int, int, int, int], ...]


def find(folder: Path, page: Page) -> Original | None:
    """The kept original of a page, or ``None``: keeping was off, or the page came from elsewhere."""
    if not _SHA256.fullmatch(page.sha256):
        return None
    path = folder / page.sha256
    if not path.is_file():
        return None
    name = PurePosixPath(page.source.replace("\\", "/")).name or page.sha256[:12]
    return Original(path, page.sha256, _media_type(path, name), name)


def keep(file: Path, settings: Settings) -> None:
    """Keep a copy under its hash, whole or not at all; an unreadable file is passed over, its reader said so.

    Raises:
        corpus.sqlite.StoreError: the disk is full, read only or broken.
    """
    try:
        source = file.open("rb")
    except OSError:
        return
    with source, explained(settings.originals):
        settings.originals.mkdir(parents=True, exist_ok=True)
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        if not (settings.originals / digest).exists():
            source.seek(0)
            _copy(source, settings.originals)


def _copy(source: BinaryIO, folder: Path) -> None:
    """Copy a file under the hash of what is copied, which its writer may have changed a moment ago."""
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(suffix=_PARTIAL, dir=folder)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            while piece := source.read(_PIECE_BYTES):
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        partial.replace(folder / digest.hexdigest())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync(folder)


def leftovers(settings: Settings) -> list[Path]:
    """Copies that were broken off, by a kill or a power cut; while the corpus lock is held, nobody is at them."""
    return sorted(settings.originals.glob(f"*{_PARTIAL}"))


def unreferenced(settings: Settings, store: Store) -> list[Path]:
    """Kept files that no page comes from, neither a living one nor one that a generation may still read.

    Copies that were broken off are among them. A file of JSON lines stays while a page comes from one of its lines, so
    such files are read until one is found. Hold the corpus lock, for the caller may delete what is listed.
    """
    known = store.hashes()
    kept = sorted(path for path in settings.originals.glob("*") if _SHA256.fullmatch(path.name))
    unknown = [path for path in kept if path.name not in known]
    return leftovers(settings) + [path for path in unknown if known.isdisjoint(_lines_of(path, settings))]


def _lines_of(path: Path, settings: Settings) -> Iterator[str]:
    return jsonl.hashes(path, settings.limits)


def has_picture(original: Original | None, page: Page) -> bool:
    """Whether the page's number is a page of a PDF."""
    return original is not None and original.media_type == PDF and page.reader.startswith(_PDF_READERS)


def draw(
    original: Original,
    number: int,
    *,
    width: int = WIDTH,
    seconds: int = _SECONDS,
    memory: int = _MEMORY_BYTES,
) -> Picture:
    """Draw page ``number`` of a PDF, about ``width`` pixels wide; takes some tenths of a second.

    Raises:
        DrawingError: the file is broken, locked or hostile: drawing failed or passed its limits.
    """
    arguments = [str(original.path.resolve()), str(number), str(width)]
    program = confined.command("corpus.pdf_worker", *arguments, memory_bytes=memory, seconds=seconds)
    try:
        done = confined.run(program, seconds=seconds, most_bytes=_MOST_OUTPUT_BYTES)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DrawingError(f"page {number} of {original.name} took over {seconds} s") from error
    except confined.OutputError as error:
        raise DrawingError(f"page {number} of {original.name}: the picture has {error}") from error
    head, found, image = done.stdout.partition(b"\n")
    if done.returncode or not found:
        why = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:200]
        raise DrawingError(f"page {number} of {original.name}: {why or f'exit {done.returncode}'}")
    about = json.loads(head)
    boxes = tuple((box[0], box[1], box[2], box[3]) for box in about["boxes"])
    return Picture(image, about["width"], about["height"], about["text"], boxes)


def _media_type(path: Path, name: str) -> str:
    with path.open("rb") as stream:
        if b"%PDF-" in stream.read(1024):
            return PDF
    found = _TYPES.get(PurePosixPath(name.lower()).suffix, "application/octet-stream")
    return "application/octet-stream" if found == PDF else found
