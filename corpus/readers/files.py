"""What every reader needs of a file: its bytes, its hash, its name for citations, its pages."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from corpus.limits import Limits
from corpus.readers import encodings
from corpus.readers.errors import ReadError, binary, empty, too_large, too_many_pages, too_much_text
from corpus.records import SourceDocument, SourcePage

_BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\x00-\x1f]*\Z")


def load(path: Path, most_bytes: int) -> bytes:
    """Take the file's bytes; raises ReadError when it cannot be opened, is empty or larger than may be."""
    try:
        with path.open("rb") as stream:
            data = stream.read(most_bytes + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if not data:
        raise empty(path)
    if len(data) > most_bytes:
        raise too_large(path, most_bytes)
    return data


def digest(path: Path, most_bytes: int) -> tuple[str, bytes]:
    """Hash a file piece by piece, and take its first kilobyte; refuses as `load` does."""
    try:
        with path.open("rb") as stream:
            start = stream.read(1024)
            stream.seek(0)
            found = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise unreadable(path, error) from error
    if not start:
        raise empty(path)
    if size > most_bytes:
        raise too_large(path, most_bytes)
    return found, start


def unreadable(path: Path, error: OSError) -> ReadError:
    """Make the error for a file that the operating system does not let us read."""
    return ReadError(
        path,
        f"เปิดไฟล์ไม่ได้ (cannot be opened: {error.strerror or error})",
        "ตรวจว่ามีไฟล์อยู่จริงและมีสิทธิ์อ่าน (check that it exists and that you may read it)",
    )


def decode(path: Path, data: bytes) -> encodings.Decoded:
    """Take the file's text; raises ReadError when it is binary or blank."""
    try:
        found = encodings.decode(data)
    except encodings.BinaryError as error:
        raise binary(path, str(error)) from error
    if is_blank(found.text):
        raise empty(path)
    return found


def notes(found: encodings.Decoded) -> dict[str, str]:
    """Note what to remember of the decoding: an unusual encoding, and how many characters were lost."""
    kept = {}
    if found.encoding not in {"utf-8", "ascii"}:
        kept["encoding"] = found.encoding
    if found.damaged:
        kept["damaged_chars"] = str(found.damaged)
    return kept


def sha256(data: bytes) -> str:
    """Hash as hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def source_name(path: Path, root: Path | None) -> str:
    """Name the file as a citation shows it: relative to ``root`` with forward slashes, else the file's name."""
    if root is not None and path.is_relative_to(root) and path != root:
        return path.relative_to(root).as_posix()
    return path.name


def is_folder(path: Path) -> bool:
    """Tell whether a path leads to a folder; not where the system takes no such path."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_blank(text: str) -> bool:
    """Tell whether nothing in the text could be seen on paper."""
    return _BLANK.match(text) is not None


def split_pages(path: Path, text: str, limits: Limits) -> tuple[SourcePage, ...]:
    """Part a text into pages at form feeds; blank ones are left out but still counted in the numbers.

    Raises ReadError when there are more pages than may be; they are counted before the text is parted.
    """
    if text.count("\f") >= limits.pages:
        raise too_many_pages(path, text.count("\f") + 1, limits)
    parts = text.split("\f")
    return tuple(SourcePage(number, part) for number, part in enumerate(parts, start=1) if not is_blank(part))


def check(path: Path, document: SourceDocument, limits: Limits) -> SourceDocument:
    """Give the document back; raises ReadError when it has more pages or text than may be."""
    if len(document.pages) > limits.pages:
        raise too_many_pages(path, len(document.pages), limits)
    longest = max(document.pages, key=lambda page: len(page.text), default=None)
    if longest is not None and len(longest.text) > limits.page_chars:
        raise too_much_text(path, limits.page_chars, f"หน้า {longest.number} (page {longest.number})")
    if sum(len(page.text) for page in document.pages) > limits.document_chars:
        raise too_much_text(path, limits.document_chars, "เอกสาร (the document)")
    return document
