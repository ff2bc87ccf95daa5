"""Order, parts and facets of what a search returns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.settings import Settings
from index.engine import Engine
from index.hits import Filters, SearchResult
from index.listing import SORTS
from index.stages import STAGES

Build = Callable[[Path], str]
QUESTION = "เทศบาลทำอะไรเพื่อชุมชน"


@pytest.fixture
def engine(settings: Settings, files: Path, build_from: Build) -> Engine:
    (files / "news.jsonl").write_text(
        '{"id": "n1", "title": "ข่าวชุมชนริมน้ำ", "text": "ชุมชนร่วมกันดูแลเทศบาล", "date": "2019-03-05"}\n'
        '{"id": "n2", "title": "เก่ากว่า", "text": "ชุมชนร่วมกันดูแลคลองของเทศบาล", "date": "2018-12-31"}\n',
        encoding="utf-8",
    )
    build_from(files)
    return Engine.open(settings)


def found(result: SearchResult) -> list[str]:
    return [group.best.citation.document_id for group in result.groups]


@pytest.mark.parametrize("sort", SORTS)
def test_parts_join_to_the_whole_list_in_every_order(engine: Engine, sort: str) -> None:
    whole = engine.search(QUESTION, everything=True, k=50, sort=sort)
    assert whole.total == len(whole.groups) == 6
    parts = [
        engine.search(QUESTION, everything=True, k=2, offset=offset, sort=sort) for offset in (0, 2, 4, 6)
    ]
    assert [one for part in parts for one in found(part)] == found(whole)
    assert [part.total for part in parts] == [6] * 4
    assert not parts[-1].groups


def test_years_and_dates_of_both_eras_order_together_and_the_undated_come_last(engine: Engine) -> None:
    newest = found(engine.search(QUESTION, everything=True, k=50, sort="newest"))
    assert newest[0] == "waste"  # BE 2564
    assert set(newest[1:4]) == {"n1", "banbueng", "chomphu"}  # BE 2562, n1 as 2019-03-05
    assert newest[1] == "n1"
    assert newest[4:] == ["n2", "note"]
    oldest = found(engine.search(QUESTION, everything=True, k=50, sort="oldest"))
    assert oldest[0] == "n2"
    assert oldest[-1] == "note"


def test_names_stand_in_the_order_of_thai_dictionaries(engine: Engine) -> None:
    shown = engine.search(QUESTION, everything=True, k=50, sort="name").groups
    names = [g.best.citation.case.name if g.best.citation.case else g.best.citation.title for g in shown]
    assert names.index("เก่ากว่า") < names.index("ข่าวชุมชนริมน้ำ") < names.index("เทศบาลตำบลชมภู")


def test_the_answer_is_the_same_in_every_order_and_part(engine: Engine) -> None:
    answers = [
        engine.search("ใครใช้ MOU กับโรงพยาบาล", offset=offset, sort=sort).answer
        for sort in SORTS
        for offset in (0, 3)
    ]
    assert {answer.text if answer else None for answer in answers} == {"เทศบาลตำบลบ้านบึง"}


def test_several_values_of_one_filter_let_any_of_them_pass(engine: Engine) -> None:
    both = engine.search(QUESTION, everything=True, filters=Filters(province=("ชลบุรี", "เชียงใหม่")))
    assert set(found(both)) == {"banbueng", "chomphu", "waste"}
    one = engine.search(
        QUESTION, everything=True, filters=Filters(province=("ชลบุรี", "เชียงใหม่"), year_be=(2564,))
    )
    assert found(one) == ["waste"]


def test_a_chosen_facet_still_counts_its_other_values_and_the_others_combine(engine: Engine) -> None:
    chosen = engine.search(QUESTION, everything=True, filters=Filters(province="ชลบุรี"))
    assert chosen.facets["province"] == {"ชลบุรี": 2, "เชียงใหม่": 1}
    assert chosen.facets["year_be"] == {"2562": 1, "2564": 1}
    none = engine.search(QUESTION, everything=True, filters=Filters(province="ไม่มีจังหวัดนี้"))
    assert none.total == 0
    assert none.facets["province"] == {"ชลบุรี": 2, "เชียงใหม่": 1, "ไม่มีจังหวัดนี้": 0}


def test_an_unknown_order_is_refused_by_name(engine: Engine) -> None:
    with pytest.raises(ValueError, match="sort must be one of relevance"):
        engine.search(QUESTION, everything=True, sort="best")


def test_stages_add_up_to_no_more_than_the_whole(engine: Engine) -> None:
    result = engine.search(QUESTION)
    assert set(result.stages) <= set(STAGES)
    assert {"clean", "segment", "encode", "words", "characters", "dense", "rerank", "answer"} <= set(
        result.stages
    )
    assert 0 < sum(result.stages.values()) <= result.took_ms


def test_only_what_has_to_do_with_the_question_is_found_counted_and_paged(engine: Engine) -> None:
    question = "คัดแยกขยะที่ต้นทาง"
    result = engine.search(question)
    assert found(result) == ["waste"]
    assert result.total == 1
    assert result.facets["province"] == {"ชลบุรี": 1}
    everything = engine.search(question, everything=True)
    assert found(everything)[0] == "waste"
    assert everything.total == 6
    assert engine.search(question, filters=Filters(province="เชียงใหม่")).facets["province"]["ชลบุรี"] == 1


def test_where_nothing_has_to_do_with_it_the_nearest_are_listed_without_an_answer(engine: Engine) -> None:
    result = engine.search("ทีมฟุตบอลใดชนะการแข่งขันฟุตบอลโลก")
    assert result.answer is None
    assert result.total == len(result.groups) > 0
