"""JSON lines: one document a line, read as a stream so that any size fits in memory.

Keys: ``id`` (or BEIR's ``_id``), ``title``, ``text`` or ``pages`` (strings, or objects with
``number`` and ``text``), ``source``, ``metadata``. Further keys with plain values are metadata, too. Lines that
`corpus.export` wrote are known by their mark and come back as they were.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO, Any

import zstandard

from corpus import front_matter
from corpus.export import FORMAT, MARK
from corpus.limits import Limits
from corpus.readers import encodings, files
from corpus.readers.errors import ReadError, binary, empty
from corpus.readers.zst import ZstReader
from corpus.records import SourceDocument, SourcePage

Stream = IO[bytes] | BufferedIOBase
_SHA256 = re.compile(r"[0-9a-f]{64}")
_IDS = ("id", "_id", "document_id")
_OWN = {*_IDS, "title", "text", "pages", "metadata"}
_SKIP_BYTES = 1 << 20
_LINES_TOLD = 16


class _BadLineError(ValueError):
    """Why a line is no document; for people, Thai first."""


class _TooMuchError(ValueError):
    """The file unpacks to more than may be; for people, Thai first."""


def read_jsonl(
    path: Path, source: str, limits: Limits, place: Callable[[int], None] | None = None
) -> Iterator[SourceDocument | ReadError]:
    """Yield a document for each line, or a ReadError as a value where a line is bad; the rest goes on.

    ``place`` is told now and then how many bytes of the file, as it lies on disk, are read.

    Raises ReadError when the file cannot be opened, is not text, holds no line at all, unpacks to more than may be,
    or has so many bad lines that it must be something else.
    """
    count = bad = 0
    for number, line in _guarded(path, source, limits, place):
        count += 1
        found = line if isinstance(line, ReadError) else _document(path, source, number, line, limits)
        bad += isinstance(found, ReadError)
        if bad > limits.bad_lines:
            raise _too_bad(path, limits)
        yield found
    if not count:
        raise empty(path)


def hashes(path: Path, limits: Limits) -> Iterator[str]:
    """The SHA-256 of every line, as its document carries it; none for a file that holds no lines of JSON.

    How the file is packed is told by its first bytes, because kept originals have no suffix.
    """
    with path.open("rb") as stream:
        kind = encodings.magic(stream.read(16))
    suffix = {"GZIP": ".gz", "ZSTD": ".zst"}.get(kind or "", "")
    try:
        for _, line in _guarded(path, suffix, limits):
            if not isinstance(line, ReadError):
                yield files.sha256(line)
    except ReadError:
        return


def _guarded(
    path: Path, name: str, limits: Limits, place: Callable[[int], None] | None = None
) -> Iterator[tuple[int, bytes | ReadError]]:
    """Numbered lines; whatever goes wrong with the file is a ReadError."""
    try:
        with path.open("rb", buffering=1 << 20) as file, _unpacked(file, path, name, limits) as stream:
            for number, line in _lines(path, stream, limits):
                if place and number % _LINES_TOLD == 1:
                    place(file.tell())
                yield number, line
    except OSError as error:
        raise files.unreadable(path, error) from error
    except (EOFError, zlib.error, zstandard.ZstdError) as error:
        raise ReadError(
            path,
            f"ไฟล์บีบอัดเสียหาย ไม่ครบ หรือต้องใช้หน่วยความจำเกินไป (the compressed file is damaged or cut short, "
            f"or asks for too much memory: {error})",
            "บีบอัดหรือดาวน์โหลดใหม่ และไม่ใช้ zstd --long (compress or download it again, without zstd --long)",
        ) from error
    except _TooMuchError as error:
        raise ReadError(
            path,
            str(error),
            "แบ่งไฟล์ หรือเพิ่ม KARANI_MAX_UNPACKED_BYTES (split the file, or raise KARANI_MAX_UNPACKED_BYTES)",
        ) from error


def _unpacked(file: IO[bytes], path: Path, name: str, limits: Limits) -> Stream:
    """The file's bytes, decompressed as its name says."""
    suffix = PurePosixPath(name).suffix.lower() or name
    if suffix == ".gz":
        return gzip.GzipFile(path, "rb", fileobj=file)
    if suffix == ".zst":
        return io.BufferedReader(ZstReader(file, limits.zst_window_bytes), 1 << 20)
    return file


def _lines(path: Path, stream: Stream, limits: Limits) -> Iterator[tuple[int, bytes | ReadError]]:
    """Numbered lines that are not blank; a line over the limit is skipped and reported."""
    left = limits.unpacked_bytes
    number = 0
    while line := stream.readline(limits.line_bytes):
        number += 1
        left -= len(line)
        if number == 1:
            _check_start(path, line)
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) == limits.line_bytes and not line.endswith(b"\n"):
            left = _skip(stream, left, limits)
            yield number, _line_error(path, number, "บรรทัดยาวเกินไป (the line is too long)")
        elif line.strip():
            yield number, line.strip()
        if left < 0 or number > limits.lines:
            raise _too_much(limits)


def _skip(stream: Stream, left: int, limits: Limits) -> int:
    """Pass over the rest of a line; how many bytes may still come after it."""
    while rest := stream.readline(_SKIP_BYTES):
        left -= len(rest)
        if left < 0:
            raise _too_much(limits)
        if rest.endswith(b"\n"):
            break
    return left


def _too_much(limits: Limits) -> _TooMuchError:
    most = f"{limits.unpacked_bytes >> 20} MB"
    return _TooMuchError(
        f"คลายออกแล้วใหญ่เกิน {most} หรือเกิน {limits.lines} บรรทัด (unpacked, the file exceeds {most} or {limits.lines} lines)"
    )


def _too_bad(path: Path, limits: Limits) -> ReadError:
    return ReadError(
        path,
        f"อ่านไม่ได้เกิน {limits.bad_lines} บรรทัด จึงหยุดอ่าน (more than {limits.bad_lines} lines are bad; the rest is not read)",
        "ตรวจว่าเป็นไฟล์ JSON Lines จริง (check that this is a file of JSON lines)",
    )


def _check_start(path: Path, line: bytes) -> None:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise binary(path, "UTF-16")
    kind = encodings.magic(line)
    if kind or b"\x00" in line[:4096]:
        raise binary(path, kind or "binary")


def _document(
    path: Path, source: str, number: int, line: bytes, limits: Limits
) -> SourceDocument | ReadError:
    try:
        return files.check(path, _parse(path, source, line, limits), limits)
    except (_BadLineError, front_matter.FrontMatterError) as error:
        return _line_error(path, number, str(error))
    except ReadError as error:
        return ReadError(path, error.reason, error.advice, line=number)


def _line_error(path: Path, number: int, reason: str) -> ReadError:
    advice = (
        'หนึ่งบรรทัดต้องเป็น {"id": …, "title": …, "text": …} หนึ่งชุด '
        '(each line must be one JSON object with "text" or "pages")'
    )
    return ReadError(path, reason, advice, line=number)


def _values(line: bytes, limits: Limits) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The line's JSON object, and what to remember of its encoding."""
    try:
        found = encodings.decode(line)
        # An empty list takes two bytes here and fifty in memory.
        if found.text.count("[") + found.text.count("{") > limits.json_values:
            raise _BadLineError(
                f"มีรายการและวัตถุเกิน {limits.json_values} (over {limits.json_values} lists and objects)"
            )
        values = json.loads(found.text)
    except encodings.BinaryError as error:
        raise _BadLineError(f"ไม่ใช่ข้อความ (not text: {error})") from error
    except _BadLineError:
        raise
    except (ValueError, RecursionError) as error:
        raise _BadLineError(f"ไม่ใช่ JSON ที่ถูกต้อง (not valid JSON: {error})") from error
    if not isinstance(values, dict):
        raise _BadLineError("ไม่ใช่วัตถุ JSON (not a JSON object)")
    return values, files.notes(found)


def _parse(path: Path, source: str, line: bytes, limits: Limits) -> SourceDocument:
    values, notes = _values(line, limits)
    if values.get(MARK) is not None:
        return _exported(source, files.sha256(line), values)
    sha256 = files.sha256(line)
    stem = PurePosixPath(source).name.split(".")[0]
    name = _text(next((values[key] for key in _IDS if values.get(key) not in (None, "")), None))
    extra = {key: value for key, value in values.items() if key not in _OWN}
    given = values.get("metadata")
    metadata = front_matter.flat(extra) | (front_matter.flat(given) if isinstance(given, Mapping) else {})
    title = front_matter.clean(_text(values.get("title"))) or None
    return SourceDocument(
        front_matter.clean(name) or f"{stem}-{sha256[:8]}",
        title,
        source,
        sha256,
        "jsonl",
        _pages(path, values, limits),
        metadata | notes,
    )


def _exported(source: str, sha256: str, values: Mapping[str, Any]) -> SourceDocument:
    """A line of `corpus.export`: its pages are what their readers delivered, from the files they came from."""
    if values[MARK] != FORMAT:
        raise _BadLineError("ส่งออกจาก Karani รุ่นใหม่กว่า โปรดปรับรุ่น (exported by a newer Karani: upgrade)")
    name, title, metadata = _text(values.get("id")), _text(values.get("title")), values.get("metadata")
    given = values.get("pages")
    if not name or not isinstance(metadata, Mapping) or not isinstance(given, list) or not given:
        raise _BadLineError("ส่งออกไม่ครบ (not all that an exported line has)")
    pages = [_exported_page(value) for value in given]
    if len({page.number for page in pages}) < len(pages):
        raise _BadLineError("เลขหน้าซ้ำ (two pages have the same number)")
    kept = {_text(key): _text(value) for key, value in metadata.items()}
    return SourceDocument(name, title or None, source, sha256, "jsonl", tuple(pages), kept)


def _exported_page(value: Any) -> SourcePage:
    if not isinstance(value, Mapping) or not isinstance(value.get("source_text"), str):
        raise _BadLineError('หน้าไม่มี "source_text" (a page without "source_text")')
    plain = _page({**value, "text": ""}, 0)
    stated = {key: _text(value.get(key)) for key in ("source", "sha256", "reader")}
    if not _SHA256.fullmatch(stated["sha256"]):
        stated["sha256"] = ""
    return SourcePage(plain.number, front_matter.storable(value["source_text"]), **stated)


def _text(value: Any) -> str:
    """Make text of a string or a number; anything else is no text."""
    if isinstance(value, str):
        return front_matter.storable(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _pages(path: Path, values: Mapping[str, Any], limits: Limits) -> tuple[SourcePage, ...]:
    """Take the line's pages; blank ones are left out but still counted."""
    given = values.get("pages")
    if given is None:
        pages = files.split_pages(path, _normal(_text(values.get("text"))), limits)
    elif isinstance(given, list):
        numbered = [_page(value, number) for number, value in enumerate(given, start=1)]
        if len({page.number for page in numbered}) < len(numbered):
            raise _BadLineError("เลขหน้าซ้ำ (two pages have the same number)")
        kept = (page for page in numbered if not files.is_blank(page.text))
        pages = tuple(sorted(kept, key=lambda page: page.number))
    else:
        raise _BadLineError('"pages" ต้องเป็นรายการ ("pages" must be a list)')
    if not pages:
        raise _BadLineError("ไม่มีข้อความ (no text)")
    return pages


def _page(value: Any, position: int) -> SourcePage:
    if not isinstance(value, Mapping):
        return SourcePage(position, _normal(_text(value)))
    number = value.get("number", value.get("page", position))
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number < 1 << 31:
        raise _BadLineError(f"เลขหน้าไม่ถูกต้อง (not a page number: {str(number)[:40]!r})")
    return SourcePage(number, _normal(_text(value.get("text"))))


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
