"""PDF, page by page: poppler's ``pdftotext`` where it is installed, else pypdfium2.

The two give different text, so the document records which one read it, and its version.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from corpus import confined
from corpus.limits import Limits
from corpus.readers import files, pdfium
from corpus.readers.errors import ReadError, too_many_pages, too_much_text, too_slow
from corpus.records import SourceDocument, SourcePage

_SECONDS = 10.0
_MOST_ABOUT_BYTES = 1 << 20
_NO_PERMISSION = 3
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f\u0e01-\u0e2e\uf700-\uf71a]")
_PRODUCED = re.compile(r"untitled|microsoft word|\.(?:docx?|pdf|indd|pptx?)\b|^\W*$", re.IGNORECASE)


def read_pdf(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """One document with its pages; pages without text are left out but counted.

    Raises ReadError for a broken or encrypted file, for scans without a text layer, and for more pages or text
    than may be.
    """
    sha256, start = files.digest(path, limits.file_bytes)
    if b"%PDF-" not in start:
        raise _broken(path, "no %PDF header")
    reader, texts, title = _by_poppler(path, limits) or _by_pdfium(path, limits)
    if not texts:
        raise _broken(path, "it has no pages")
    pages = tuple(
        SourcePage(number, text) for number, text in enumerate(texts, start=1) if not files.is_blank(text)
    )
    if not any(_LETTER.search(page.text) for page in pages):
        raise ReadError(
            path,
            f"PDF เป็นภาพสแกน ไม่มีตัวอักษรให้อ่าน ({len(texts)} หน้า) "
            f"(the PDF holds images only, no text, on {len(texts)} pages)",
            "ทำ OCR ก่อน เช่น ocrmypdf -l tha+eng เดิม.pdf ใหม่.pdf (run OCR first, e.g. with ocrmypdf)",
        )
    yield SourceDocument(None, _title(title), source, sha256, reader, pages)


def _by_poppler(path: Path, limits: Limits) -> tuple[str, list[str], str] | None:
    """Read with pdftotext; ``None`` where it is not installed or fails in a way that the other reader may survive."""
    program = shutil.which("pdftotext")
    if program is None:
        return None
    title, stated = _poppler_info(path, limits)
    if stated > limits.pages:
        raise too_many_pages(path, stated, limits)
    # One page more than may be: what the file says of its pages need not be so.
    command = [program, "-raw", "-enc", "UTF-8", "-l", str(limits.pages + 1), str(path.resolve()), "-"]
    try:
        done = confined.run(command, seconds=limits.reading_seconds, most_bytes=limits.text_bytes)
    except subprocess.TimeoutExpired as error:
        raise too_slow(path, limits.reading_seconds) from error
    except confined.OutputError as error:
        raise too_much_text(path, limits.document_chars, "PDF") from error
    except OSError:
        return None
    if done.returncode == _NO_PERMISSION or b"Incorrect password" in done.stderr:
        raise _encrypted(path)
    if done.returncode != 0:
        return None
    texts = done.stdout.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\f")
    if texts and not texts[-1].strip():
        texts.pop()  # every page ends with a form feed
    if len(texts) > limits.pages:
        raise too_many_pages(path, len(texts), limits)
    return f"pdftotext {_version(program)}", texts, title


def _by_pdfium(path: Path, limits: Limits) -> tuple[str, list[str], str]:
    try:
        texts, title = pdfium.read(path, limits)
    except pdfium.PasswordError as error:
        raise _encrypted(path) from error
    except pdfium.BrokenError as error:
        raise _broken(path, str(error)) from error
    except pdfium.TooManyPagesError as error:
        raise too_many_pages(path, error.pages, limits) from error
    except pdfium.TooMuchTextError as error:
        raise too_much_text(path, limits.document_chars, "PDF") from error
    return f"pypdfium2 {pdfium.version()}", texts, title


@cache
def _version(program: str) -> str:
    done = confined.run([program, "-v"], seconds=_SECONDS, most_bytes=_MOST_ABOUT_BYTES)
    found = re.search(rb"version ([0-9.]+)", done.stderr + done.stdout)
    return found[1].decode() if found else "?"


def _poppler_info(path: Path, limits: Limits) -> tuple[str, int]:
    """The title and the number of pages that the file states; nothing and 0 where that cannot be had."""
    program = shutil.which("pdfinfo")
    if program is None:
        return "", 0
    command = [program, "-enc", "UTF-8", str(path.resolve())]
    try:
        done = confined.run(command, seconds=limits.reading_seconds, most_bytes=_MOST_ABOUT_BYTES)
    except subprocess.TimeoutExpired as error:
        raise too_slow(path, limits.reading_seconds) from error
    except (confined.OutputError, OSError):
        return "", 0
    about = done.stdout.decode("utf-8", errors="replace")
    title = re.search(r"^Title:[ \t]*(\S.*)$", about, re.MULTILINE)
    pages = re.search(r"^Pages:[ \t]*(\d{1,9})$", about, re.MULTILINE)
    return title[1] if title else "", int(pages[1]) if pages else 0


def _title(stated: str) -> str | None:
    """Believe a title that an author wrote, not one that a program put there."""
    title = " ".join(stated.replace("\x00", "").split())
    return title if title and not _PRODUCED.search(title) and "\ufffd" not in title else None


def _broken(path: Path, what: str) -> ReadError:
    return ReadError(
        path,
        f"ไฟล์ PDF เสียหายหรือไม่ครบ (the PDF is broken or cut short: {what})",
        "ดาวน์โหลดหรือส่งออกเป็น PDF ใหม่ (download it again, or export the PDF anew)",
    )


def _encrypted(path: Path) -> ReadError:
    return ReadError(
        path,
        "ไฟล์ PDF ใส่รหัสผ่านหรือห้ามคัดลอกข้อความ (the PDF is encrypted or forbids copying)",
        "ขอไฟล์ที่ไม่ใส่รหัสจากเจ้าของ (ask its owner for a copy without a password)",
    )
