from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pages.fragments import share_url, text_fragment

PAGE = (
    "# ศูนย์แพทย์ชุมชน\n"
    "เทศบาลทำบันทึกข้อตกลง (MOU) กับโรงพยาบาล ความตกลงนี้ทำให้มีศูนย์แพทย์ชุมชน\n"
    "ผู้สูงอายุออกกำลังกายทุกวัน ผู้สูงอายุออกกำลังกายทุกวัน และเด็กเรียนดนตรี\n"
    "ราคา 1,200 บาท-ต่อคน & ไม่มีค่าใช้จ่ายอื่น"
)
THAI = st.text(alphabet=st.sampled_from("กขคงาิีึืุู่้์ำเแโ ab1,-&\n#"), max_size=300)


def terms(directive: str) -> list[str]:
    """The terms as a browser reads them: prefix- and -suffix told apart by their dashes."""
    assert directive.startswith(":~:text=")
    return [unquote(term) for term in directive.removeprefix(":~:text=").split(",")]


def of(quote: str, nth: int = 0) -> str:
    at = -1
    for _ in range(nth + 1):
        at = PAGE.index(quote, at + 1)
    return text_fragment(PAGE, at, at + len(quote))


def test_a_short_quotation_between_spaces_is_named_whole() -> None:
    assert terms(of("กับโรงพยาบาล")) == ["กับโรงพยาบาล"]


def test_a_quotation_that_begins_inside_a_run_of_thai_has_context_up_to_the_spaces() -> None:
    assert terms(of("บันทึกข้อตกลง")) == ["เทศบาลทำ-", "บันทึกข้อตกลง"]
    assert terms(of("ศูนย์แพทย์ชุมชน", 1)) == ["ความตกลงนี้ทำให้มี-", "ศูนย์แพทย์ชุมชน"]
    assert terms(of("ความตกลงนี้")) == ["ความตกลงนี้", "-ทำให้มีศูนย์แพทย์ชุมชน"]


def test_words_that_occur_before_are_told_apart() -> None:
    first, second = of("ผู้สูงอายุออกกำลังกายทุกวัน"), of("ผู้สูงอายุออกกำลังกายทุกวัน", 1)
    assert terms(first) == ["ผู้สูงอายุออกกำลังกายทุกวัน"]
    assert len(terms(second)) > 1


def test_words_above_the_text_are_told_apart_too() -> None:
    start = PAGE.index("กับโรงพยาบาล")
    directive = text_fragment(PAGE, start, start + 12, before="งานกับโรงพยาบาล กับโรงพยาบาล")
    assert len(terms(directive)) > 1


def test_several_lines_are_named_by_first_and_last_words() -> None:
    start, end = PAGE.index("เทศบาล"), PAGE.index("และเด็ก") - 1
    found = terms(text_fragment(PAGE, start, end))
    assert len(found) == 2
    assert PAGE[start:end].startswith(found[0])
    assert PAGE[start:end].endswith(found[1])


def test_what_ends_a_directive_is_escaped() -> None:
    directive = of("1,200 บาท-ต่อคน & ไม่มีค่าใช้จ่ายอื่น")
    assert not re.search(r"[&\s-]", directive.removeprefix(":~:text="))
    assert unquote(directive).endswith("1,200 บาท-ต่อคน & ไม่มีค่าใช้จ่ายอื่น")


def test_words_are_asked_for_as_they_stand() -> None:
    text = "ป\u0e48\u0e38 กู่"  # a tone mark before its vowel: not what normalisation would write
    assert unquote(text_fragment(text, 0, 3)) == ":~:text=ป\u0e48\u0e38"


def test_marks_of_headings_are_never_asked_for() -> None:
    assert "#" not in unquote(text_fragment(PAGE, 0, len(PAGE)))
    assert text_fragment("## ", 0, 2) == ""


@pytest.mark.parametrize("span", [(0, 0), (5, 2), (-4, 0), (999, 1200)])
def test_nothing_gives_nothing(span: tuple[int, int]) -> None:
    assert text_fragment(PAGE, *span) == ""


@given(THAI, st.integers(0, 300), st.integers(0, 300))
def test_every_term_stands_on_one_line_of_the_text_and_cuts_no_cluster(
    text: str, start: int, end: int
) -> None:
    directive = text_fragment(text, start, end)
    if not directive:
        return
    assert not set(directive.removeprefix(":~:text=")) & set(" &#\n")
    for term in terms(directive):
        plain = term.removeprefix("-").removesuffix("-") if term not in ("-",) else term
        assert any(plain in line or term in line for line in text.split("\n"))
        first = (term if term in text else plain)[:1]
        inside = (first and unicodedata.category(first).startswith("M")) or first == "ำ"
        assert not inside or re.search(rf"(?:^|[\s#]){re.escape(first)}", text), (
            "only where the text itself begins so"
        )


@given(THAI, st.integers(0, 300), st.integers(0, 300))
def test_ends_are_at_spaces_or_context_reaches_to_them(text: str, start: int, end: int) -> None:
    directive = text_fragment(text, start, end)
    if directive:
        first, last = terms(directive)[0].removesuffix("-"), terms(directive)[-1].removeprefix("-")
        edges = rf"(?:^|\s|(?<=\s)#+ ){re.escape(first)}"
        assert re.search(edges, text, re.MULTILINE) or terms(directive)[0] in text
        assert re.search(rf"{re.escape(last)}(?:\s|$)", text) or terms(directive)[-1] in text


def test_an_address_to_hand_on_works_with_and_without_fragments() -> None:
    url = share_url("ก/ข", 3, PAGE, 18, 25)
    assert url.startswith("/documents/%E0%B8%81%2F%E0%B8%82?page=3&start=18&end=25#cite:~:text=")
    assert share_url("a", 1, "", 0, 0) == "/documents/a?page=1&start=0&end=0#cite"


def test_a_page_of_one_letter_is_no_work() -> None:
    # Matching patterns here took minutes: every place of the page looked like the beginning of the quotation.
    page = "ก" * 20_000
    assert text_fragment(page, 300, 340).startswith(":~:text=")
    assert text_fragment(page, 0, 20_000) == "", "a quotation without any cut is too long for an address"


def test_case_marks_and_white_space_are_no_difference_to_a_browser() -> None:
    page = "mou กานใหม่ แล้ว MOU  ก้านใหม่ จบ"
    start = page.index("MOU")
    made = text_fragment(page, start, start + len("MOU  ก้านใหม่"))
    assert "-," in made, "the words stand before in another form: only words around the quotation tell it"
