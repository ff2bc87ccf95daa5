from __future__ import annotations

import pytest

from corpus import gazetteer


def test_the_country_is_complete() -> None:
    assert len(gazetteer.provinces()) == 77
    pairs = sum(len(found) for name, found in gazetteer.districts().items())
    variants = 6
    assert pairs - variants == 878 + 50
    assert all(found <= gazetteer.provinces() for found in gazetteer.subdistricts().values())


@pytest.mark.parametrize(
    ("text", "province"),
    [
        ("ชลบุรี", "ชลบุรี"),
        ("จ.ชลบุรี", "ชลบุรี"),
        ("จังหวัด เชียงใหม่", "เชียงใหม่"),
        ("กทม.", "กรุงเทพมหานคร"),
        ("โคราช", "นครราชสีมา"),
        ("อยุธยา", "พระนครศรีอยุธยา"),
        ("นํ่าน", None),
        ("บ้านบึง", None),
        ("", None),
    ],
)
def test_provinces_by_name_and_short_form(text: str, province: str | None) -> None:
    assert gazetteer.province(text) == province


def test_every_short_form_means_a_province() -> None:
    assert set(gazetteer.SHORT_FORMS.values()) <= gazetteer.provinces()


def test_a_district_settles_its_province_only_when_it_is_the_only_one() -> None:
    assert gazetteer.province_of_district("อ.สารภี") == "เชียงใหม่"
    assert gazetteer.province_of_district("เฉลิมพระเกียรติ") is None
    assert gazetteer.province_of_district("เฉลิมพระเกียรติ", near="น่าน") == "น่าน"
    assert gazetteer.province_of_district("สารภี", near="น่าน") is None
    assert gazetteer.province_of_district("ไม่มีอำเภอนี้") is None


@pytest.mark.parametrize(
    ("kind", "place", "province"),
    [
        ("เทศบาลตำบล", "ปลายพระยา", "กระบี่"),
        ("เทศบาลตำบล", "ป่าแดด", None),  # a district of Chiang Rai, a sub-district of Chiang Mai
        ("องค์การบริหารส่วนตำบล", "นาคูณใหญ่", None),
        ("เทศบาลเมือง", "ทุ่งสง", "นครศรีธรรมราช"),
        ("เทศบาลนคร", "เชียงราย", "เชียงราย"),
        ("เทศบาลนคร", "รังสิต", "ปทุมธานี"),
        ("องค์การบริหารส่วนจังหวัด", "แพร่", "แพร่"),
        ("กรุงเทพมหานคร", "", "กรุงเทพมหานคร"),
        ("เมืองพัทยา", "", "ชลบุรี"),
    ],
)
def test_a_name_settles_a_province_only_without_doubt(kind: str, place: str, province: str | None) -> None:
    assert gazetteer.province_of_organisation(kind, place) == province


def test_the_dictionary_holds_what_general_word_lists_lack() -> None:
    terms = gazetteer.dictionary_terms()
    assert {"อบต.", "องค์การบริหารส่วนตำบล", "นครศรีธรรมราช", "ปลายพระยา", "บันทึกข้อตกลง"} <= set(terms)
    assert list(terms) == sorted(set(terms))
    assert all(len(term) > 2 and " " not in term for term in terms)
