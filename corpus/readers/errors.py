"""What went wrong with a file, said so that the person who brought it can act."""

from __future__ import annotations

from pathlib import Path

from corpus.limits import Limits


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

    def known_as(self, name: str) -> ReadError:
        """The same error for those who know the file by another name."""
        return ReadError(Path(name), self.reason, self.advice, line=self.line)


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


def too_large(path: Path, most_bytes: int) -> ReadError:
    """Make the error for a file of more bytes than are read."""
    return ReadError(
        path,
        f"ไฟล์ใหญ่เกิน {_size(most_bytes)} (the file exceeds {_size(most_bytes)})",
        "แบ่งไฟล์เป็นส่วนย่อย หรือเพิ่ม KARANI_MAX_FILE_BYTES (split the file, or raise KARANI_MAX_FILE_BYTES)",
    )


def too_many_pages(path: Path, pages: int, limits: Limits) -> ReadError:
    """Make the error for a document of more pages than are read."""
    return ReadError(
        path,
        f"มี {pages} หน้า เกิน {limits.pages} หน้า ({pages} pages exceed {limits.pages})",
        "แบ่งเอกสารเป็นส่วนย่อย หรือเพิ่ม KARANI_MAX_PAGES (split the document, or raise KARANI_MAX_PAGES)",
    )


def too_much_text(path: Path, most_chars: int, where: str) -> ReadError:
    """Make the error for more text than a page or a document may hold."""
    return ReadError(
        path,
        f"{where} มีข้อความเกิน {most_chars} ตัวอักษร (holds more than {most_chars} characters)",
        "แบ่งเป็นหลายไฟล์หรือหลายหน้า ในไฟล์ข้อความคั่นหน้าด้วย form feed "
        "(split it into several files or pages; in a text file a form feed ends a page)",
    )


def too_slow(path: Path, seconds: int) -> ReadError:
    """Make the error for a file that takes longer than reading may."""
    return ReadError(
        path,
        f"อ่านไฟล์นานเกิน {seconds} วินาที (reading the file took over {seconds} seconds)",
        "แบ่งไฟล์ บันทึกใหม่ หรือเพิ่ม KARANI_MAX_READING_SECONDS "
        "(split the file, save it anew, or raise KARANI_MAX_READING_SECONDS)",
    )


def too_hungry(path: Path, memory_bytes: int) -> ReadError:
    """Make the error for a file that needs more memory than reading may."""
    return ReadError(
        path,
        f"อ่านไฟล์นี้ต้องใช้หน่วยความจำเกิน {_size(memory_bytes)} (reading the file needs over {_size(memory_bytes)} of memory)",
        "แบ่งไฟล์ บันทึกใหม่ หรือเพิ่ม KARANI_MAX_READING_MEMORY_BYTES "
        "(split the file, save it anew, or raise KARANI_MAX_READING_MEMORY_BYTES)",
    )


def broke_off(path: Path, how: str) -> ReadError:
    """Make the error for a file at which the program that reads it came to its end."""
    return ReadError(
        path,
        f"โปรแกรมอ่านไฟล์หยุดกลางคัน (the program that reads it broke off: {how})",
        "เปิดไฟล์แล้วบันทึกใหม่ หรือแปลงเป็น .txt (open the file and save it anew, or convert it to .txt)",
    )


def not_made(path: Path, document_id: str, how: str) -> ReadError:
    """Make the error for a document at which the process that cleans and cuts it came to its end, also by itself."""
    return ReadError(
        path,
        f"โปรเซสที่เตรียมเอกสาร {document_id} หยุดกลางคัน (the process that prepared document {document_id} broke off: {how})",
        "ตรวจว่าหน่วยความจำพอ แล้วลองใหม่ด้วย --workers 1 "
        "(look whether the machine ran out of memory, then try again with --workers 1)",
    )


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count} bytes"
