from __future__ import annotations

import pytest

from corpus.awards import Award, received, stated, year_be

KPI = "รางวัลพระปกเกล้า"


@pytest.mark.parametrize(
    ("line", "award"),
    [
        ("รางวัลพระปกเกล้า’ 64", Award(KPI, 2564)),
        ("รางวัลพระปกเกล้า' 58 รางวัลพระปกเกล้า' 58", Award(KPI, 2558)),
        ("บันทึกเรื่องเด่นรางวัลพระปกเกล้า‘ ๕๒", Award(KPI, 2552)),
        ("รางวัลพระปกเกล้า 2564", Award(KPI, 2564)),
        ("รางวัลพระปกเกล้า 64", Award(KPI, 2564)),
        ("เพื่อเข้ารับรางวัลพระปกเกล้า ประจำปี 2562", Award(KPI, 2562)),
        ("รางวัลพระปกเกล้า ด้านการเสริมสร้างเครือข่าย ประจำปี พ.ศ. ๒๕๕๒", Award(KPI, 2552)),
        ("รางวัลพระปกเกล้าทองคำ’ 60", Award(KPI, 2560)),
        ("รางวัลพระปกเกล้า 12 แห่ง", Award(KPI, None)),
        ("รางวัลพระปกเกล้า", Award(KPI, None)),
        ("รายงานประจำปี 2562", Award(None, 2562)),
        ("วันที่ 3 มกราคม 2562", Award(None, None)),
        ("", Award(None, None)),
    ],
)
def test_headers_and_titles_state_award_and_year(line: str, award: Award) -> None:
    assert stated([line]) == award


def test_award_and_year_may_stand_on_two_lines() -> None:
    assert stated(["รางวัลพระปกเกล้า", "ประจำปี 2560"]) == Award(KPI, 2560)


def test_a_story_must_say_that_it_received_the_award() -> None:
    assert received("เทศบาลได้รับรางวัลพระปกเกล้า ด้านเครือข่าย ประจำปี 2552 จากสถาบัน") == Award(KPI, 2552)
    assert received("ศึกษาเกณฑ์รางวัลพระปกเกล้า ประจำปี 2552") == Award()


def test_the_mention_with_a_year_wins() -> None:
    text = "ได้รับรางวัลพระปกเกล้าหลายครั้ง" + " เล่าเรื่องยาว" * 40 + " ได้รับรางวัลพระปกเกล้า’ 64"
    assert received(text) == Award(KPI, 2564)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2562", 2562),
        ("พ.ศ. ๒๕๖๒", 2562),
        ("62", 2562),
        ("2019", 2562),
        ("", None),
        ("ไม่ทราบ", None),
        ("25620", None),
    ],
)
def test_years_are_buddhist(text: str, year: int | None) -> None:
    assert year_be(text) == year
