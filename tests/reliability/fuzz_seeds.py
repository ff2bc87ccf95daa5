"""What the fuzzers begin with, and the alphabet in which bytes spell text.

A coverage-guided fuzzer changes bytes. UTF-8 spells a Thai letter with three, so that most changes only break
letters; here one byte is one letter: below 0x7f ASCII, from 0x80 on Thai, and 0x7f before two more bytes for the rest.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.corpus.overlay import RESULTS, STORY, glyph_encoded, without_low_marks, wrapped

_ESCAPE = 0x7F
_THAI = 0x0E00
#: Characters that text from old fonts, PDF writers, keyboards and attackers brings; reached by one byte behind 0x7f.
STRANGE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202d\u202e\u2060\u2066\u2069\ufeff\u00ad\u00a0\u2028\u2029\u0085\u3000\ufffd"
    "\uf700\uf701\uf705\uf70a\uf70b\uf70e\uf710\uf712\uf713\uf71a\uf0b7\ue000\ud800\udbff\udc00\udfff"
    "\U0001f600\U0001f468\u200d\U0001f3fd\u0301\u0323\u1100\u1161\u11a8\u0130\u0131\u017f\u1e9e\u00df\ufb01\u2126\u0345"
    "\u0e33\u0e4d\u0ecd\u0eb3\u0b95\u0bbf\u0915\u094d\u0937\u0600\u06dd\u0627\u05d0\U000e0020\U0010ffff\ufff9\ufdd0"
    "\u201c\u201d\u2018\u2019\u2013\u2014\u2026\u2022\u00b7\u00ab\u00bb\u2212\u00d7\u00b2\u0660\u0966\u2460\uff11\uff21"
)


def text_of(data: bytes) -> str:
    """The text that bytes spell; any bytes spell some."""
    out: list[str] = []
    place = 0
    while place < len(data):
        byte = data[place]
        place += 1
        if byte > _ESCAPE:
            out.append(chr(_THAI + byte - 0x80))
        elif byte < _ESCAPE:
            out.append(chr(byte))
        else:
            high, low = (*data[place : place + 2], 0, 0)[:2]
            place += 2
            out.append(STRANGE[low % len(STRANGE)] if high < 0x80 else chr((high - 0x80) << 9 | low << 1))
    return "".join(out)


def bytes_of(text: str) -> bytes:
    """The bytes that spell a text; what the alphabet lacks becomes U+FFFD."""
    out = bytearray()
    for char in text:
        code = ord(char)
        if _THAI <= code < _THAI + 0x80:
            out.append(code - _THAI + 0x80)
        elif code < _ESCAPE:
            out.append(code)
        else:
            at = STRANGE.find(char)
            out += bytes((_ESCAPE, 0, at if at >= 0 else STRANGE.index("\ufffd")))
    return bytes(out)


_SENTENCES = (
    "เทศบาลตำบลบ้านบึงทำ MOU กับโรงพยาบาล เมื่อปี ๒๕๖๒ จังหวัดชลบุรี",
    "๓.๖ เทศบาลนครยะลา: ธนาคารน้ำใต้ดิน (Groundwater Bank) 1,200 บาท",
    "## ผลที่ได้\n1) ลดขยะ ๓๐ ตัน\n- ชุมชนร่วมมือ\n• อบต.ดอนแก้ว อ.แม่ริม จ.เชียงใหม่",
    "ใครทำเรื่องขยะครับ", "น้ำท่วมทำยังไงดีคะ", "l;ylfu", "เทศบาบ ขยะอันตาย", "ที่ไหนมีการดูแลผู้สูงอายุ",
    "กําลัง น้ํา ทํา ก็ เเก้ไข เกี่ยวกับ", "พ.ศ. ๒๕๖๒ ฯลฯ ๆ ๆ", "นาย สมชาย ใจดี โทร 081-234-5678",
    "รางวัลพระปกเกล้า ประจำปี 2562\nเทศบาลเมืองกระบี่\n\nเทศบาลเมืองกระบี่ จังหวัดกระบี่ ได้รับรางวัล",
)  # fmt: skip
#: One character, or two, again and again: what makes a pattern look at the same place twice.
_REPEATED = (
    "ก", "่", "ำ", "ํ", "ๅ", "เ", " ", "\n", "\t", "0", "๑", ".", "-", "*", "_", "`", "#", "(", "[", "[1]", "<", "<a>", "&",
    "\x00", "\u200d", "\u202e", "\uf70a", "\ud800", "a\u0301", "เ\n", "1,", "1.", "ก.", "อบต.", "เทศบาลตำบล", "ํ า", "่ ",
    "- ", "---\n", "a:", "\\", '"', "“", "ใคร", "1) ", "จังหวัด", "ก่", "่ก", "น้ำ ", " \n", "ๆ ", "ฯ", "\r\n", "\x0c", "![](", "**a",
)  # fmt: skip


def texts() -> list[str]:
    """Texts to begin with: sentences, layouts of overlaid pages, strange characters."""
    pages = ["\n".join(text for _, text in wrapped(STORY + RESULTS, 44, 0, 0))[:900]]
    pages += [glyph_encoded(pages[0]), without_low_marks(pages[0])]
    return [*_SENTENCES, *pages, "".join(f"ก{char}ข" for char in STRANGE), *(one * 12 for one in _REPEATED)]


def long_texts(chars: int = 10_000) -> list[str]:
    """Texts of ``chars`` characters: one character throughout, digits, scripts by turns, one sentence again and again."""
    mixed = "".join(random.Random(7).choices(STRANGE + "กขคงจ่้๊๋็ะาำเแ 12.\n", k=chars))
    return [*((one * chars)[:chars] for one in (*_REPEATED, *_SENTENCES)), mixed]


def queries() -> list[str]:
    """Questions to begin with."""
    return [text[:200] for text in texts()]


@cache
def files(suffix: str) -> list[bytes]:
    """Whole files of one kind, small and valid; of a Word file, its XML as well."""
    body = "\n".join(_SENTENCES)
    made: dict[str, Callable[[], list[bytes]]] = {
        ".txt": lambda: [body.encode(), body.encode("cp874", "replace"), body.encode("utf-16"), b"\xef\xbb\xbf" + body.encode()],
        ".md": lambda: [f"---\ntitle: ขยะ\norganisation: เทศบาลตำบลบ้านบึง\nyear_be: 2562\n---\n# ขยะ\n\n**เข้ม** [ก](http://a)\n{body}".encode()],
        ".jsonl": lambda: [_jsonl(body)],
        ".html": lambda: [_html(body), b"<div>" * 40 + "ขยะ".encode(), "<p>ขยะ<table><tr><td>1<td>2".encode("cp874")],
        ".docx": lambda: [_docx(body), _document_xml(_docx("ขยะ\nก")), _document_xml(_docx(body))[:3000]],
        ".pdf": lambda: [_pdf(body)],
    }  # fmt: skip
    return made[suffix]()


def _jsonl(body: str) -> bytes:
    lines = [
        {"id": "a", "title": "ขยะ", "text": body, "metadata": {"province": "ชลบุรี"}},
        {"_id": 7, "pages": ["หน้าหนึ่ง", {"number": 3, "text": "หน้าสาม"}], "source": "x"},
    ]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()


def _html(body: str) -> bytes:
    paragraphs = "".join(f"<p>{line} &amp; &#3585;</p>" for line in body.split("\n"))
    head = '<html lang="th"><head><meta charset="utf-8"><title>ขยะ</title><style>p{}</style></head>'
    return f"{head}<body><nav><a href=x>เมนู</a></nav><article><h1>ขยะ</h1>{paragraphs}<ul><li>ก<li>ข</ul></article></body></html>".encode()


def _docx(body: str) -> bytes:
    import docx

    word = docx.Document()
    word.core_properties.title = "ธนาคารขยะ"
    word.add_heading("ธนาคารขยะ", 1)
    for line in body.split("\n"):
        word.add_paragraph(line)
    table = word.add_table(2, 2)
    table.cell(1, 1).add_table(1, 1).cell(0, 0).text = "ซ้อน"
    kept = io.BytesIO()
    word.save(kept)
    # Only what the reader looks at, and unpacked: mutations then reach the XML.
    with zipfile.ZipFile(kept) as package, zipfile.ZipFile(small := io.BytesIO(), "w") as stored:
        for name in package.namelist():
            if not name.startswith(("word/theme", "docProps/thumbnail", "customXml")):
                stored.writestr(name, package.read(name))
    return small.getvalue()


def _document_xml(package: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return opened.read("word/document.xml")


def _pdf(body: str) -> bytes:
    from tests.corpus.test_readers_pdf import tiny_pdf

    return tiny_pdf(
        body.encode("ascii", "ignore").decode().replace("(", "").replace(")", "")[:200], "Water bank"
    )


def scratch(folder: Path, suffix: str) -> Path:
    """Where a reader's file of that kind is written for each execution."""
    return folder / f"fuzzed{suffix}"
