"""The files of a ``multipart/form-data`` body (RFC 7578), written to the spool as they come."""

from __future__ import annotations

from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.changing.jobs import File
from service.changing.names import clean_name, suffix_of
from service.changing.spool import Incoming
from service.problems import ProblemError, invalid

FIELD = "files"
_MAX_HEADERS, _MAX_HEADER_BYTES = 8, 4096


class Multipart:
    """Feed it the body; `close` gives the files. Its methods write to the disk: not for the event loop.

    Args:
        boundary: as the request's content type names it.
        incoming: where the files go.
        max_files: more are refused.
    """

    def __init__(self, boundary: bytes, incoming: Incoming, max_files: int) -> None:
        self._incoming = incoming
        self._max_files = max_files
        self._files: dict[str, File] = {}
        self._header: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._shown = ""
        self._stream: IO[bytes] | None = None
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begins,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_ends,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_ends,
                    "on_end": self._end,
                },
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise _unreadable() from error

    def feed(self, data: bytes) -> None:
        """The body's next bytes.

        Raises:
            ProblemError: 400, 415 or 422, and what is wrong.
            OSError: they cannot be written.
        """
        self._incoming.check_space()
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _unreadable() from error

    def close(self) -> list[File]:
        """The files, once the whole body has come."""
        self.drop()
        if not self._ended:
            raise _unreadable()
        if not self._files:
            raise invalid("body", FIELD, "ไม่มีไฟล์", "no file came: send at least one part named files")
        return list(self._files.values())

    def drop(self) -> None:
        """Close what is open."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _part_begins(self) -> None:
        if len(self._files) >= self._max_files:
            thai = f"ส่งได้ครั้งละไม่เกิน {self._max_files} ไฟล์ แบ่งส่งหลายครั้ง"
            english = f"at most {self._max_files} files in one call: send the rest in another"
            raise invalid("body", FIELD, thai, english)
        self._header = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        self._header[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        disposition = self._header.get(b"content-disposition", b"").decode("latin-1")
        kind, options = parse_options_header(disposition)
        field = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or field != FIELD:
            shown = "".join(char if char.isprintable() else "?" for char in field[:100])
            raise invalid(
                "body",
                shown or FIELD,
                "ไม่รู้จักส่วนนี้ ใช้ชื่อ files",
                "unknown part: every part is a file named files",
            )
        if b"filename" not in options:
            raise invalid("body", FIELD, "ไม่ใช่ไฟล์", "is not a file: give it a filename, such as report.pdf")
        self._shown = clean_name(options[b"filename"])
        suffix = suffix_of(self._shown)
        if self._shown in self._files:
            raise invalid("body", self._shown, "ชื่อไฟล์ซ้ำ", "two files have this name")
        stored, self._stream = self._incoming.create(suffix)
        self._files[self._shown] = File(self._shown, stored)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        assert self._stream is not None  # noqa: S101 - opened when the headers ended
        self._stream.write(data[start:end])

    def _part_ends(self) -> None:
        assert self._stream is not None  # noqa: S101 - as above
        size = self._stream.tell()
        self.drop()
        if not size:
            thai, english = "ไฟล์ว่าง ตรวจว่าบันทึกครบถ้วน", "the file is empty: check that it was saved completely"
            raise invalid("body", self._shown, thai, english)

    def _end(self) -> None:
        self._ended = True


def _unreadable() -> ProblemError:
    return ProblemError(
        400,
        "unreadable-body",
        "อ่าน multipart/form-data ไม่ได้ ส่งให้ครบถ้วนตาม RFC 7578",
        "the multipart/form-data body cannot be read: it is cut short, or not as RFC 7578 says",
    )
