from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from corpus.readers import ReadError, read
from corpus.readers.viewer import split_viewer
from corpus.records import SourceDocument

EXPORT = (
    "Page 25 - kpxbook1\nP. 25\n\nรายงานตัวอย่าง ประจำปี 2562\n\n   3.6 เทศบาลตำบลน้ำใส: จัดตั้งธนาคารขยะ\n\n"
    "   20   21   22   23   24   25   26\n"
)


def one(path: Path, root: Path | None = None) -> SourceDocument:
    [document] = list(read(path, root=root))
    assert isinstance(document, SourceDocument)
    return document


def test_plain_text_is_one_page(tmp_path: Path) -> None:
    path = tmp_path / "ลำน้ำ" / "ข่าว.txt"
    path.parent.mkdir()
    path.write_text("อบต.น้ำใสเปิดโรงเรียนผู้สูงอายุ\n", encoding="utf-8")
    document = one(path, tmp_path)
    assert document.name is None
    assert document.title is None
    assert document.source == "ลำน้ำ/ข่าว.txt"
    assert document.reader == "text"
    assert document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [(page.number, page.text) for page in document.pages] == [(1, "อบต.น้ำใสเปิดโรงเรียนผู้สูงอายุ\n")]


def test_form_feeds_part_pages_and_blank_ones_keep_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("หน้าแรก\f \n\fหน้าสาม", encoding="utf-8")
    assert [(page.number, page.text) for page in one(path).pages] == [(1, "หน้าแรก"), (3, "หน้าสาม")]


def test_the_encoding_and_the_damage_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("เทศบาลตำบลน้ำใสลดขยะได้ร้อยละ ๔๐".encode("cp874"))
    assert one(path).metadata == {"encoding": "cp874"}
    path.write_bytes("เทศบาลตำบลน้ำใสลดขยะ".encode() + b"\xff" + "ได้ร้อยละ ๔๐".encode())
    assert one(path).metadata == {"damaged_chars": "1"}


def test_a_viewer_export_states_its_document_and_page(tmp_path: Path) -> None:
    path = tmp_path / "000_abc.txt"
    path.write_text(EXPORT, encoding="utf-8")
    document = one(path)
    assert document.name == "kpxbook1"
    assert document.reader == "viewer"
    assert [(page.number, page.text) for page in document.pages] == [(25, EXPORT)]


def test_joined_exports_are_parted_by_document_and_page() -> None:
    second = EXPORT.replace("25 - kpxbook1", "26 - kpxbook1").replace("P. 25", "P. 26")
    other = EXPORT.replace("kpxbook1", "อีกเล่ม")
    found = dict(split_viewer(EXPORT + second + other))
    assert [page.number for page in found["kpxbook1"]] == [25, 26]
    assert "".join(page.text for pages in found.values() for page in pages) == EXPORT + second + other


def test_the_same_page_twice_is_kept_once() -> None:
    [(_, pages)] = split_viewer(EXPORT + EXPORT)
    assert [page.number for page in pages] == [25]
    assert pages[0].text.count("3.6") == 1


@pytest.mark.parametrize(
    "text",
    [
        "บทนำ\nPage 25 - kpxbook1\nP. 25\nเนื้อหา",  # quoted inside a text
        "Page 25 - kpxbook1\nP. 26\nเนื้อหา",  # the two lines disagree
        "Page 25 - kpxbook1\nเนื้อหา",
    ],
)
def test_what_only_looks_like_an_export_is_plain_text(text: str) -> None:
    assert split_viewer(text) == []


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", "\u200b\ufeff\n".encode()])
def test_an_empty_file_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ว่าง.txt"
    path.write_bytes(content)
    with pytest.raises(ReadError, match="ไฟล์ว่าง") as caught:
        list(read(path))
    assert str(path) in str(caught.value)
    assert "check that it was saved" in caught.value.advice


def test_a_pdf_named_txt_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"%PDF-1.4\n" + b"x" * 100)
    with pytest.raises(ReadError, match="PDF"):
        list(read(path))


def test_one_line_of_many_megabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("เทศบาลตำบลน้ำใส " * 700_000, encoding="utf-8")  # 30 MB
    assert len(one(path).pages[0].text) == 16 * 700_000
