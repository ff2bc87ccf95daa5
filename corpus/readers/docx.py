"""Word files: paragraphs and tables in their order, headings marked, pages where Word noted them."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.limits import Limits
from corpus.readers import encodings, files
from corpus.readers.errors import ReadError, empty
from corpus.records import SourceDocument

_MAX_DEPTH = 100
_DOCTYPE = re.compile(
    b"|".join(re.escape("<!DOCTYPE".encode(codec)) for codec in ("utf-8", "utf-16-le", "utf-16-be"))
)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = {_FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}pPr", f"{_W}rPr", f"{_W}sectPr"}
_PLAIN = {
    f"{_W}tab": "\t",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
    f"{_W}ptab": "\t",
}


def read_docx(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """One document. Its pages are those of Word's last layout, when the file holds one, else page 1.

    Raises ReadError for broken or encrypted files, old ``.doc`` files, and packages too large to open.
    """
    sha256, start = files.digest(path, limits.file_bytes)
    _check_package(path, start, limits)
    document = _opened(path)
    body, look = _body(path, document)
    text = "\n".join(_block(child, look, 0) for child in body if child.tag not in _SKIPPED)
    pages = files.split_pages(path, text.replace("\n\f", "\f"), limits)
    if not pages:
        raise empty(path)
    yield SourceDocument(None, _title(document), source, sha256, f"python-docx {_version()}", pages)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a paragraph's text depends on: heading levels by style, and whether Word noted its pages."""

    levels: Mapping[str, int]
    rendered: bool


def _check_package(path: Path, start: bytes, limits: Limits) -> None:
    """Refuse what is no Word package, one that would unpack to more than may be, and one whose XML declares entities.

    Python's zipfile never reads past the declared size, so that the declared sizes can be trusted.
    """
    if encodings.magic(start) == "DOC / XLS (OLE)":
        raise ReadError(
            path,
            "เป็นไฟล์ .doc รุ่นเก่าหรือไฟล์ใส่รหัสผ่าน (an old .doc file, or one with a password)",
            "เปิดด้วย Word แล้วบันทึกเป็น .docx ที่ไม่มีรหัสผ่าน (save it from Word as .docx without a password)",
        )
    try:
        with zipfile.ZipFile(path) as package:
            _check_sizes(path, package.infolist(), limits)
            _check_parts(path, package)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise _broken(path, str(error)) from error


def _check_sizes(path: Path, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    parts = (entry.file_size for entry in entries if _is_xml(entry))
    if (
        len(entries) > limits.package_entries
        or sum(entry.file_size for entry in entries) > limits.package_bytes
        or max(parts, default=0) > limits.part_bytes
    ):
        most = f"{limits.package_bytes >> 20} MB, {limits.package_entries} ไฟล์ (files), {limits.part_bytes >> 20} MB XML"
        raise ReadError(
            path,
            f"ไฟล์คลายออกแล้วใหญ่เกิน {most} (unpacked, the file exceeds {most})",
            "แบ่งเอกสารหรือเอาภาพออก (split the document, or remove its images)",
        )


def _check_parts(path: Path, package: zipfile.ZipFile) -> None:
    """The format forbids document types; whoever writes one wants entities that grow or that read other files."""
    for entry in package.infolist():
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _broken(path, f"it is packed by method {entry.compress_type}")
        if _is_xml(entry) and _DOCTYPE.search(package.read(entry)):
            raise _broken(path, "its XML declares entities")


def _is_xml(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith((".xml", ".rels"))


def _opened(path: Path) -> Any:
    import docx

    try:
        return docx.Document(str(path))
    except MemoryError:
        raise
    except Exception as error:  # zip, XML and package errors of three libraries, all mean: broken
        raise _broken(path, f"{type(error).__name__}: {error}"[:200]) from error


def _body(path: Path, document: Any) -> tuple[Any, _Look]:
    """The element that holds the text, and what it looks like."""
    try:
        body = document.element.body
        rendered = next(body.iter(f"{_W}lastRenderedPageBreak"), None) is not None
        return body, _Look(_levels(document), rendered)
    except (AttributeError, KeyError, ValueError) as error:  # parts of another kind than they claim to be
        raise _broken(path, f"{type(error).__name__}: {error}"[:200]) from error


def _title(document: Any) -> str | None:
    """The title that the file states; its text is worth reading without one."""
    try:
        return " ".join((document.core_properties.title or "").split()) or None
    except (AttributeError, KeyError, ValueError):
        return None


def _broken(path: Path, what: str) -> ReadError:
    return ReadError(
        path,
        f"ไฟล์ Word เสียหายหรือไม่ใช่ .docx (the Word file is broken or no .docx: {what})",
        "เปิดด้วย Word หรือ LibreOffice แล้วบันทึกเป็น .docx ใหม่ (open it in Word or LibreOffice, save it as .docx)",
    )


def _version() -> str:
    from importlib.metadata import version

    return version("python-docx")


def _block(element: Any, look: _Look, depth: int) -> str:
    """Give the text of a paragraph, a table, or whatever holds some."""
    if depth > _MAX_DEPTH or element.tag in _SKIPPED:
        return ""
    if element.tag == f"{_W}p":
        text = _inline(element, look.rendered, depth)
        level = _heading_level(element, look.levels)
        return f"{'#' * level} {text.strip()}" if level and text.strip() else text
    if element.tag == f"{_W}tbl":
        rows = (_row(row, look, depth + 1) for row in element.iter(f"{_W}tr") if _owner(row) is element)
        return "\n".join(row for row in rows if row.strip())
    return "\n".join(filter(None, (_block(child, look, depth + 1) for child in element)))


def _owner(row: Any) -> Any:
    """Find the table that a row belongs to, past content controls between them."""
    parent = row.getparent()
    while parent is not None and parent.tag != f"{_W}tbl":
        parent = parent.getparent()
    return parent


def _row(row: Any, look: _Look, depth: int) -> str:
    cells = (
        " ".join(
            filter(
                None,
                (_block(child, look, depth + 1).strip() for child in cell if child.tag != f"{_W}tcPr"),
            )
        )
        for cell in row.iterchildren(f"{_W}tc")
    )
    return " | ".join(cell.replace("\n", " ") for cell in cells if cell)


def _inline(element: Any, rendered: bool, depth: int) -> str:
    """Give the text inside a paragraph; a form feed where a new page begins."""
    if depth > _MAX_DEPTH:
        return ""
    parts = []
    for child in element:
        tag = child.tag
        if not isinstance(tag, str) or tag in _SKIPPED:
            continue
        if tag == f"{_W}t":
            parts.append(child.text or "")
        elif tag == f"{_W}lastRenderedPageBreak":
            parts.append("\f")
        elif tag == f"{_W}br":
            page = child.get(f"{_W}type") == "page"
            parts.append(("" if rendered else "\f") if page else "\n")
        elif tag in _PLAIN:
            parts.append(_PLAIN[tag])
        else:
            parts.append(_inline(child, rendered, depth + 1))
    return "".join(parts) + ("\n" if element.tag == f"{_W}p" and depth > _MAX_DEPTH else "")


def _heading_level(paragraph: Any, levels: Mapping[str, int]) -> int:
    """Read the heading level off the paragraph's style, 0 for ordinary text."""
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return 0 if style is None else levels.get(style.get(f"{_W}val") or "", 0)


def _levels(document: Any) -> dict[str, int]:
    """The heading level of every style that has one, by the style's id."""
    found: dict[str, int] = {}
    for style in document.styles.element.iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        stated = "" if name is None else (name.get(f"{_W}val") or "").lower()
        found.setdefault(style.get(f"{_W}styleId") or "", _level(stated))
    return found


def _level(name: str) -> int:
    if name == "title":
        return 1
    number = name.removeprefix("heading ") if name.startswith("heading ") else ""
    return min(int(number[:9]), 6) if number.isdecimal() else 0
