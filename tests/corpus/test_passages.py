from __future__ import annotations

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.passages import MAX_CHARS, MIN_CHARS, split
from corpus.records import Case, CaseSpan, Page, Piece

THAI = "กขคงจชซดตถทนบปพฟมยรลวสหอะาิีึืุูเแโใไ่้๊๋็์ำๆ 0123๔๕.()“”\n-"


def page(text: str, blocks: tuple[int, ...] = (0,), number: int = 1) -> Page:
    return Page(number, "a.txt", "0" * 64, "plain", text, text, (Piece(0, len(text), 0, len(text)),), blocks)


def boundaries(text: str) -> set[int]:
    ends, at = {0}, 0
    for cluster in regex.findall(r"\X", text):
        at += len(cluster)
        ends.add(at)
    return ends


@given(st.text(alphabet=THAI, max_size=3000))
@settings(max_examples=150, deadline=None)
def test_passages_are_slices_at_grapheme_boundaries_and_lose_no_letter(text: str) -> None:
    passages = split(page(text), [], "d")
    allowed = boundaries(text)
    at = 0
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.start >= at
        assert text[at : passage.start].strip() == ""
        assert passage.start in allowed
        assert passage.end in allowed
        assert len(passage.text) <= MAX_CHARS + 32
        at = passage.end
    assert text[at:].strip() == ""


@given(st.text(max_size=2500), st.integers(0, 2500), st.integers(0, 2500))
@settings(max_examples=100, deadline=None)
def test_no_passage_crosses_a_block_or_a_case(text: str, a: int, b: int) -> None:
    block, cut = min(a, len(text)), min(b, len(text))
    case = Case("c", "เทศบาลตำบลก", "เทศบาลตำบล")
    spans = [CaseSpan(case, 1, cut, len(text), "h")]
    for passage in split(page(text, tuple(sorted({0, block}))), spans, "d"):
        for edge in (block, cut):
            assert passage.end <= edge or passage.start >= edge
        assert passage.case_id == ("c" if passage.start >= cut else None)


def test_long_prose_gives_passages_of_the_wanted_length() -> None:
    sentence = "เทศบาลได้ร่วมกับโรงพยาบาลจัดตั้งศูนย์ดูแลผู้สูงอายุ โดยมีอาสาสมัครในชุมชนช่วยเยี่ยมบ้านทุกสัปดาห์ "
    passages = split(page(sentence * 40), [], "d")
    assert len(passages) > 4
    assert all(MIN_CHARS <= len(p.text) <= MAX_CHARS for p in passages)


def test_a_marked_heading_names_the_passages_under_it_and_is_not_their_text() -> None:
    text = "## ที่มา\nเมืองนี้มีขยะมาก\n\n### สิ่งที่ทำ\nชาวบ้านคัดแยกขยะ\n# ผล\nขยะลดลง"
    passages = split(page(text), [], "d")
    assert [(p.heading, p.text) for p in passages] == [
        ("ที่มา", "เมืองนี้มีขยะมาก"),
        ("สิ่งที่ทำ", "ชาวบ้านคัดแยกขยะ"),
        ("ผล", "ขยะลดลง"),
    ]
    assert all(text[p.start : p.end] == p.text for p in passages)


def test_an_abbreviation_keeps_its_name() -> None:
    filler = "ก" * 296
    text = f"{filler} อ. เมือง จ. เชียงใหม่ {'ข' * 500} {'ค' * 300}"
    for passage in split(page(text), [], "d"):
        assert not passage.text.endswith(("อ.", "จ."))


def test_text_without_any_space_is_cut_between_clusters() -> None:
    text = "ที่นี่ก็ทำ" * 300
    passages = split(page(text), [], "d")
    assert "".join(p.text for p in passages) == text
    assert {p.start for p in passages} <= boundaries(text)


def test_ids_are_stable_and_tell_repeats_apart() -> None:
    text = "\n".join(["ข้อความเดียวกันทุกประการ" * 15] * 3)
    first, again = split(page(text), [], "d"), split(page(text), [], "d")
    assert [p.passage_id for p in first] == [p.passage_id for p in again]
    assert len({p.passage_id for p in first}) == len(first)
    assert {p.passage_id for p in first}.isdisjoint(p.passage_id for p in split(page(text), [], "other"))
