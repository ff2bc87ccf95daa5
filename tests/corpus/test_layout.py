from __future__ import annotations

import pytest

from corpus.cleaning import clean
from corpus.layout import joiner, lines_of
from tests.corpus.overlay import STORY, wrapped

VIEWER = "Page 25 - kpiebook62009\nP. 25\n\n"
ROW = "\n\u00a0\u00a0\u00a020\u00a0\u00a0\u00a021\u00a0\u00a0\u00a022\u00a0\u00a0\u00a023\u00a0\u00a0\u00a024"


def page(paragraphs: tuple[str, ...] = STORY, base: int = 0, first: int = 0, cells: int = 58) -> str:
    return "\n".join(" " * column + text for column, text in wrapped(paragraphs, cells, base, first))


def bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(("base", "first"), [(0, 0), (15, 32), (18, 23)])
@pytest.mark.parametrize("blank_lines", [False, True])
def test_wrapped_lines_become_paragraphs_again(base: int, first: int, blank_lines: bool) -> None:
    source = page(base=base, first=first)
    if blank_lines and base:  # the line pitch of the paper leaves blank lines anywhere
        lines = source.split("\n")
        source = "\n".join(line + "\n" * (at % 3 == 1) for at, line in enumerate(lines))
    paragraphs = clean(source).text.split("\n")
    assert [bare(paragraph) for paragraph in paragraphs] == [bare(paragraph) for paragraph in STORY]


def test_words_broken_at_a_line_end_are_whole_again() -> None:
    assert "หน่วยงานจะต้องนำ" in clean("เทศบาลนครซึ่งแต่ละหน่วย-\nงานจะต้องนำโครงการ").text
    joined = clean("เทศบาลตำบลได้จัดทำโครงการพัฒนาคุณ\nภาพชีวิตของผู้สูงอายุอย่างต่อเนื่อง").text
    assert "คุณภาพชีวิต" in joined
    assert clean("องค์การบริหารส่วนตำบลใช้ manage-\nment by objectives ในการทำงาน").text.count("management") == 1


def test_a_line_that_begins_with_a_mark_belongs_to_the_line_before() -> None:
    assert clean("ชุมชนและเมืองน\n่าอยู่ของจังหวัด").text == "ชุมชนและเมืองน่าอยู่ของจังหวัด"


def test_latin_words_are_joined_with_a_space() -> None:
    assert joiner("the Mind", "Map tool") == " "
    assert joiner("ใช้ Mind", "เป็น") == " "
    assert joiner("ภาครัฐ", "ประชาชน") == ""
    assert joiner("พันธกิจ (", "Mission") == ""
    assert joiner("ต่างๆ", "ในพื้นที่") == " "


def test_list_items_and_headings_begin_lines_of_their_own() -> None:
    source = page(
        (
            "แนวทางการทำงานของเทศบาลประกอบด้วยขั้นตอนที่ชาวบ้านและเจ้าหน้าที่คิดร่วมกันตั้งแต่ต้นปี มีดังนี้",
            "1) สำรวจความต้องการของทุกครัวเรือนโดยอาสาสมัครในหมู่บ้าน แล้วนำมาเรียงตามความจำเป็นเร่งด่วน",
            "2) จัดเวทีประชาคมเพื่อเลือกโครงการที่ทุกฝ่ายเห็นพ้อง และแบ่งหน้าที่กันรับผิดชอบอย่างชัดเจน",
            "- ติดตามผลทุกเดือนและรายงานให้ที่ประชุมทราบ",
            "3.8 เทศบาลตำบลตัวอย่าง (ต.ตัวอย่าง อ.เมือง จ.ตัวอย่าง): ความโดดเด่นในด้านการมีส่วนร่วมของประชาชน",
        )
    )
    lines = clean(source).text.split("\n")
    assert [line[:3] for line in lines] == ["แนว", "1) ", "2) ", "- ต", "3.8"]


def test_a_decimal_number_at_a_line_start_is_no_heading() -> None:
    first = "เทศบาลใช้งบประมาณสำหรับการก่อสร้างอาคารเรียนหลังใหม่ของโรงเรียนทั้งสิ้น"
    assert "\n" not in clean(f"{first}\n3.5 ล้านบาท โดยได้รับการสนับสนุนจากจังหวัดและภาคเอกชนในพื้นที่").text


def test_viewer_lines_page_numbers_and_strays_are_dropped_and_kept() -> None:
    title = "รายงานวิจัยฉบับสมบูรณ์โครงการประเมินผลงานท้องถิ่น ประจำปี 2562"
    cleaned = clean(
        VIEWER
        + title.replace("ำ", "\u0e4d\u0e32")
        + "\n\n\n"
        + page(base=15, first=32)
        + "\n\n"
        + " " * 40
        + "น"
        + ROW
    )
    assert [bare(line) for line in cleaned.text.split("\n")] == [bare(paragraph) for paragraph in STORY]
    assert cleaned.dropped[:3] == ("Page 25 - kpiebook62009", "P. 25", title)
    assert cleaned.dropped[3] == "น"
    assert cleaned.dropped[4] == "20 21 22 23 24"


@pytest.mark.parametrize(
    "line",
    [
        "25",
        "- 25 -",
        "๒๕",
        "หน้า ๒๕",
        "252 253",
        "รางวัลพระปกเกล้า’ 64",
        "รางวัลพระปกเกล้า’ 58 รางวัลพระปกเกล้า’ 58",
        "xiv",
    ],
)
@pytest.mark.parametrize("top", [True, False])
def test_running_titles_and_numbers_at_either_end_are_dropped(line: str, top: bool) -> None:
    source = f"{line}\n\n{page()}" if top else f"{page()}\n\n{line}"
    cleaned = clean(source)
    assert cleaned.dropped == (line,)
    assert bare(cleaned.text) == bare("".join(STORY))


def test_breadcrumbs_and_posting_dates_are_dropped() -> None:
    cleaned = clean(
        f"หน้าแรก > รายละเอียดข่าว >\n\n\u00a0\n{STORY[0]}\n\nแหล่งที่มา : -\n\nลงประกาศเมื่อ : 23/11/2552\u00a0 14:18:23 น."
    )
    assert cleaned.text == STORY[0]
    assert cleaned.dropped == (
        "หน้าแรก > รายละเอียดข่าว >",
        "แหล่งที่มา : -",
        "ลงประกาศเมื่อ : 23/11/2552 14:18:23 น.",
    )


def test_what_only_looks_like_furniture_inside_the_text_stays() -> None:
    body = page(("จำนวนชุมชนที่เข้าร่วมโครงการในแต่ละปี", "12", "เทศบาลได้รับรางวัลพระปกเกล้า’ 64", *STORY))
    assert clean(body).dropped == ()
    assert "\n12\n" in clean(body).text


def test_paragraphs_one_a_line_are_left_alone() -> None:
    source = "\n".join([*STORY, "แหล่งข้อมูล", "สอบถามได้ที่สำนักงานเทศบาล", "โทร. 0 2000 0000"])
    assert clean(source).text == source
    assert clean(source).pieces == ((0, len(source), 0, len(source)),)


def test_lines_know_their_place() -> None:
    first, second = lines_of("   กี่คน \n\n\n  ข")
    assert (first.text, first.indent, first.cells, first.blanks, first.start) == ("กี่คน", 3, 3, 0, 3)
    assert (second.indent, second.blanks) == (2, 2)


def test_line_ends_of_all_systems_are_one() -> None:
    assert clean("ก่อน\r\n\r\nหลัง").text == clean("ก่อน\n\nหลัง").text == clean("ก่อน\r\rหลัง").text == "ก่อน\nหลัง"


def test_nothing_is_left_of_nothing() -> None:
    for source in ("", " ", "\n\n", "\u200b", "\ufeff\r\n"):
        cleaned = clean(source)
        assert (cleaned.text, cleaned.pieces, cleaned.blocks) == ("", (), (0,))


def test_a_long_single_line_is_cleaned_in_one_go() -> None:
    sentence = "เทศบาลได้ทําบันทึกข้อตกลง กับโรงพยาบาล "
    cleaned = clean(sentence * 20_000)
    assert cleaned.text == (sentence.replace("ํา", "ำ") * 20_000).strip()
    assert clean(cleaned.text).text == cleaned.text
