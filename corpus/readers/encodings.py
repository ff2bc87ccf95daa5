"""Bytes to text: byte order marks, UTF-8, UTF-16, Thai Windows, and what is left.

Order matters. A byte order mark is believed; then strict UTF-8, which other
encodings hardly ever satisfy by chance; then UTF-8 with a few broken bytes (a
cut download); then Thai single-byte text, which TIS-620, ISO 8859-11 and
windows-874 share but for a handful of signs, so that cp874 reads all three;
charset-normalizer only decides what no rule settles.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

SAMPLE_BYTES = 1 << 16
REPLACEMENT = "\ufffd"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP / DOCX / XLSX"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "DOC / XLS (OLE)"),
    (b"\x89PNG\r\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x1f\x8b\x08", "GZIP"),
    (b"\x28\xb5\x2f\xfd", "ZSTD"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x7fELF", "ELF"),
    (b"SQLite format 3\x00", "SQLite"),
)
_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# cp874 leaves these undefined; Thai text has none of them.
_NOT_THAI = re.compile(rb"[\x81-\x84\x86-\x90\x98-\x9f\xdb-\xde\xfc-\xff]")
# Vowels and marks that cannot begin a word, in cp874.
_LONE_MARK = re.compile(rb"(?<![\xa1-\xda\xdf-\xfb])[\xd1\xd4-\xda\xe7-\xee]")


class BinaryError(ValueError):
    """The bytes are no text; the message names what they look like."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding it was read by; ``damaged`` counts U+FFFD put in for bad bytes."""

    text: str
    encoding: str
    damaged: int = 0


def decode(data: bytes) -> Decoded:
    """Turn a whole file into text with line feeds as line ends.

    Raises BinaryError when the bytes are no text in any known encoding.
    """
    found = _marked(data) or _unmarked_utf16(data)
    if found is None:
        _refuse_binary(data)
        found = _utf8(data) or _thai(data) or _guessed(data)
    text = found.text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, found.encoding, found.damaged)


def magic(data: bytes) -> str | None:
    """Name the file type that the first bytes state, when it is one of the common binary ones."""
    return next((name for start, name in _MAGIC if data.startswith(start)), None)


def _lenient(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    return Decoded(text, encoding.removesuffix("-sig"), text.count(REPLACEMENT))


def _marked(data: bytes) -> Decoded | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _lenient(data, encoding)
    return None


def _unmarked_utf16(data: bytes) -> Decoded | None:
    """UTF-16 without its mark: every second byte is ASCII's 00 or Thai's 0E."""
    sample = data[: SAMPLE_BYTES & ~1]
    if len(sample) < 8 or magic(sample):
        return None
    for encoding, high, low in (
        ("utf-16-le", sample[1::2], sample[0::2]),
        ("utf-16-be", sample[0::2], sample[1::2]),
    ):
        thai_or_ascii = (high.count(0x00) + high.count(0x0E)) / len(high)
        if thai_or_ascii > 0.7 and low.count(0x00) / len(low) < 0.1:
            found = _lenient(data, encoding)
            controls = _CONTROL.findall(found.text[:SAMPLE_BYTES].encode("utf-8", "replace"))
            return found if len(controls) <= 0.01 * len(low) else None
    return None


def _refuse_binary(data: bytes) -> None:
    kind = magic(data)
    if kind:
        raise BinaryError(kind)
    sample = data[:SAMPLE_BYTES]
    if sample and len(_CONTROL.findall(sample)) / len(sample) > 0.02:
        raise BinaryError("binary")


def _utf8(data: bytes) -> Decoded | None:
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        found = _lenient(data, "utf-8")
    # Latin and Thai single-byte text gives hardly any valid multi-byte sequence.
    valid = len(found.text) - len(found.text.encode("ascii", "ignore")) - found.damaged
    return found if valid >= 5 * found.damaged else None


def _thai(data: bytes) -> Decoded | None:
    """Thai single-byte text: long runs of high bytes, no undefined ones, marks after consonants."""
    sample = data[:SAMPLE_BYTES]
    runs = _HIGH_RUN.findall(sample)
    high = sum(map(len, runs))
    if not runs or high / len(runs) < 2.5:
        return None
    odd = len(_NOT_THAI.findall(sample)) + len(_LONE_MARK.findall(sample))
    return _lenient(data, "cp874") if odd <= 0.03 * high else None


def _guessed(data: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:SAMPLE_BYTES]).best()
    if best is None:
        raise BinaryError("binary")
    return _lenient(data, best.encoding)
