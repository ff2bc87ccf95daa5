"""Files that mean harm, small on disk: each function makes one kind."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import docx
import zstandard

BODY = "word/document.xml"


def pdf_of(pages: int, stated: int | None = None) -> bytes:
    """A PDF of many pages that share one content; ``stated`` is the number that it claims to have."""
    drawing = b"BT /F1 12 Tf 20 100 Td (Water) Tj ET"
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages if stated is None else stated),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 3 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>"
    )
    return _pdf([*objects, *[page] * pages])


def pdf_that_unpacks(count: int) -> bytes:
    """A PDF of one page whose packed content shows a line of text ``count`` times."""
    import zlib

    lines = zlib.compress(
        b"BT /F1 12 Tf 20 100 Td\n" + b"(Water bank of the town) Tj 0 -1 Td\n" * count + b"ET", 9
    )
    return _pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
            b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(lines), lines),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 3 0 R"
            b" /Resources << /Font << /F1 4 0 R >> >> >>",
        ]
    )


def pdf_in_circles() -> bytes:
    """A PDF whose tree of pages holds itself."""
    return _pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"])


def _pdf(objects: list[bytes]) -> bytes:
    body, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    body += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(body)


def word(text: str = "ข้อความ") -> bytes:
    """An ordinary Word file."""
    document = docx.Document()
    document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def word_with(parts: dict[str, bytes]) -> bytes:
    """A Word file with parts put in or in place of its own."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word())) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            if entry.filename not in parts:
                target.writestr(entry, source.read(entry))
        for name, data in parts.items():
            target.writestr(name, data)
    return stream.getvalue()


def word_xml(inside: str, before: str = "") -> bytes:
    """The main part of a Word file, around ``inside``."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    head = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>"
    return f"{head}{before}<w:document xmlns:w='{space}'><w:body>{inside}</w:body></w:document>".encode()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def laughs() -> str:
    """Entities that stand for ten times ten times ten … others."""
    levels = "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
    return f"<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>{levels}]>"


def word_that_lies(size: int, declared: int) -> bytes:
    """A Word file whose main part declares to be smaller than it is."""
    data = word_with({BODY: word_xml(paragraph("ก" * (size // 3)))})
    real, false = struct.pack("<I", _size(data)), struct.pack("<I", declared)
    assert data.count(real) >= 2, "in the part's own header and in the list of contents"
    return data.replace(real, false)


def _size(data: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.getinfo(BODY).file_size


def packed(suffix: str, piece: bytes, times: int) -> bytes:
    """Bytes repeated many times, packed as the suffix says, never held at once."""
    stream = io.BytesIO()
    if suffix == ".gz":
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as target:
            for _ in range(times):
                target.write(piece)
    else:
        with zstandard.ZstdCompressor().stream_writer(stream, closefd=False) as writer:
            for _ in range(times):
                writer.write(piece)
    return stream.getvalue()


def zst_that_asks(window_log: int) -> bytes:
    """A zstd frame whose head asks for ``2 ** window_log`` bytes of memory."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([(window_log - 10) << 3]) + b"\x01\x00\x00"


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
