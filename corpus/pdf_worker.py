"""Draws one page of a PDF and tells where its characters stand, in a process of its own with limits.

Run by `corpus.originals` through `corpus.confined` with ``FILE PAGE WIDTH``; it imports nothing of this project,
so that a hostile file that breaks PDFium meets an empty house: no writing, bounded memory and time. On stdout: one
line of JSON, then the PNG.

The JSON holds ``width`` and ``height`` in pixels, ``text`` (the page's characters) and ``boxes`` (per
character: left, top, right, bottom in thousandths of the page).
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from typing import Any

_MOST_CHARACTERS = 40_000
_MOST_PIXELS = 8_000_000
_HIGHEST = 6  # times the width: a strip longer than that is drawn narrower


def main(path: str, number: int, width: int) -> None:
    """Write the page to stdout; an exception means that it cannot be drawn."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    page = document[number - 1]
    left, bottom, right, top = page.get_bbox()
    wide, high = page.get_size()
    if not (wide > 0 and high > 0):
        raise ValueError("the page has no size")
    scale = min(width / wide, _HIGHEST * width / high, (_MOST_PIXELS / (wide * high)) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    image = png(bitmap.buffer, bitmap.width, bitmap.height, bitmap.stride, bitmap.n_channels)
    text, boxes = characters(page, (left, bottom, right, top))
    about = {"width": bitmap.width, "height": bitmap.height, "text": text, "boxes": boxes}
    sys.stdout.buffer.write(json.dumps(about).encode() + b"\n" + image)


def characters(page: Any, area: tuple[float, float, float, float]) -> tuple[str, list[list[int]]]:
    """The page's characters and their boxes; none for a page that is turned, where boxes would lie."""
    if page.get_rotation() % 360:
        return "", []
    import pypdfium2.raw as raw

    left, bottom, right, top = area
    wide, high = right - left, top - bottom
    text_page = page.get_textpage()
    text, boxes = [], []
    for at in range(min(text_page.count_chars(), _MOST_CHARACTERS)):
        code = raw.FPDFText_GetUnicode(text_page, at)
        if code in (0, 0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
            continue
        x0, y0, x1, y1 = text_page.get_charbox(at, loose=True)
        box = ((x0 - left) / wide, (top - y1) / high, (x1 - left) / wide, (top - y0) / high)
        text.append(chr(code))
        boxes.append([max(0, min(1000, round(edge * 1000))) for edge in box])
    return "".join(text), boxes


def png(pixels: Any, width: int, height: int, stride: int, channels: int) -> bytes:
    """Eight-bit grey, RGB or RGBA rows as a PNG (ISO 15948), without any filter."""
    colour = {1: 0, 3: 2, 4: 6}[channels]
    data = memoryview(pixels).cast("B")
    packer = zlib.compressobj(6)
    rows = (data[row * stride : row * stride + width * channels] for row in range(height))
    parts = [packer.compress(b"\0" + bytes(row)) for row in rows] + [packer.flush()]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", b"".join(parts)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
