from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.settings import Settings
from index.embedded import EmbeddedIndex
from index.engine import SYSTEMS, Engine
from index.hits import Filters, SearchResult, as_dict
from index.interfaces import Sought
from index.opening import NoIndexError
from index.stages import Stopwatch

Build = Callable[[Path], str]


@pytest.fixture
def engine(settings: Settings, files: Path, build_from: Build) -> Engine:
    build_from(files)
    return Engine.open(settings)


def names(result: SearchResult) -> list[str | None]:
    return [group.best.citation.case.name if group.best.citation.case else None for group in result.groups]


def assert_citations_slice(engine: Engine, result: SearchResult) -> None:
    for group in result.groups:
        for found in (group.best, *group.more):
            citation = found.citation
            page = engine.store.page(citation.document_id, citation.page)
            assert page is not None
            quoted = page.text[citation.start : citation.end]
            assert quoted == found.passage.text
            assert quoted.startswith(citation.quote)
            for start, end in found.highlights:
                assert 0 <= start < end <= len(found.passage.text)
    if result.answer is not None:
        citation = result.answer.citation
        page = engine.store.page(citation.document_id, citation.page)
        assert page is not None
        assert page.text[citation.start : citation.end] == result.answer.evidence


def test_a_who_question_is_answered_by_the_case_with_its_sentence(engine: Engine) -> None:
    result = engine.search("ใครใช้ MOU กับโรงพยาบาล")
    assert result.answer is not None
    assert result.answer.text == "เทศบาลตำบลบ้านบึง"
    assert "บันทึกข้อตกลง (MOU) กับโรงพยาบาล" in result.answer.evidence
    assert names(result)[0] == "เทศบาลตำบลบ้านบึง"
    assert_citations_slice(engine, result)


@pytest.mark.parametrize(
    "question",
    ["ขยะลดลงเท่าไร", "๕๐ เครือข่าย", "ปลูกต้นไม้", "ศูนย์แพทย์ชุมชน", "โรงพยบาล", "hospital MOU", "เครือข่าย"],
)
def test_every_citation_slices_to_its_quote(engine: Engine, question: str) -> None:
    assert_citations_slice(engine, engine.search(question))


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_input_works_alone_and_filters_are_exact_in_all(engine: Engine, system: str) -> None:
    question = "ขยะในชุมชนของเทศบาล"
    for filters in (Filters(province="ชลบุรี"), Filters(year_be=2562), Filters(province="ชลบุรี", year_be=2564)):
        found = engine.search(question, system=system, filters=filters).groups
        for group in found:
            case = group.best.citation.case
            assert case is not None
            assert filters.province in (None, case.province)
            assert filters.year_be in (None, case.year_be)
    assert engine.search(question, system=system, filters=Filters(province="ไม่มีจังหวัดนี้")).groups == ()
    assert engine.search("คัดแยกขยะ", system=system).groups


def test_question_words_and_particles_do_not_change_the_ranking(engine: Engine) -> None:
    plain = names(engine.search("คัดแยกขยะที่ต้นทาง"))
    assert names(engine.search("ใครคัดแยกขยะที่ต้นทางบ้างครับ"))[0] == plain[0] == "องค์การบริหารส่วนตำบลบ้านสวน"


@pytest.mark.parametrize("question", ["", "   ", "😀😀", "!!! ???", "\x00\x07", "ใคร", "ครับ"])
def test_a_query_without_content_finds_nothing_and_does_not_fail(engine: Engine, question: str) -> None:
    result = engine.search(question)
    assert (result.groups, result.answer) == ((), None)


def test_a_very_long_query_is_answered(engine: Engine) -> None:
    assert engine.search("คัดแยกขยะ " * 1000).groups


def test_a_question_about_something_else_gets_no_answer(engine: Engine) -> None:
    assert engine.search("ทีมฟุตบอลใดชนะการแข่งขันฟุตบอลโลก").answer is None


def test_hits_are_ordered_and_ranks_follow(engine: Engine) -> None:
    for system in SYSTEMS:
        hits = engine.retrieve("เทศบาลทำอะไรกับขยะ", system=system)
        assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))
        assert len({hit.passage_id for hit in hits}) == len(hits)
    printed = as_dict(engine.search("ขยะ"))
    assert [hit["rank"] for hit in printed["hits"]] == list(range(1, len(printed["hits"]) + 1))
    assert printed["facets"]["province"]["ชลบุรี"] >= 1


def test_an_unknown_system_is_refused_by_name(engine: Engine) -> None:
    with pytest.raises(ValueError, match="magic"):
        engine.search("ขยะ", system="magic")


def test_an_empty_data_directory_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(NoIndexError, match="karani ingest"):
        Engine.open(settings)


def test_scraps_of_a_mistyped_word_are_neither_marked_nor_evidence(engine: Engine) -> None:
    result = engine.search("ใครทำ MOU กับโรงพยาบล")
    assert result.suggestion == "ใครทำ MOU กับโรงพยาบาล"
    assert result.answer is not None
    assert result.answer.text == "เทศบาลตำบลบ้านบึง"
    marked = {
        found.passage.text[start:end]
        for group in result.groups
        for found in (group.best, *group.more)
        for start, end in found.highlights
    }
    assert "โรงพยาบาล" in marked
    assert not {"ยาบ", "โรงพ", "บล"} & marked


@pytest.mark.parametrize("filters", [Filters(), Filters(province="ชลบุรี")])
def test_rankings_sought_side_by_side_are_those_sought_in_turn(engine: Engine, filters: Filters) -> None:
    index = engine.opened.index
    assert isinstance(index, EmbeddedIndex)
    asked = engine.understand("โรงพยาบาลและเครือข่ายขยะ")
    vector = engine.encoder.encode_queries([asked.text])[0]
    sought = Sought(words=asked.words, characters=asked.grams, vector=vector)
    in_turn, side_by_side = Stopwatch(), Stopwatch()
    expected = index.rankings(sought, 10, filters, in_turn)
    assert expected["characters"]
    with ThreadPoolExecutor(1) as beside:
        found = replace(index, beside=beside).rankings(sought, 10, filters, side_by_side)
    assert list(found) == list(expected)
    assert found == expected
    assert side_by_side.ms.keys() == in_turn.ms.keys() == {"words", "characters", "dense"}
