from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.cases import find_cases
from corpus.cleaning import clean
from corpus.readers import ReadError, find_files, read
from corpus.records import CaseSpan, Page
from tests.places import seeds

FILLER = "ชาวบ้านช่วยกันคัดแยกขยะและนำมาฝากทุกวันเสาร์ โดยมีครูและพระช่วยจดบันทึก ทำให้ขยะลดลงมาก " * 4


def page(text: str, number: int = 1, dropped: tuple[str, ...] = ()) -> Page:
    return Page(number, "a.txt", "0", "text", text, text, (), (0,), dropped)


def cases(*pages: Page, title: str = "doc", metadata: dict[str, str] | None = None) -> list[CaseSpan]:
    return find_cases("doc", title, metadata or {}, pages)


def names(spans: list[CaseSpan]) -> list[str]:
    return [span.case.name for span in spans]


def test_one_page_may_tell_several_numbered_stories() -> None:
    text = (
        f"3.6 เทศบาลตำบลน้ำใส (ต.น้ำใส อ.เมือง จ.ชลบุรี): ความโดดเด่น พบว่า {FILLER}\n"
        f"3.7 อบต.ป่าแดด (ต.ป่าแดด อ.เมือง จ.เชียงใหม่): {FILLER}\n"
        f"3.8 เทศบาลตำบลกรวดแก้ว (ต.กรวดแก้ว อ.สารภี): เทศบาลตำบลกรวดแก้วสามารถพัฒนา {FILLER}"
    )
    spans = cases(page(text, 25, ("รายงานเพื่อเข้ารับรางวัลพระปกเกล้า ประจำปี 2562",)))
    assert names(spans) == ["เทศบาลตำบลน้ำใส", "องค์การบริหารส่วนตำบลป่าแดด", "เทศบาลตำบลกรวดแก้ว"]
    assert [span.case.province for span in spans] == ["ชลบุรี", "เชียงใหม่", "เชียงใหม่"]
    assert {(span.case.year_be, span.case.award) for span in spans} == {(2562, "รางวัลพระปกเกล้า")}
    assert [span.heading for span in spans] == [
        "3.6 เทศบาลตำบลน้ำใส",
        "3.7 อบต.ป่าแดด",
        "3.8 เทศบาลตำบลกรวดแก้ว",
    ]
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert [span.page for span in spans] == [25, 25, 25]


def test_a_story_runs_over_following_pages_until_the_next_heading() -> None:
    pages = (
        page(f"๓.๑ เทศบาลตำบลน้ำใส จ.น่าน\n{FILLER}", 7),
        page(f"{FILLER}\n1) ข้อแรก {FILLER}", 8),
        page(f"{FILLER}\n๓.๒ เทศบาลเมืองน่าน\n{FILLER}", 9),
        page(FILLER, 11),
    )
    spans = cases(*pages)
    assert [(span.page, span.case.name) for span in spans] == [
        (7, "เทศบาลตำบลน้ำใส"),
        (8, "เทศบาลตำบลน้ำใส"),
        (9, "เทศบาลตำบลน้ำใส"),
        (9, "เทศบาลเมืองน่าน"),
    ]  # page 10 is missing, so nobody knows whose page 11 is
    assert spans[0].case == spans[1].case == spans[2].case
    assert spans[1].heading == "๓.๑ เทศบาลตำบลน้ำใส"


def test_a_page_that_another_organisation_fills_is_not_the_story_before() -> None:
    other = "เทศบาลตำบลกรวดแก้วจัดงาน " * 6
    spans = cases(page(f"3.1 เทศบาลตำบลน้ำใส:\n{FILLER}", 1), page(other + FILLER, 2))
    assert names(spans) == ["เทศบาลตำบลน้ำใส", "เทศบาลตำบลกรวดแก้ว"]
    assert spans[1].heading == ""


def test_other_headings_end_a_story() -> None:
    text = f"# รวมเรื่อง\n## เทศบาลตำบลน้ำใส\n{FILLER}\n### ผลที่ได้\n{FILLER}\n## สรุป\n{FILLER}"
    [span] = cases(page(text))
    assert span.heading == "เทศบาลตำบลน้ำใส"
    assert text[span.start :].startswith("## เทศบาลตำบลน้ำใส")
    assert text[: span.end].endswith(f"### ผลที่ได้\n{FILLER}\n")
    back = f"3.9 เทศบาลตำบลน้ำใส: {FILLER}\nบรรณานุกรม\nหนังสือเกี่ยวกับเทศบาลตำบลน้ำใส"
    [told] = cases(page(back))
    assert back[: told.end].endswith(FILLER + "\n")


def test_the_next_number_without_an_organisation_ends_a_story() -> None:
    text = f"3.6 เทศบาลตำบลน้ำใส: {FILLER}\n3.6.1 ผลงาน {FILLER}\n3.7 ข้อเสนอแนะของคณะกรรมการ {FILLER}"
    [span] = cases(page(text))
    assert text[span.end :].startswith("3.7")


@pytest.mark.parametrize(
    "heading",
    ["กรณีศึกษาที่ 2: เทศบาลตำบลน้ำใส", "2. เทศบาลตำบลน้ำใส จังหวัดน่าน", "เทศบาลตำบลน้ำใส (จ.น่าน)", "เทศบาลตำบลน้ำใส"],
)
def test_other_ways_to_write_a_heading(heading: str) -> None:
    text = f"บทนำเล่าที่มาของการศึกษา\n{heading}\n{FILLER}"
    [span] = cases(page(text))
    assert span.case.name == "เทศบาลตำบลน้ำใส"
    assert text[span.start :].startswith(heading)


def test_a_list_of_organisations_has_no_stories() -> None:
    rows = "\n".join(
        f"{n}. เทศบาลตำบล{place} จังหวัดน่าน" for n, place in enumerate(["น้ำใส", "กรวดแก้ว", "ดอนงาม"], 1)
    )
    assert cases(page(f"รายชื่อผู้เข้าร่วม\n{rows}\nทั้งนี้ {FILLER}")) == []


def test_passing_mentions_make_no_case() -> None:
    text = f"รัฐมนตรีลงพื้นที่เทศบาลตำบลน้ำใส พบ อบต.ดอนแก้ว และ อบจ.น่าน {FILLER}" * 2
    assert cases(page(text)) == []
    assert cases(page(f"เทศบาลตำบลน้ำใสร่วมงาน {FILLER}")) == []
    assert cases(page("กรุงเทพมหานครแจ้งว่า " * 30)) == []


def test_one_dominating_organisation_owns_an_isolated_page() -> None:
    text = f"ที่ยั่งยืน {'องค์การบริหารส่วนตำบลน้ำใสได้ทำงานกับชุมชน ' * 6}{FILLER}"
    [span] = cases(page(text, 228))
    assert span.case.name == "องค์การบริหารส่วนตำบลน้ำใส"
    assert span.case.province is None
    assert (span.start, span.end, span.heading) == (0, len(text), "")


def test_a_page_of_an_award_report_belongs_to_the_only_organisation_it_names() -> None:
    text = f"{FILLER} เทศบาลตำบลน้ำใสเป็นแกนหลัก {FILLER}"
    [span] = cases(page(text, 253, ("รางวัลพระปกเกล้า’ 58",)))
    assert (span.case.name, span.case.year_be) == ("เทศบาลตำบลน้ำใส", 2558)
    both = text + "ร่วมกับเทศบาลตำบลกรวดแก้ว"
    assert cases(page(both, 253, ("รางวัลพระปกเกล้า’ 58",))) == []


def test_the_title_names_the_organisation_and_the_text_confirms_it() -> None:
    text = f"เทศบาลตำบลน้ำใสเปิดงาน {FILLER}"
    assert names(cases(page(text), title="ธนาคารขยะของเทศบาลตำบลน้ำใส")) == ["เทศบาลตำบลน้ำใส"]
    assert cases(page(FILLER), title="ธนาคารขยะของเทศบาลตำบลน้ำใส") == []
    assert cases(page(text), title="เทศบาลตำบลน้ำใสพบเทศบาลตำบลกรวดแก้ว") == []


def test_metadata_decide_before_the_text() -> None:
    metadata = {
        "organisation": "อบต.ร่วมใจพัฒนา",
        "province": "โคราช",
        "year_be": "๒๕๖๒",
        "award": "รางวัลทดสอบ",
    }
    pages = (page(f"3.1 เทศบาลตำบลน้ำใส: {FILLER}", 1), page(FILLER, 5))
    spans = cases(*pages, title="เรื่องของร่วมใจ", metadata=metadata)
    assert [(span.page, span.start, span.end) for span in spans] == [
        (1, 0, len(pages[0].text)),
        (5, 0, len(FILLER)),
    ]
    case = spans[0].case
    assert spans[0].heading == "เรื่องของร่วมใจ"
    assert (case.name, case.kind) == ("องค์การบริหารส่วนตำบลร่วมใจพัฒนา", "องค์การบริหารส่วนตำบล")
    assert (case.province, case.year_be, case.award) == ("นครราชสีมา", 2562, "รางวัลทดสอบ")


def test_metadata_may_name_another_kind_of_organisation() -> None:
    [span] = cases(page(FILLER), metadata={"organisation": "มูลนิธิน้ำใส", "kind": "มูลนิธิ", "district": "สารภี"})
    assert (span.case.name, span.case.kind, span.case.province) == ("มูลนิธิน้ำใส", "มูลนิธิ", "เชียงใหม่")


def test_the_province_stands_behind_the_name_or_stays_unknown() -> None:
    told = "เทศบาลตำบลน้ำใส อำเภอสารภี จังหวัดเชียงใหม่ ทำงาน เทศบาลตำบลน้ำใสพบผู้ว่าฯ จังหวัดน่าน "
    [span] = cases(page(told * 3))
    assert span.case.province == "เชียงใหม่"
    [unknown] = cases(page("เทศบาลตำบลน้ำใสไปดูงานที่จังหวัดน่าน " * 6))
    assert unknown.case.province is None
    [ambiguous] = cases(page("เทศบาลตำบลป่าแดดทำงาน " * 6 + "ในจังหวัดเชียงใหม่"))
    assert ambiguous.case.province == "เชียงใหม่"


def test_a_received_award_is_read_off_the_story() -> None:
    text = "ความสำเร็จของเทศบาลเมืองทุ่งสง\n" + "เทศบาลเมืองทุ่งสง ได้รับรางวัลพระปกเกล้า ด้านเครือข่าย ประจำปี 2552 " * 3
    [span] = cases(page(text))
    assert (span.case.award, span.case.year_be) == ("รางวัลพระปกเกล้า", 2552)
    assert span.case.province == "นครศรีธรรมราช"


def test_ids_depend_on_document_and_name_alone() -> None:
    text = f"3.1 เทศบาลตำบลน้ำใส: {FILLER}"
    [one], [two] = cases(page(text)), cases(page("คำนำ\n" + text + " แก้ไข"))
    assert one.case.case_id == two.case.case_id
    [other] = find_cases("อีกเล่ม", "", {}, [page(text)])
    assert other.case.case_id != one.case.case_id


def test_nothing_gives_nothing() -> None:
    assert cases() == []
    assert cases(page("")) == []
    assert cases(page(" \n")) == []


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "3.1 เทศบาลตำบลน้ำใส:",
                    "3.2 อบต.ดอนแก้ว",
                    "## เทศบาลเมืองน่าน",
                    "## สรุป",
                    "บทที่ 4",
                    "ข้อความ",
                    FILLER,
                    "",
                    "เทศบาลตำบลน้ำใส",
                ]
            ),
            max_size=7,
        ),
        max_size=4,
    ),
    st.lists(st.integers(1, 6), min_size=4, max_size=4, unique=True),
)
def test_spans_ascend_and_never_overlap(lines: list[list[str]], numbers: list[int]) -> None:
    pages = [page("\n".join(part), number) for part, number in zip(lines, sorted(numbers), strict=False)]
    texts = {item.number: item.text for item in pages}
    last = (0, 0)
    for span in cases(*pages):
        assert (span.page, span.start) >= last
        assert 0 <= span.start < span.end <= len(texts[span.page])
        last = (span.page, span.end)


EXPECTED = {
    "000": [
        ("เทศบาลตำบลบ้านบึง", "ชลบุรี", 2562),
        ("เทศบาลตำบลป่าแดด", "เชียงใหม่", 2562),
        ("เทศบาลตำบลชมภู", "เชียงใหม่", 2562),
    ],
    "001": [("องค์การบริหารส่วนตำบลนาคูณใหญ่", None, 2564)],
    "002": [("เทศบาลตำบลปลายพระยา", "กระบี่", 2558)],
    "003": [("เทศบาลนครเชียงราย", "เชียงราย", 2552)],
    "004": [("เทศบาลเมืองทุ่งสง", "นครศรีธรรมราช", 2552)],
}


@pytest.mark.skipif(seeds() is None, reason="the report pages are not here (set KARANI_DATASETS)")
@pytest.mark.parametrize("number", sorted(EXPECTED))
def test_the_real_pages_give_their_cases(number: str) -> None:
    folder = seeds()
    assert folder is not None
    [path] = [path for path in find_files([folder]) if path.name.startswith(number)]
    [document] = list(read(path))
    assert not isinstance(document, ReadError)
    pages = []
    for source in document.pages:
        cleaned = clean(source.text)
        pages.append(
            Page(
                source.number,
                path.name,
                "0",
                "text",
                source.text,
                cleaned.text,
                cleaned.pieces,
                cleaned.blocks,
                cleaned.dropped,
            )
        )
    spans = find_cases(document.name or path.stem, document.title or path.stem, document.metadata, pages)
    assert [(span.case.name, span.case.province, span.case.year_be) for span in spans] == EXPECTED[number]
    assert {span.case.award for span in spans} == {"รางวัลพระปกเกล้า"}
