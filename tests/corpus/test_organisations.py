from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.organisations import KINDS, mentions, names_in, parse


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("เทศบาลตำบลบ้านบึง (ต.บ้านบึง)", ["เทศบาลตำบลบ้านบึง"]),
        ("เทศบาลตำบลชมภูสามารถพัฒนา", ["เทศบาลตำบลชมภู"]),
        ("อบต.นาคูณใหญ่ได้ให้ความสำคัญ", ["องค์การบริหารส่วนตำบลนาคูณใหญ่"]),
        ("องค์การบริหาร\nส่วนตำบลนาคูณใหญ่เป็นองค์กร", ["องค์การบริหารส่วนตำบลนาคูณใหญ่"]),
        ("นายกเทศมนตรีเมืองทุ่งสง", ["เทศบาลเมืองทุ่งสง"]),
        ("ทต.บ้านบึง ทม.ทุ่งสง ทน.เชียงราย", ["เทศบาลตำบลบ้านบึง", "เทศบาลเมืองทุ่งสง", "เทศบาลนครเชียงราย"]),
        ("อบจ.โคราชจัดงาน", ["องค์การบริหารส่วนจังหวัดนครราชสีมา"]),
        ("เทศบาลนครศรีธรรมราช", ["เทศบาลนครนครศรีธรรมราช"]),
        ("เทศบาลเมืองสุไหงโก-ลกและอื่น ๆ", ["เทศบาลเมืองสุไหงโก-ลก"]),
        ("เทศบาลตำบลหนองขอน", ["เทศบาลตำบลหนองขอน"]),  # ขอ is inside a longer word
        ("เทศบาลตำบลเขาพระงามฯ ได้รับรางวัล", ["เทศบาลตำบลเขาพระงาม"]),
        ("เทศบาลตำบลสันทรายหลวง", ["เทศบาลตำบลสันทรายหลวง"]),
        ("กรุงเทพมหานครและเมืองพัทยา", ["กรุงเทพมหานคร", "เมืองพัทยา"]),
        ("อบต.นาคูณใหญ่ทำอะไร", ["องค์การบริหารส่วนตำบลนาคูณใหญ่"]),
    ],
)
def test_names_end_where_ordinary_words_begin(text: str, names: list[str]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "เทศบาลตำบลทุกแห่งในจังหวัด",
        "องค์การบริหารส่วนตำบล ผู้นำชุมชน และประชาชน",
        "อบต.และเทศบาลทั่วประเทศ",
        "ร่วมทดสอบตลาดในงาน",  # อบต inside ordinary words
        "พิธีมอบตราสัญลักษณ์",
        "เทศบาลตำบลไหนทำธนาคารขยะ",
        "องค์การบริหารส่วนจังหวัดต่าง ๆ",
        "เทศบาลนครและเมือง",
        "",
    ],
)
def test_general_mentions_are_no_names(text: str) -> None:
    assert names_in(text) == []


def test_other_mentions_settle_an_unknown_name() -> None:
    text = "เทศบาลตำบลกรวดแก้วผสานใจ เทศบาลตำบลกรวดแก้ว (จ.น่าน) และเทศบาลตำบลกรวดแก้วเป็นเจ้าภาพ"
    assert names_in(text) == ["เทศบาลตำบลกรวดแก้ว"]


def test_a_name_known_beforehand_bridges_a_space() -> None:
    assert names_in("เทศบาลตำบล กรวดแก้ว จัดงาน") == []
    assert names_in("เทศบาลตำบล กรวดแก้ว จัดงาน", ["เทศบาลตำบลกรวดแก้ว"]) == ["เทศบาลตำบลกรวดแก้ว"]


def test_mentions_say_where_they_stand() -> None:
    text = "วันนี้ อบต.ดอนแก้วได้รับมอบจาก อบจ.เชียงใหม่"
    assert [text[found.start : found.end] for found in mentions(text)] == ["อบต.ดอนแก้ว", "อบจ.เชียงใหม่"]


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("เทศบาลตำบลร่วมใจพัฒนา", ("เทศบาลตำบล", "ร่วมใจพัฒนา")),
        ("อบต. นาคูณใหญ่", ("องค์การบริหารส่วนตำบล", "นาคูณใหญ่")),
        ("ทต.บ้านบึง จ.ชลบุรี", ("เทศบาลตำบล", "บ้านบึง")),
        ("เทศบาลเมืองน่าน (จ.น่าน)", ("เทศบาลเมือง", "น่าน")),
        ("อบจ.แพร่", ("องค์การบริหารส่วนจังหวัด", "แพร่")),
        ("กทม.", ("กรุงเทพมหานคร", "")),
        ("มูลนิธิน้ำใส", None),
        ("อบจ.ไม่มีจังหวัดนี้", None),
        ("", None),
    ],
)
def test_a_name_given_as_such_is_split(name: str, parsed: tuple[str, str] | None) -> None:
    assert parse(name) == parsed


@given(
    st.lists(
        st.sampled_from([*KINDS, "อบต.", "บ้านบึง", "ได้", " ", "\n", "เ", "่", "ำ", "ก", "(", "x"]), max_size=12
    )
)
def test_mentions_are_ordered_slices_of_any_text(parts: list[str]) -> None:
    text = "".join(parts)
    end = 0
    for found in mentions(text):
        assert end <= found.start < found.end <= len(text)
        assert found.kind in KINDS
        assert bool(found.place) == (found.kind not in {"กรุงเทพมหานคร", "เมืองพัทยา"})
        end = found.start


@given(
    st.sampled_from(["ชมภู", "นาคูณใหญ่", "ปลายพระยา", "น้ำใสใจดี"]),
    st.sampled_from(["ได้", "มี", "และ", "ซึ่ง", " ", "(", "สามารถ"]),
)
def test_any_ordinary_word_ends_any_name(place: str, following: str) -> None:
    assert names_in(f"เทศบาลตำบล{place}{following}ดำเนินงาน") == [f"เทศบาลตำบล{place}"]
