"""Every kind of hostile file is refused within the limits, or gives its honest text; the next file is still read."""

from __future__ import annotations

import json
import os
import resource
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.limits import Limits
from corpus.readers import ReadError, find_files, read
from corpus.records import SourceDocument
from tests.corpus import hostile
from tests.corpus.hostile import BODY, paragraph, word_with, word_xml, write
from tests.corpus.test_readers_pdf import reader

__all__ = ["reader"]

MB = 1 << 20
LIMITS = Limits(reading_seconds=60, reading_memory_bytes=768 * MB)


def refused(path: Path, limits: Limits = LIMITS) -> str:
    """Why a file is refused; whatever it did, the next one is read."""
    with pytest.raises(ReadError) as caught:
        list(read(path, limits=limits))
    assert caught.value.path == path
    assert caught.value.advice
    good = write(path.with_name("good.html"), "<p>ข้อความที่อ่านได้")
    assert len(list(read(good, limits=limits))) == 1
    return caught.value.reason


def text_of(path: Path, limits: Limits = LIMITS) -> str:
    [document] = list(read(path, limits=limits))
    assert isinstance(document, SourceDocument)
    return "\n".join(page.text for page in document.pages)


def outcome(path: Path, limits: Limits = LIMITS) -> str:
    """The text of a file, or why it is refused."""
    try:
        return text_of(path, limits)
    except ReadError as error:
        return error.reason


@pytest.fixture(autouse=True)
def memory_stays_bounded() -> Iterator[None]:
    """Whatever is read, this process grows by less than a quarter of a gigabyte."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10


# -- PDF ------------------------------------------------------------------------------


def test_a_pdf_of_ten_thousand_pages(tmp_path: Path, reader: str) -> None:
    reason = refused(write(tmp_path / "a.pdf", hostile.pdf_of(10_000)))
    assert "10000 pages exceed 5000" in reason, reader


def test_a_pdf_that_hides_its_pages(tmp_path: Path, reader: str) -> None:
    path = write(tmp_path / "a.pdf", hostile.pdf_of(300, stated=7))
    found = outcome(path, replace(LIMITS, pages=50))
    assert "exceed 50" in found or len(found.split()) <= 50, reader


def test_a_pdf_whose_pages_go_in_circles(tmp_path: Path, reader: str) -> None:
    assert "broken" in refused(write(tmp_path / "a.pdf", hostile.pdf_in_circles())), reader


def test_a_pdf_that_unpacks_to_more_text_than_may_be(tmp_path: Path, reader: str) -> None:
    path = write(tmp_path / "a.pdf", hostile.pdf_of(3000))
    assert "more than 10000 characters" in refused(path, replace(LIMITS, document_chars=10_000)), reader


def test_a_pdf_that_takes_longer_than_may_be(tmp_path: Path, reader: str) -> None:
    path = write(tmp_path / "a.pdf", hostile.pdf_that_unpacks(3_000_000))
    reason = refused(path, replace(LIMITS, reading_seconds=1))
    assert "over 1 seconds" in reason or "characters" in reason or "broke off" in reason, reader


# -- Word -----------------------------------------------------------------------------


def test_a_word_file_that_unpacks_too_far(tmp_path: Path) -> None:
    bomb = write(tmp_path / "a.docx", word_with({"word/media/image1.png": bytes(600 * MB // 10)}))
    assert bomb.stat().st_size < MB
    assert "exceeds 50 MB" in refused(bomb, replace(LIMITS, package_bytes=50 * MB))


def test_a_word_file_with_a_huge_part(tmp_path: Path) -> None:
    bomb = write(tmp_path / "a.docx", word_with({BODY: word_xml(paragraph("ก" * 25 * MB))}))
    assert bomb.stat().st_size < MB
    assert "64 MB XML" in refused(bomb)


def test_a_word_file_of_millions_of_elements(tmp_path: Path) -> None:
    bomb = write(tmp_path / "a.docx", word_with({BODY: word_xml("<w:p/>" * 10_000_000)}))
    assert "more than 4000000 tags" in refused(bomb)


def test_a_word_file_that_needs_more_memory_than_may_be(tmp_path: Path) -> None:
    path = write(tmp_path / "a.docx", word_with({BODY: word_xml("<w:p/>" * 2_500_000)}))
    reason = refused(path, replace(LIMITS, reading_memory_bytes=240 * MB))
    assert "memory" in reason or "broken" in reason or "broke off" in reason


def test_a_word_file_that_declares_less_than_it_holds(tmp_path: Path) -> None:
    lying = write(tmp_path / "a.docx", hostile.word_that_lies(30 * MB, declared=2000))
    assert "broken" in refused(lying)


def test_a_word_file_of_many_entries(tmp_path: Path) -> None:
    many = word_with({f"word/media/{n}": b"" for n in range(12_000)})
    assert "10000" in refused(write(tmp_path / "a.docx", many))


def test_a_word_file_in_a_word_file_is_not_opened(tmp_path: Path) -> None:
    inner = word_with({"word/media/deep": bytes(5 * MB)})
    outer = write(tmp_path / "a.docx", word_with({"word/embeddings/inner.docx": inner}))
    assert text_of(outer) == "ข้อความ"


@pytest.mark.parametrize("part", [BODY, "word/styles.xml", "docProps/core.xml"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_entities_are_refused_wherever_they_stand(tmp_path: Path, part: str, codec: str) -> None:
    xml = word_xml(paragraph("&j;"), hostile.laughs()).decode().replace("UTF-8", codec)
    bomb = write(tmp_path / "a.docx", word_with({part: xml.encode(codec)}))
    assert "entities" in refused(bomb)


def test_entities_that_read_other_files_are_refused(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "ความลับ")
    outside = f"<!DOCTYPE d [<!ENTITY j SYSTEM '{secret.as_uri()}'>]>"
    assert "entities" in refused(
        write(tmp_path / "a.docx", word_with({BODY: word_xml(paragraph("&j;"), outside)}))
    )


def test_a_word_file_nested_without_end(tmp_path: Path) -> None:
    deep = "<w:sdt>" * 100_000 + paragraph("ลึก") + "</w:sdt>" * 100_000
    assert "broken" in refused(write(tmp_path / "a.docx", word_with({BODY: word_xml(deep)})))


def test_styles_without_number_take_no_time_without_end(tmp_path: Path) -> None:
    styles = "".join(
        f"<w:style w:styleId='s{n}'><w:name w:val='heading 2'/></w:style>" for n in range(20_000)
    )
    xml = (
        word_xml("").decode().replace("w:document", "w:styles").replace("<w:body></w:body>", styles).encode()
    )
    text = "<w:p><w:pPr><w:pStyle w:val='s19999'/></w:pPr><w:r><w:t>ก</w:t></w:r></w:p>" * 20_000
    path = write(tmp_path / "a.docx", word_with({"word/styles.xml": xml, BODY: word_xml(text)}))
    assert text_of(path).startswith("## ก\n## ก")


# -- HTML -----------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["div", "b", "table><tr><td", "ul><li"])
def test_html_nested_without_end(tmp_path: Path, tag: str) -> None:
    path = write(tmp_path / "a.html", f"<{tag}>" * 150_000 + "ลึกลงไปมาก")
    found = outcome(path)
    assert any(words in found for words in ("ลึกลงไปมาก", "seconds", "broke off"))


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!--",
        "<meta ",
        "<meta charset",
        "<script>",
        "</script ",
        "<a href='",
        "&#x41;",
        "&",
        "<p>**ก *ข",
        "<![CDATA[",
    ],
)
def test_html_that_never_closes(tmp_path: Path, piece: str) -> None:
    path = write(tmp_path / "a.html", "<p>ต้นเรื่อง</p>" + piece * 20_000)
    found = outcome(path)
    assert "ต้นเรื่อง" in found or "holds no text" in found


def test_a_web_page_longer_than_may_be(tmp_path: Path) -> None:
    path = write(tmp_path / "a.html", "<p>long" * 10_000)
    assert "more than 50000 characters" in refused(path, replace(LIMITS, document_chars=50_000))


# -- text, Markdown -------------------------------------------------------------------


def test_a_text_of_pages_without_end(tmp_path: Path) -> None:
    for suffix in (".txt", ".md"):
        path = write(tmp_path / f"a{suffix}", "ก" + "\f" * 2_000_000 + "ข")
        assert "2000001 pages exceed 5000" in refused(path)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".pdf", ".docx"])
def test_a_file_larger_than_may_be(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", b"%PDF-1.4 " + b"x" * 300_000)
    assert "exceeds 100000 bytes" in refused(path, replace(LIMITS, file_bytes=100_000))


def test_a_sparse_file_of_a_terabyte(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    assert "exceeds 76 MB" in refused(path, replace(LIMITS, file_bytes=76 * MB))


@pytest.mark.parametrize(
    "line",
    [
        "# ก" + " #" * 200_000 + "x",
        "[" * 200_000,
        "*ก" * 200_000,
        "ก\n" * 200_000,
        "<!--" * 200_000,
        "![" * 200_000,
    ],
    ids=["heading", "bracket", "star", "lines", "comment", "image"],
)
def test_markdown_takes_no_time_without_end(tmp_path: Path, line: str) -> None:
    assert text_of(write(tmp_path / "a.md", f"เรื่อง\n\n{line}")).startswith("เรื่อง")


# -- JSON lines -----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("piece", [b"\n" * 50_000, b"x" * 50_000], ids=["lines", "one line"])
def test_a_packed_file_that_unpacks_without_end(tmp_path: Path, suffix: str, piece: bytes) -> None:
    bomb = write(tmp_path / f"a.jsonl{suffix}", hostile.packed(suffix, piece, 4000))
    assert bomb.stat().st_size < MB
    with pytest.raises(ReadError, match="exceeds 1 MB"):
        list(read(bomb, limits=replace(LIMITS, unpacked_bytes=MB, line_bytes=MB // 4)))


def test_lines_without_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b"\n" * 20_000)
    assert "10000 lines" in refused(path, replace(LIMITS, lines=10_000))


def test_bad_lines_without_number_are_given_up(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b"bad\n" * 20_000)
    found: list[object] = []
    with pytest.raises(ReadError, match="more than 100 lines"):
        found.extend(read(path, limits=replace(LIMITS, bad_lines=100)))
    assert len(found) <= 100


@pytest.mark.parametrize("window_log", [28, 31, 40])
def test_a_packed_file_that_asks_for_more_memory_than_may_be(tmp_path: Path, window_log: int) -> None:
    assert "memory" in refused(write(tmp_path / "a.jsonl.zst", hostile.zst_that_asks(window_log)))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[" * 3_000_000, "lists and objects"),
        ('{"text": ' + "[" * 900_000, "not valid JSON"),
        ('{"text": "ก", "x": [' + "[]," * 2_000_000 + "[]]}", "lists and objects"),
        (json.dumps({"text": "ก", **{f"k{n}": "v" for n in range(5000)}}), "metadata"),
        (json.dumps({"text": "ก" * 2000}), "more than 1000 characters"),
        (json.dumps({"pages": ["ก"] * 6000}), "6000 pages exceed 5000"),
        (json.dumps({"text": "ก\f" * 6000}), "pages exceed 5000"),
    ],
    ids=["deep", "deep inside", "wide", "metadata", "text", "pages", "form feeds"],
)
def test_a_hostile_line_is_reported_and_the_next_one_read(tmp_path: Path, line: str, why: str) -> None:
    path = write(tmp_path / "a.jsonl", f'{line}\n{{"id": "next", "text": "ต่อไป"}}\n')
    error, document = read(path, limits=replace(LIMITS, page_chars=1000))
    assert isinstance(error, ReadError)
    assert (error.line, why in error.reason) == (1, True), error.reason
    assert isinstance(document, SourceDocument)


# -- what is no file ------------------------------------------------------------------


def test_pipes_sockets_and_devices_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "b.txt"))
    (tmp_path / "c.txt").symlink_to("/dev/zero")
    (tmp_path / "d.jsonl").symlink_to("/dev/tty")
    (tmp_path / "e.pdf").symlink_to(tmp_path / "a.txt")
    good = write(tmp_path / "good.txt", "ดี")
    assert find_files([tmp_path]) == [good]
    for name in ("a.txt", "b.txt", "c.txt", "d.jsonl", "e.pdf"):
        [found] = find_files([tmp_path / name])
        assert "not a file" in refused(found)
    listening.close()


def test_links_that_lead_nowhere_or_in_circles(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "one.txt").symlink_to(tmp_path / "two.txt")
    (tmp_path / "two.txt").symlink_to(tmp_path / "one.txt")
    good = write(tmp_path / "good.txt", "ดี")
    assert find_files([tmp_path]) == [good]
    for name in ("gone.txt", "loop.txt", "one.txt"):
        [found] = find_files([tmp_path / name])
        assert refused(found)


@pytest.mark.parametrize("name", ["a\x00.txt", "ก" * 400 + ".txt", "file.txt/inner.txt"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    write(tmp_path / "file.txt", "ก")
    [found] = find_files([tmp_path / name])
    with pytest.raises(ReadError):
        list(read(found))
