"""The kept originals: the file behind a page, and one page of a PDF as a picture.

Pictures are drawn by `corpus.pdf_worker` in a process of its own with limits, because PDFs come from
strangers and PDFium is C++.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import zstandard

from corpus import pdf_worker
from corpus.readers.zst import ZstReader
from corpus.records import Page
from corpus.settings import Settings
from corpus.store import Store

PDF = "application/pdf"
_TYPES = {
    ".txt": "text/plain", ".text": "text/plain", ".md": "text/markdown", ".markdown": "text/markdown",
    ".html": "text/html", ".htm": "text/html", ".pdf": PDF,
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jsonl": "application/jsonl", ".gz": "application/gzip", ".zst": "application/zstd",
}  # fmt: skip
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PDF_READERS = ("pdftotext", "pypdfium2")
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


def unreferenced(settings: Settings, store: Store) -> list[Path]:
    """Kept originals that no page came from any more, of this or of a kept earlier state of the store.

    A file of JSON lines is one page's original when any of its lines is: its pages carry their line's hash.
    """
    if not settings.originals.is_dir():
        return []
    used = {row[0] for row in store.rows("SELECT DISTINCT sha256 FROM pages")}
    kept = (path for path in settings.originals.iterdir() if _SHA256.fullmatch(path.name))
    return sorted(path for path in kept if path.name not in used and not used & _lines(path))


def _lines(path: Path) -> set[str]:
    """The hashes of a file's lines, as `corpus.readers.jsonl` takes them; none where it is no such file."""
    try:
        with _unpacked(path) as stream:
            if not stream.peek(1).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
                return set()
            lines = (line.removeprefix(b"\xef\xbb\xbf").strip() for line in stream)
            return {hashlib.sha256(line).hexdigest() for line in lines}
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return set()


def _unpacked(path: Path) -> io.BufferedReader:
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(b"\x1f\x8b"):
        return io.BufferedReader(gzip.GzipFile(path, "rb"))
    if magic == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(ZstReader(path))
    return path.open("rb")


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
    program = [sys.executable, "-I", str(Path(pdf_worker.__file__).resolve())]
    limits = [str(number), str(width), str(memory), str(seconds)]
    try:
        done = subprocess.run(  # noqa: S603
            [*program, str(original.path.resolve()), *limits],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={"LC_ALL": "C.UTF-8"},
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DrawingError(f"page {number} of {original.name} took over {seconds} s") from error
    head, found, image = done.stdout.partition(b"\n")
    if done.returncode or not found or len(done.stdout) > _MOST_OUTPUT_BYTES:
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
