from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from corpus.limits import Limits
from corpus.readers import ReadError, read
from corpus.records import SourceDocument


def write(path: Path, *lines: Any) -> Path:
    raw = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() for line in lines
    ]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def documents(path: Path) -> list[SourceDocument]:
    found = list(read(path))
    assert all(isinstance(item, SourceDocument) for item in found)
    return [item for item in found if isinstance(item, SourceDocument)]


def test_a_line_is_a_document(tmp_path: Path) -> None:
    line = {
        "id": "น้ำใส-1",
        "title": "ธนาคารขยะ",
        "text": "เทศบาลตำบลน้ำใสตั้งธนาคารขยะ",
        "source": "รายงาน หน้า 3",
        "metadata": {"organisation": "เทศบาลตำบลน้ำใส", "year_be": 2562, "none": None},
        "category": "สิ่งแวดล้อม",
    }
    path = write(tmp_path / "a.jsonl", line)
    [document] = documents(path)
    assert document.name == "น้ำใส-1"
    assert document.title == "ธนาคารขยะ"
    assert document.source == "a.jsonl"
    assert document.sha256 == hashlib.sha256(json.dumps(line, ensure_ascii=False).encode()).hexdigest()
    assert document.metadata == {
        "organisation": "เทศบาลตำบลน้ำใส",
        "year_be": "2562",
        "source": "รายงาน หน้า 3",
        "category": "สิ่งแวดล้อม",
    }
    assert [(page.number, page.text) for page in document.pages] == [(1, "เทศบาลตำบลน้ำใสตั้งธนาคารขยะ")]


def test_pages_are_strings_or_numbered_objects(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"_id": 7, "pages": ["หนึ่ง", " ", "สาม"]},
        {"_id": "b", "pages": [{"number": 26, "text": "ต่อ"}, {"page": "25", "text": "เริ่ม"}]},
    )
    first, second = documents(path)
    assert (first.name, second.name) == ("7", "b")
    assert [page.number for page in first.pages] == [1, 3]
    assert [(page.number, page.text) for page in second.pages] == [(25, "เริ่ม"), (26, "ต่อ")]


def test_a_document_without_an_id_gets_a_stable_one(tmp_path: Path) -> None:
    path = write(tmp_path / "ข่าว.jsonl", {"text": "หนึ่ง"}, {"text": "สอง"})
    names = [document.name for document in documents(path)]
    assert len(set(names)) == 2
    assert all(name is not None and name.startswith("ข่าว-") for name in names)
    write(path, {"text": "แทรก"}, {"text": "หนึ่ง"}, {"text": "สอง"})
    assert [document.name for document in documents(path)][1:] == names


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b'{"id": "x", "text": ', "not valid JSON"),
        (b'["text"]', "not a JSON object"),
        ({"id": "x"}, "no text"),
        ({"id": "x", "text": " \n"}, "no text"),
        ({"id": "x", "pages": "หน้า"}, "must be a list"),
        ({"id": "x", "pages": [{"number": 0, "text": "ก"}]}, "not a page number"),
        ({"id": "x", "pages": [{"number": 1, "text": "ก"}, {"number": 1, "text": "ข"}]}, "same number"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"id": "x", "text": "a", "n": ' + b"9" * 5000 + b"}", "not valid JSON"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_the_rest_goes_on(
    tmp_path: Path, bad: Any, why: str
) -> None:
    path = write(tmp_path / "a.jsonl", {"id": "1", "text": "ก่อน"}, b"", bad, {"id": "2", "text": "หลัง"})
    first, error, last = list(read(path))
    assert isinstance(first, SourceDocument)
    assert isinstance(last, SourceDocument)
    assert last.name == "2"
    assert isinstance(error, ReadError)
    assert error.line == 3
    assert why in error.reason
    assert "บรรทัด 3" in str(error)


def test_lone_surrogates_and_nul_can_be_stored(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"id": "a\\u0000b", "title": "\\ud800x", "text": "\\udfffy"}')
    [document] = documents(path)
    assert document.name == "ab"
    assert document.title == "\ufffdx"
    assert document.pages[0].text == "\ufffdy"


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_compressed_files_read_the_same(tmp_path: Path, suffix: str) -> None:
    raw = (
        b"\xef\xbb\xbf"
        + "".join(
            json.dumps({"_id": str(i), "text": f"เรื่องที่ {i}"}, ensure_ascii=False) + "\r\n" for i in range(50)
        ).encode()
    )
    pack = {".jsonl": bytes, ".jsonl.gz": gzip.compress, ".jsonl.zst": zstandard.compress}[suffix]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(pack(raw))
    found = documents(path)
    assert [document.name for document in found] == [str(i) for i in range(50)]
    assert found[7].pages[0].text == "เรื่องที่ 7"


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_a_cut_archive_gives_what_it_holds_and_then_says_so(tmp_path: Path, suffix: str) -> None:
    lines = b"".join(
        json.dumps({"_id": str(i), "text": "ก" * (i % 97)}).encode() + b"\n" for i in range(1, 4000)
    )
    packed = gzip.compress(lines) if suffix == ".jsonl.gz" else zstandard.compress(lines)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(packed[: len(packed) // 2])
    found: list[object] = []
    with pytest.raises(ReadError, match="damaged or cut short"):
        found.extend(read(path))  # keeps what came before the error
    assert len(found) > 100


def test_several_frames_are_one_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(b"".join(zstandard.compress(b'{"_id": "%d", "text": "x"}\n' % i) for i in range(300)))
    assert [document.name for document in documents(path)] == [str(i) for i in range(300)]


def test_an_over_long_line_is_skipped_not_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"id": "long", "text": "x" * 5000}, {"id": "2", "text": "ข"})
    error, document = list(read(path, limits=Limits(line_bytes=1000)))
    assert isinstance(error, ReadError)
    assert error.line == 1
    assert isinstance(document, SourceDocument)
    assert document.name == "2"


def test_reading_is_a_stream(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"id": "1", "text": "ก"}, b"\xff\xfe broken")
    stream = read(path)
    first = next(stream)
    assert isinstance(first, SourceDocument)
    assert isinstance(next(stream), ReadError)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_without_lines_is_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(ReadError, match="ไฟล์ว่าง"):
        list(read(path))


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ReadError, match="ZIP"):
        list(read(path))
