from __future__ import annotations

import unicodedata

import pytest

from corpus import thai
from corpus.cleaning import clean_query
from corpus.tracing import Traced


def repaired(text: str) -> str:
    return thai.repair(thai.glyphs(thai.characters(Traced(text)))).text


def test_the_glyph_table_names_27_marks_and_letters_in_the_old_fonts_order() -> None:
    assert sorted(thai.GLYPHS) == list(range(0xF700, 0xF71B))
    tones = "่้๊๋์"
    for start in (0xF705, 0xF70A, 0xF713):
        assert "".join(thai.GLYPHS[start + at] for at in range(5)) == tones
    assert "".join(thai.GLYPHS[0xF701 + at] for at in range(4)) == "ิีึื"
    assert "".join(thai.GLYPHS[at] for at in (0xF710, 0xF711, 0xF712)) == "ัํ็"
    assert "".join(thai.GLYPHS[at] for at in (0xF718, 0xF719, 0xF71A)) == "ฺุู"
    assert (thai.GLYPHS[0xF700], thai.GLYPHS[0xF70F]) == ("ฐ", "ญ")


@pytest.mark.parametrize(
    ("broken", "spelled"),
    [
        ("เป\uf712น", "เป็น"),
        ("ส\uf70aงเสริม", "ส่งเสริม"),
        ("ป\uf710ญหา", "ปัญหา"),
        ("ให\uf70bเกิด", "ให้เกิด"),
        ("องค\uf70eกร", "องค์กร"),
        ("เฝ\uf706าระวัง", "เฝ้าระวัง"),
        ("สันป\uf705า", "สันป่า"),
        ("การทํางาน", "การทำงาน"),
        ("น\u0e4d\u0e49า", "น้ำ"),
        ("น\u0e49\u0e4dา", "น้ำ"),
        ("น \u0e4d า", "นำ"),
        ("น\u0e49 \u0e4d  า", "น้ำ"),
        ("ค ำสั่ง", "คำสั่ง"),
        ("ก่ี", "กี่"),
        ("พ้ืนท่ี", "พื้นที่"),
        ("ท\u0e39\u0e48\u0e48\u0e48\u0e48", "ทู่"),
        ("ผู้้้้สูงงอาย\u0e38\u0e38\u0e38", "ผู้สูงงอายุ"),
        ("นานาาา", "นานา"),
        ("เเปลก", "แปลก"),
        ("ถ ึง", "ถึง"),
        ("ค ู่ ม ือ", "คู่ มือ"),
        ("ประชา\u200bชน\ufeff", "ประชาชน"),
        ("ประ\u00adชาชน\x00", "ประชาชน"),
        ("สุข\u00a0\u00a0ภาพ", "สุข ภาพ"),
        ("กา\u0e48", "ก่า"),
        ("ทําๅ", "ทำ"),
        ("ฤๅษี", "ฤๅษี"),
        ("\u0e48กา", "กา"),
        ("cafe\u0301", "café"),
        ("\uf0b7 ข้อแรก", "• ข้อแรก"),
        ("หน้า ........... 25", "หน้า ... 25"),
        ("ค าน า", "คำนำ"),
        ("จ านวนผู้สูงอายุ", "จำนวนผู้สูงอายุ"),
        ("การท างาน", "การทำงาน"),
        ("ท างเดิน", "ทางเดิน"),
    ],
)
def test_broken_thai_is_spelled_as_people_write_it(broken: str, spelled: str) -> None:
    assert repaired(broken) == spelled
    assert repaired(spelled) == spelled


def test_sound_thai_stays_as_it_is() -> None:
    text = "เทศบาลตำบลบ้านบึง ฯลฯ ก็ได้ทำน้ำดื่ม ๑,๒๐๐ ขวด/ปี (MOU) “ผู้สูงอายุ” อื่น ๆ ธิ์ พันธุ์ วิทย์ เกาะ ฤๅ ณ เปี๊ยะ"
    traced = thai.repair(thai.characters(Traced(text)))
    assert traced.text == text
    assert traced.pieces == [(0, len(text), 0, len(text))]


@pytest.mark.parametrize(
    "mark", ["่", "ิ", "ุ", "์", "ํ", "า", "ะ", "ๆ", "เ", ".", "\u0301", " ", "\uf70a", "\u200b"]
)
def test_runs_of_one_character_are_squeezed_without_delay(mark: str) -> None:
    text = repaired("ก" + mark * 200_000 + "ข")
    if mark not in "ๆ\u0301":
        assert len(text) <= 6
    assert text[0] == "ก"


def test_characters_that_change_places_are_traced_one_by_one() -> None:
    traced = thai.repair(Traced("ก่ี"))
    assert traced.text == "กี่"
    assert traced.pieces == [(0, 1, 0, 1), (1, 1, 2, 1), (2, 1, 1, 1)]


def test_a_repair_is_one_piece() -> None:
    traced = thai.repair(Traced("ทํางาน"))
    assert traced.text == "ทำงาน"
    assert traced.pieces == [(0, 1, 0, 1), (1, 1, 1, 2), (2, 3, 3, 3)]


def test_digits_and_marks() -> None:
    assert thai.arabic_digits("ปี ๒๕๖๒") == "ปี 2562"
    assert thai.without_marks("ที่น้ำใจ") == thai.without_marks("ทีนํ้าใจ") == "ทนาใจ"
    assert thai.width("กี่ๆ") == 2


def test_queries_are_one_line() -> None:
    assert clean_query("  ใคร\nทํา\u200b  MOU\tกับ โรงพยาบาล ") == "ใคร ทำ MOU กับ โรงพยาบาล"
    assert clean_query("") == ""
    assert clean_query("่้") == ""
    assert unicodedata.is_normalized("NFC", clean_query("e\u0301"))
