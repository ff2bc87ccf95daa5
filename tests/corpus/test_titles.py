from __future__ import annotations

from corpus.records import Page
from corpus.titles import title_of


def page(text: str = "", dropped: tuple[str, ...] = ()) -> Page:
    return Page(1, "a", "0", "plain", text, text, (), (0,), dropped)


def test_the_running_header_is_the_title_not_the_viewers_line_or_page_numbers() -> None:
    dropped = ("Page 25 - book62", "P. 25", "รายงานประเมินองค์กรปกครองส่วนท้องถิ่น  ปี 2562", "20 21 22")
    assert title_of("book62", [page("x", dropped)]) == "รายงานประเมินองค์กรปกครองส่วนท้องถิ่น ปี 2562"


def test_the_header_of_most_pages_wins_over_a_longer_one_of_a_single_page() -> None:
    pages = [page("x", ("รายงานประจำปีสถาบัน",))] * 3 + [page("x", ("บทที่ 3 ผลการศึกษาเทศบาลทั้งหลายในภาคเหนือ",))]
    assert title_of("d", pages) == "รายงานประจำปีสถาบัน"


def test_without_headers_a_short_first_line_serves_and_else_the_id() -> None:
    assert (
        title_of("d", [page("เทศบาลเปิดศูนย์ผู้สูงอายุ\nเนื้อหา", ("หน้าแรก > รายละเอียดข่าว",))]) == "เทศบาลเปิดศูนย์ผู้สูงอายุ"
    )
    assert title_of("d", [page("ข้อความยาว" * 50)]) == "d"
    assert title_of("d", [page("123")]) == "d"


def test_dates_are_no_titles_and_facing_footers_count_once() -> None:
    dropped = ("ลงประกาศเมื่อ : 23/11/2552 14:18:23 น.",)
    assert title_of("d", [page("ข่าวเทศบาลเมือง\nเนื้อหา", dropped)]) == "ข่าวเทศบาลเมือง"
    assert title_of("d", [page("x", ("รางวัลพระปกเกล้า 58 รางวัลพระปกเกล้า 58",))]) == "รางวัลพระปกเกล้า 58"
