"""PDF, page by page: poppler's ``pdftotext`` where it is installed, else pypdfium2.

The two give different text, so the document records which one read it, and its version.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from corpus.readers import files, pdfium
from corpus.readers.errors import ReadError
from corpus.records import SourceDocument, SourcePage

_SECONDS = 60.0
_SECONDS_PER_MB = 2.0
_NO_PERMISSION = 3
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f\u0e01-\u0e2e\uf700-\uf71a]")
_PRODUCED = re.compile(r"untitled|microsoft word|\.(?:docx?|pdf|indd|pptx?)\b|^\W*$", re.IGNORECASE)


def read_pdf(path: Path, source: str) -> Iterator[SourceDocument]:
    """One document with its pages; pages without text are left out but counted.

    Raises ReadError for a broken or encrypted file and for scans without a text layer.
    """
    data = files.load(path)
    if b"%PDF-" not in data[:1024]:
        raise _broken(path, "no %PDF header")
    program = shutil.which("pdftotext")
    found = _by_poppler(path, program, len(data)) if program else None
    reader, texts, title = found or _by_pdfium(path)
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
    yield SourceDocument(None, _title(title), source, files.sha256(data), reader, pages)


def _by_poppler(path: Path, program: str, size: int) -> tuple[str, list[str], str] | None:
    """Read with pdftotext; ``None`` when it fails in a way that the other reader may survive."""
    seconds = _SECONDS + _SECONDS_PER_MB * size / 1e6
    command = [program, "-raw", "-enc", "UTF-8", str(path.resolve()), "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, env=_environment())  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ReadError(
            path,
            f"อ่าน PDF นานเกิน {seconds:.0f} วินาที (reading the PDF took over {seconds:.0f} seconds)",
            "แบ่งไฟล์เป็นส่วนย่อยหรือบันทึก PDF ใหม่ (split the file, or save the PDF anew)",
        ) from error
    except OSError:
        return None
    if done.returncode == _NO_PERMISSION or b"Incorrect password" in done.stderr:
        raise _encrypted(path)
    if done.returncode != 0:
        return None
    texts = done.stdout.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\f")
    if texts and not texts[-1].strip():
        texts.pop()  # every page ends with a form feed
    return f"pdftotext {_version(program)}", texts, _poppler_title(path)


def _by_pdfium(path: Path) -> tuple[str, list[str], str]:
    try:
        texts, title = pdfium.read(path)
    except pdfium.PasswordError as error:
        raise _encrypted(path) from error
    except pdfium.BrokenError as error:
        raise _broken(path, str(error)) from error
    return f"pypdfium2 {pdfium.version()}", texts, title


def _environment() -> dict[str, str]:
    """Keep messages in English, whatever the user's language."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


@cache
def _version(program: str) -> str:
    done = subprocess.run([program, "-v"], capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    found = re.search(rb"version ([0-9.]+)", done.stderr + done.stdout)
    return found[1].decode() if found else "?"


def _poppler_title(path: Path) -> str:
    program = shutil.which("pdfinfo")
    if program is None:
        return ""
    command = [program, "-enc", "UTF-8", str(path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, env=_environment())  # noqa: S603
    except (subprocess.TimeoutExpired, OSError):
        return ""
    found = re.search(r"^Title:[ \t]*(\S.*)$", done.stdout.decode("utf-8", errors="replace"), re.MULTILINE)
    return found[1] if found else ""


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
