from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.records import Case, Passage
from corpus.segment import default_segmenter, fold
from corpus.store import StoredPassage
from index.hits import Filters
from index.lexical import LexicalIndex, counted, ngrams, skeleton, skeleton_points, telling
from index.lexical_writer import LexicalWriter
from tests.index.batches import prepared

TEXTS = {
    1: "เทศบาลทำบันทึกข้อตกลงกับโรงพยาบาลเพื่อตั้งศูนย์แพทย์ชุมชน",
    2: "โครงการคัดแยกขยะที่ต้นทางของชุมชน ลดขยะได้ครึ่งหนึ่งในปี ๒๕๖๒",
    3: "โรงเรียนผู้สูงอายุเปิดสอนทุกวันพุธ มีผู้สูงอายุมาเรียน 120 คน",
}
PROVINCES = {1: "ชลบุรี", 2: "เชียงใหม่", 3: "ชลบุรี"}


def stored(row: int, text: str) -> StoredPassage:
    case = Case(f"c{row}", f"เทศบาลที่{row}", "เทศบาลตำบล", PROVINCES.get(row), 2560 + row, None)
    passage = Passage(f"p{row}", f"d{row}", 1, case.case_id, "", text, 0, len(text))
    return StoredPassage(row, passage, case.name, case)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = LexicalWriter(tmp_path / "lexical")
    writer.add(prepared([stored(row, text) for row, text in TEXTS.items()]))
    writer.finish()
    return tmp_path / "lexical"


def rows(found: list[tuple[int, float]]) -> list[int]:
    return [row for row, _ in found]


def by_words(index: LexicalIndex, query: str, filters: Filters | None = None) -> list[int]:
    return rows(index.search("words", counted(default_segmenter().terms(query)), 10, filters))


def by_characters(index: LexicalIndex, query: str) -> list[int]:
    return rows(index.search("characters", counted(ngrams(query)), 10))


def test_words_find_the_passage_that_holds_them(folder: Path) -> None:
    index = LexicalIndex(folder)
    assert by_words(index, "โรงพยาบาล") == [1]
    assert by_words(index, "ผู้สูงอายุ")[0] == 3
    assert by_words(index, "ไดโนเสาร์") == []


def test_the_case_name_is_searchable_though_the_text_does_not_hold_it(folder: Path) -> None:
    assert by_characters(LexicalIndex(folder), "เทศบาลที่2")[0] == 2


def test_thai_and_arabic_digits_are_one(folder: Path) -> None:
    index = LexicalIndex(folder)
    assert by_words(index, "2562")[0] == 2
    assert by_words(index, "๑๒๐") == [3]


@pytest.mark.parametrize("query", ["โรงพยาบาน", "โรงพยบาล", "โรงงพยาบาล", "ผูสูงอายุ", "ผู้สูงอายุุ"])
def test_characters_carry_typing_slips_and_dropped_marks(folder: Path, query: str) -> None:
    assert by_characters(LexicalIndex(folder), query)[0] == (1 if query.startswith("โรง") else 3)


def test_filters_are_exact(folder: Path) -> None:
    index = LexicalIndex(folder)
    assert by_words(index, "ชุมชน") != by_words(index, "ชุมชน", Filters(province="ชลบุรี"))
    assert by_words(index, "ชุมชน", Filters(province="ชลบุรี")) == [1]
    assert by_words(index, "ชุมชน", Filters(province="ชล")) == []
    assert index.filtered_rows(Filters(province="ชลบุรี")) == [1, 3]
    assert index.filtered_rows(Filters(province="ชลบุรี", year_be=2563)) == [3]
    assert index.filtered_rows(Filters()) is None


def test_removed_rows_are_gone_and_others_stay(folder: Path) -> None:
    writer = LexicalWriter(folder)
    writer.remove(np.asarray([1], dtype=np.int64))
    writer.add(prepared([stored(4, "ตลาดน้ำของชุมชน")]))
    writer.finish()
    index = LexicalIndex(folder)
    assert len(index) == 3
    assert by_words(index, "โรงพยาบาล") == []
    assert by_words(index, "ตลาดน้ำ") == [4]


def test_an_empty_query_and_a_query_of_nothing_known_find_nothing(folder: Path) -> None:
    index = LexicalIndex(folder)
    assert index.search("words", {}, 10) == []
    assert index.search("words", {"x": 0.0}, 10) == []
    assert index.search("characters", counted(ngrams("zzzzzz")), 10) == []


def test_what_query_syntax_would_choke_on_is_only_text(folder: Path) -> None:
    index = LexicalIndex(folder)
    assert by_words(index, 'โรงพยาบาล AND (field:"x" OR -[* TO *]) \\ ^9') == [1]


def test_skeletons_ignore_marks_and_sara_am_forms() -> None:
    assert skeleton("น้ำ ทำ") == skeleton("นํ้า ทํา") == "นาทา"
    assert ngrams("กข") == ["กข"]
    assert ngrams("") == []


def test_a_question_is_searched_by_the_terms_that_tell_most() -> None:
    held = {f"common{n}": 900 for n in range(40)} | {"rare": 2, "twice": 30, "alike": 30}
    weights = dict.fromkeys(held, 1.0) | {"twice": 2.0, "nowhere": 5.0, "nothing": 0.0}
    found = telling("words", weights, lambda _, term: held.get(term, 0), 1000)
    assert found[:3] == [("twice", 2.0), ("rare", 1.0), ("alike", 1.0)]
    assert len(found) < len(held)
    assert not {"nowhere", "nothing"} & {term for term, _ in found}


@given(st.text(max_size=60) | st.text("กำํา่้ก็ ๆฯ๑1aA—😀", max_size=60))
def test_the_points_of_a_skeleton_are_its_letters_and_say_where_they_stood(text: str) -> None:
    folded = fold(text)
    points, kept = skeleton_points(folded)
    assert "".join(map(chr, points)) == skeleton(folded)
    assert [skeleton(one) != "" for one in folded] == kept.tolist()
