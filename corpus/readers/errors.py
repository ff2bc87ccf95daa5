"""What went wrong with a file, said so that the person who brought it can act."""

from __future__ import annotations

from pathlib import Path


class ReadError(Exception):
    """A file, or one line of it, could not be read.

    ``reason`` and ``advice`` are for people: Thai first, English in brackets.
    ``line`` counts from 1 and is set when only that line of the file failed.
    """

    def __init__(self, path: Path, reason: str, advice: str, *, line: int | None = None) -> None:
        self.path = path
        self.reason = reason
        self.advice = advice
        self.line = line
        place = str(path) if line is None else f"{path} บรรทัด {line} (line {line})"
        super().__init__(f"{place}: {reason} → {advice}")


def empty(path: Path) -> ReadError:
    """Make the error for a file that holds no text at all."""
    return ReadError(
        path,
        "ไฟล์ว่าง ไม่มีข้อความ (the file holds no text)",
        "ตรวจว่าบันทึกหรือดาวน์โหลดไฟล์ครบถ้วน (check that it was saved or downloaded completely)",
    )


def binary(path: Path, what: str) -> ReadError:
    """Make the error for a file whose bytes are not the text its name promises."""
    return ReadError(
        path,
        f"เนื้อไฟล์ไม่ใช่ข้อความ แต่เป็น {what} (the content is not text but {what})",
        "แก้นามสกุลไฟล์ให้ตรงชนิด หรือบันทึกใหม่เป็นข้อความ UTF-8 "
        "(give the file its right suffix, or save it as UTF-8 text)",
    )
