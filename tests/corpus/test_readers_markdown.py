from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import front_matter
from corpus.readers import ReadError, read
from corpus.records import SourceDocument

CASE = """---
title: ธนาคารขยะน้ำใส
organisation: เทศบาลตำบลน้ำใส
province: น่าน
year_be: 2562
source: "รายงานตัวอย่าง หน้า 25"
tags: [ขยะ, สิ่งแวดล้อม]
place:
  district: เมืองน่าน
empty:
---

# ธนาคารขยะ

เทศบาล**ตั้งธนาคารขยะ**กับ[โรงเรียน](https://example.org) *ทุกวันเสาร์* <!-- ซ่อน -->
"""


def one(path: Path) -> SourceDocument:
    [document] = list(read(path))
    assert isinstance(document, SourceDocument)
    return document


def test_front_matter_becomes_metadata_and_the_body_the_page(tmp_path: Path) -> None:
    path = tmp_path / "case.md"
    path.write_text(CASE, encoding="utf-8")
    document = one(path)
    assert document.title == "ธนาคารขยะน้ำใส"
    assert document.metadata == {
        "organisation": "เทศบาลตำบลน้ำใส",
        "province": "น่าน",
        "year_be": "2562",
        "source": "รายงานตัวอย่าง หน้า 25",
        "tags": "ขยะ, สิ่งแวดล้อม",
        "place.district": "เมืองน่าน",
    }
    [page] = document.pages
    assert page.text == "# ธนาคารขยะ\n\nเทศบาลตั้งธนาคารขยะกับโรงเรียน ทุกวันเสาร์ \n"


def test_the_first_heading_is_the_title_when_nothing_states_one(tmp_path: Path) -> None:
    path = tmp_path / "case.md"
    path.write_text("คำนำ\n\n# เรื่องของ**น้ำใส** #\n\nเนื้อหา", encoding="utf-8")
    assert one(path).title == "เรื่องของน้ำใส"


@pytest.mark.parametrize("body", ["---\n\nเส้นคั่น ไม่ใช่ส่วนหัว\n---\n", "เนื้อหา\n---\na: b\n---\n", "--- a: b\n"])
def test_a_rule_is_no_front_matter(body: str) -> None:
    assert front_matter.split(body) == ({}, body)


def test_windows_line_ends_do_not_hide_the_front_matter(tmp_path: Path) -> None:
    path = tmp_path / "case.md"
    path.write_bytes("\ufeff".encode() + CASE.replace("\n", "\r\n").encode())
    assert one(path).metadata["province"] == "น่าน"


def test_broken_front_matter_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "case.md"
    path.write_text("---\ntitle: [เปิดแล้วไม่ปิด\n---\nเนื้อหา", encoding="utf-8")
    with pytest.raises(ReadError, match="front matter"):
        list(read(path))


def test_front_matter_alone_is_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "case.md"
    path.write_text("---\ntitle: ก\n---\n", encoding="utf-8")
    with pytest.raises(ReadError, match="ไฟล์ว่าง"):
        list(read(path))


def test_tags_build_no_objects() -> None:
    metadata, _ = front_matter.split("---\na: !!python/object/apply:os.getcwd []\nb: [ล, ล]\n---\nเนื้อหา")
    assert metadata == {"b": "ล, ล"}


def test_aliases_which_could_multiply_are_refused() -> None:
    levels = "".join(
        f"v{n}: &v{n} {{{', '.join(f'k{i}: *v{n - 1}' for i in range(900))}}}\n" for n in range(1, 4)
    )
    with pytest.raises(front_matter.FrontMatterError, match="aliases"):
        front_matter.split(f"---\nv0: &v0 ล\n{levels}---\nเนื้อหา")


@pytest.mark.parametrize(
    "values",
    [
        {str(n): "ก" for n in range(5000)},
        {"long": "ก" * (2 << 20)},
        {"k" * 500_000: {str(n): {} for n in range(100_000)}},
    ],
    ids=["many", "long", "names that multiply"],
)
def test_metadata_beyond_measure_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(front_matter.FrontMatterError, match="metadata"):
        front_matter.flat(values)


@given(
    st.dictionaries(
        st.text(max_size=8), st.recursive(st.text(max_size=5), st.lists, max_leaves=4), max_size=4
    )
)
def test_metadata_are_always_single_line_strings(values: dict[str, object]) -> None:
    for key, value in front_matter.flat(values).items():
        assert key
        assert value
        assert "\n" not in key + value
        (key + value).encode("utf-8")
