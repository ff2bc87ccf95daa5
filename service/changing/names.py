"""Names that files are sent with: labels for citations and ids, never paths."""

from __future__ import annotations

import re
import unicodedata

from corpus.readers import SUFFIXES
from corpus.readers.names import display_name
from service.problems import ProblemError, invalid

MAX_NAME_CHARS = 200
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_LONGEST_FIRST = sorted(SUFFIXES, key=len, reverse=True)


def clean_name(given: bytes) -> str:
    """What citations and ids call the file: its last part, made safe; ``../x/a.pdf`` is ``a.pdf``.

    Raises:
        ProblemError: 422, it is not UTF-8, holds control characters, is empty or too long.
    """
    try:
        text = unicodedata.normalize("NFC", given.decode("utf-8"))
    except UnicodeDecodeError:
        raise _refused("ชื่อไฟล์ไม่ใช่ UTF-8", "a file's name is not UTF-8") from None
    if _UNSEEN.search(text):
        raise _refused("ชื่อไฟล์มีอักขระที่มองไม่เห็น", "a file's name holds characters that cannot be seen")
    if not any(part.strip(" .") for part in text.replace("\\", "/").split("/")):
        raise _refused("ทุกไฟล์ต้องมีชื่อ", "every file wants a name, such as filename=report.pdf")
    if len(text) > MAX_NAME_CHARS:
        raise _refused(
            f"ชื่อไฟล์ยาวเกิน {MAX_NAME_CHARS} ตัวอักษร", f"a file's name is over {MAX_NAME_CHARS} characters"
        )
    return display_name(text)


def suffix_of(name: str) -> str:
    """The suffix that says which reader reads a file.

    Raises:
        ProblemError: 415, no reader reads such files.
    """
    lower = name.lower()
    for suffix in _LONGEST_FIRST:
        if lower.endswith(suffix) and len(name) > len(suffix):
            return suffix
    known = " ".join(SUFFIXES)
    raise ProblemError(
        415,
        "unknown-file-type",
        f"{name}: ยังไม่รองรับไฟล์ชนิดนี้ แปลงเป็นชนิดใดชนิดหนึ่งใน {known}",
        f"{name}: no reader for this kind of file; convert it to one of {known}",
        errors=[{"in": "body", "name": name, "detail": f"ไม่รองรับ · not one of {known}"}],
    )


def _refused(thai: str, english: str) -> ProblemError:
    return invalid("body", "files", thai, english)
