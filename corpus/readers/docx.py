"""Word files: paragraphs and tables in their order, headings marked, pages where Word noted them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.readers import encodings, files
from corpus.readers.errors import ReadError, empty
from corpus.records import SourceDocument

_MAX_BYTES = 1 << 29
_MAX_ENTRIES = 10_000
_MAX_DEPTH = 100
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = {_FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}pPr", f"{_W}rPr", f"{_W}sectPr"}
_PLAIN = {
    f"{_W}tab": "\t",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
    f"{_W}ptab": "\t",
}


def read_docx(path: Path, source: str) -> Iterator[SourceDocument]:
    """One document. Its pages are those of Word's last layout, when the file holds one, else page 1.

    Raises ReadError for broken or encrypted files, old ``.doc`` files, and packages too large to open.
    """
    data = files.load(path)
    _check_package(path, data)
    document = _opened(path)
    body = document.element.body
    rendered = next(body.iter(f"{_W}lastRenderedPageBreak"), None) is not None
    text = "\n".join(_block(child, document, rendered, 0) for child in body if child.tag not in _SKIPPED)
    pages = files.split_pages(text.replace("\n\f", "\f"))
    if not pages:
        raise empty(path)
    title = " ".join((document.core_properties.title or "").split()) or None
    yield SourceDocument(None, title, source, files.sha256(data), f"python-docx {_version()}", pages)


def _check_package(path: Path, data: bytes) -> None:
    """Refuse what is no Word package, and one that would unpack to more than memory can take.

    Python's zipfile never reads past the declared size, so that the declared sizes can be trusted.
    """
    if encodings.magic(data) == "DOC / XLS (OLE)":
        raise ReadError(
            path,
            "เป็นไฟล์ .doc รุ่นเก่าหรือไฟล์ใส่รหัสผ่าน (an old .doc file, or one with a password)",
            "เปิดด้วย Word แล้วบันทึกเป็น .docx ที่ไม่มีรหัสผ่าน (save it from Word as .docx without a password)",
        )
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _broken(path, str(error)) from error
    if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > _MAX_BYTES:
        raise ReadError(
            path,
            f"ไฟล์คลายออกแล้วใหญ่เกิน {_MAX_BYTES >> 20} MB (unpacked, the file exceeds {_MAX_BYTES >> 20} MB)",
            "แบ่งเอกสารหรือเอาภาพออก (split the document, or remove its images)",
        )


def _opened(path: Path) -> Any:
    import docx

    try:
        return docx.Document(str(path))
    except Exception as error:  # zip, XML and package errors of three libraries, all mean: broken
        raise _broken(path, f"{type(error).__name__}: {error}"[:200]) from error


def _broken(path: Path, what: str) -> ReadError:
    return ReadError(
        path,
        f"ไฟล์ Word เสียหายหรือไม่ใช่ .docx (the Word file is broken or no .docx: {what})",
        "เปิดด้วย Word หรือ LibreOffice แล้วบันทึกเป็น .docx ใหม่ (open it in Word or LibreOffice, save it as .docx)",
    )


def _version() -> str:
    from importlib.metadata import version

    return version("python-docx")


def _block(element: Any, document: Any, rendered: bool, depth: int) -> str:
    """Give the text of a paragraph, a table, or whatever holds some."""
    if depth > _MAX_DEPTH or element.tag in _SKIPPED:
        return ""
    if element.tag == f"{_W}p":
        text = _inline(element, rendered, depth)
        level = _heading_level(element, document)
        return f"{'#' * level} {text.strip()}" if level and text.strip() else text
    if element.tag == f"{_W}tbl":
        rows = (
            _row(row, document, rendered, depth + 1)
            for row in element.iter(f"{_W}tr")
            if _owner(row) is element
        )
        return "\n".join(row for row in rows if row.strip())
    return "\n".join(filter(None, (_block(child, document, rendered, depth + 1) for child in element)))


def _owner(row: Any) -> Any:
    """Find the table that a row belongs to, past content controls between them."""
    parent = row.getparent()
    while parent is not None and parent.tag != f"{_W}tbl":
        parent = parent.getparent()
    return parent


def _row(row: Any, document: Any, rendered: bool, depth: int) -> str:
    cells = (
        " ".join(
            filter(
                None,
                (
                    _block(child, document, rendered, depth + 1).strip()
                    for child in cell
                    if child.tag != f"{_W}tcPr"
                ),
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


def _heading_level(paragraph: Any, document: Any) -> int:
    """Read the heading level off the paragraph's style, 0 for ordinary text."""
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    if style is None:
        return 0
    name = _style_name(document, style.get(f"{_W}val") or "").lower()
    if name == "title":
        return 1
    number = name.removeprefix("heading ") if name.startswith("heading ") else ""
    return min(int(number), 6) if number.isdecimal() else 0


def _style_name(document: Any, style_id: str) -> str:
    found = next(
        (
            style
            for style in document.styles.element.iter(f"{_W}style")
            if style.get(f"{_W}styleId") == style_id
        ),
        None,
    )
    name = None if found is None else found.find(f"{_W}name")
    return "" if name is None else name.get(f"{_W}val") or ""
