from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement

from corpus.readers import ReadError, read
from corpus.records import SourceDocument
from tests.corpus.hostile import BODY, paragraph, word_with, word_xml


def one(path: Path) -> SourceDocument:
    [document] = list(read(path))
    assert isinstance(document, SourceDocument)
    return document


def test_paragraphs_headings_and_tables_keep_their_order(tmp_path: Path) -> None:
    word = docx.Document()
    word.core_properties.title = "ธนาคารขยะ น้ำใส"
    word.add_heading("ธนาคารขยะ", 1)
    word.add_paragraph("ก่อนตาราง\tแท็บ")
    table = word.add_table(2, 2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ["ปี", "ตัน", "2562", "25"], strict=True
    ):
        cell.text = text
    inner = table.cell(1, 1).add_table(1, 1)
    inner.cell(0, 0).text = "ซ้อน"
    word.add_heading("ผลที่ได้", 2)
    word.add_paragraph("หลังตาราง")
    path = tmp_path / "a.docx"
    word.save(str(path))
    document = one(path)
    assert document.title == "ธนาคารขยะ น้ำใส"
    assert document.reader.startswith("python-docx ")
    [page] = document.pages
    assert page.text == "# ธนาคารขยะ\nก่อนตาราง\tแท็บ\nปี | ตัน\n2562 | 25 ซ้อน\n## ผลที่ได้\nหลังตาราง"


def test_page_breaks_make_pages(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("หน้าแรก")
    word.add_page_break()
    word.add_page_break()
    word.add_paragraph("หน้าสาม")
    path = tmp_path / "a.docx"
    word.save(str(path))
    assert [(page.number, page.text.strip()) for page in one(path).pages] == [(1, "หน้าแรก"), (3, "หน้าสาม")]


def test_the_last_layout_decides_over_manual_breaks(tmp_path: Path) -> None:
    word = docx.Document()
    run = word.add_paragraph("ต้นหน้าแรก ").add_run("ต้นหน้าสอง")
    run._r.insert(0, OxmlElement("w:lastRenderedPageBreak"))
    path = tmp_path / "a.docx"
    word.save(str(path))
    assert [page.text for page in one(path).pages] == ["ต้นหน้าแรก ", "ต้นหน้าสอง"]


def test_deleted_text_is_not_read(tmp_path: Path) -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("คงไว้")
    removed = OxmlElement("w:del")
    removed.append(word.add_paragraph().add_run("ลบแล้ว")._r)
    paragraph._p.append(removed)
    path = tmp_path / "a.docx"
    word.save(str(path))
    assert [page.text.strip() for page in one(path).pages] == ["คงไว้"]


def test_an_empty_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    docx.Document().save(str(path))
    with pytest.raises(ReadError, match="ไฟล์ว่าง"):
        list(read(path))


def test_broken_packages_are_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.docx"
    word = docx.Document()
    word.add_paragraph("ข้อความ")
    word.save(str(whole))
    data = whole.read_bytes()
    other = tmp_path / "other.docx"
    with zipfile.ZipFile(other, "w") as package:
        package.writestr("hello.txt", "no document here")
    for content in (data[: len(data) // 2], b"plain text", b"PK\x03\x04" + bytes(200), other.read_bytes()):
        path = tmp_path / "broken.docx"
        path.write_bytes(content)
        with pytest.raises(ReadError, match=r"broken or no \.docx"):
            list(read(path))


def test_a_file_without_readable_properties_still_gives_its_text(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(word_with({"docProps/core.xml": word_xml(paragraph("x"))}))
    document = one(path)
    assert (document.title, document.pages[0].text) == (None, "ข้อความ")


def test_a_main_part_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(word_with({BODY: b"<other/>"}))
    with pytest.raises(ReadError, match=r"broken or no \.docx"):
        list(read(path))


def test_an_old_or_encrypted_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "old.docx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ReadError, match="password"):
        list(read(path))
