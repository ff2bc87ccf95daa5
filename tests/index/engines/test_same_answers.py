"""Both engines give the same rankings up to ties, the same filters, the same answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.engine import SYSTEMS, Engine
from index.hits import Filters, Hit
from tests.index.engines.conftest import ODD, PROVINCES

QUESTIONS = (
    "ใครใช้ MOU กับโรงพยาบาล",
    "ธนาคารน้ำใต้ดินทำที่ไหน",
    "คัดแยกขยะทำให้ขยะลดลงเท่าไร",
    "กรณีใดทำงานร่วมกับโรงพยบาล",
    "ผู้สูงอายุ ชลบุรี",
    "๑๐๐ บาท",
    "zzzzqqqq",
)
FILTERS = (
    None,
    Filters(province="ชลบุรี"),
    Filters(province=("ลำปาง", "เชียงใหม่"), year_be=2562),
    Filters(award=ODD),
    Filters(document_id="doc7"),
    Filters(province="ไม่มีจังหวัดนี้"),
)
EVERYTHING = 1000
"""A depth that cuts none of several passages that score alike."""
CLOSE = 2e-4
"""Scores are sums of single-precision numbers, in another order, normalised."""


def assert_same(one: Sequence[Hit], other: Sequence[Hit]) -> None:
    """The same scores of the same passages, so that only those that score alike may stand in another order."""
    scores = {hit.passage_id: hit.score for hit in other}
    assert {hit.passage_id: hit.score for hit in one} == pytest.approx(scores, abs=CLOSE)


@pytest.mark.parametrize("system", SYSTEMS)
def test_rankings_are_the_same_up_to_ties(engines: dict[str, Engine], system: str) -> None:
    for question in QUESTIONS:
        one, other = (
            engines[name].retrieve(question, depth=EVERYTHING, system=system)
            for name in ("embedded", "milvus")
        )
        assert_same(one, other)


@pytest.mark.parametrize("filters", FILTERS[1:], ids=str)
def test_filtered_rankings_are_the_same(engines: dict[str, Engine], filters: Filters) -> None:
    for system in ("hybrid", "dense", "words"):
        one, other = (
            engines[name].retrieve(QUESTIONS[1], depth=EVERYTHING, system=system, filters=filters)
            for name in ("embedded", "milvus")
        )
        assert_same(one, other)


def test_answers_and_citations_are_the_same(engines: dict[str, Engine]) -> None:
    for question in QUESTIONS:
        one, other = (engines[name].search(question) for name in ("embedded", "milvus"))
        assert one.suggestion == other.suggestion
        assert (one.answer is None) == (other.answer is None)
        if one.answer is not None and other.answer is not None:
            assert (one.answer.text, one.answer.evidence) == (other.answer.text, other.answer.evidence)
            assert one.answer.confidence == pytest.approx(other.answer.confidence, abs=1e-3)
        assert [group.best.citation for group in one.groups[:3]] == [
            group.best.citation for group in other.groups[:3]
        ]


def documents(engine: Engine, filters: Filters) -> set[str]:
    """The documents of all hits that pass the filters."""
    hits = engine.retrieve("เทศบาลตำบล ขยะ", depth=400, system="dense", filters=filters)
    return {passage.document_id for passage in engine.store.passages([hit.passage_id for hit in hits])}


def test_filters_let_pass_exactly_what_they_name(engine: Engine) -> None:
    for number, province in enumerate(PROVINCES):
        found = documents(engine, Filters(province=province))
        assert {f"doc{n}" for n in range(number, 200, 3)} <= found
        assert not {f"doc{n}" for n in range(200) if n % 3 != number} & found
    assert documents(engine, Filters(award=ODD)) == {f"doc{n}" for n in range(0, 200, 7)}
    assert documents(engine, Filters(award=ODD, province=PROVINCES[0])) == {
        f"doc{n}" for n in range(0, 200, 21)
    }


@pytest.mark.parametrize(
    "hostile",
    [
        '"] or row >= 0 or province in ["',
        "' or '1' == '1",
        'ชลบุรี" or row > 0 //',
        "\\",
        '\\"] or row >= 0 #',
        "ชลบุรี\n",
        "\x00",
        "",
        "{row}",
        "%",
    ],
)
def test_a_hostile_value_is_only_a_value(engine: Engine, hostile: str) -> None:
    for filters in (Filters(province=hostile), Filters(document_id=hostile), Filters(case_id=(hostile, "x"))):
        assert engine.retrieve("เทศบาล", system="dense", filters=filters) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=12).map("-".__add__))
def test_no_text_breaks_out_of_a_filter(engines: dict[str, Engine], value: str) -> None:
    filters = Filters(province=(value, "ลำปาง"))
    found = engines["milvus"].retrieve("เทศบาล", depth=10, system="dense", filters=filters)
    only = engines["milvus"].retrieve("เทศบาล", depth=10, system="dense", filters=Filters(province="ลำปาง"))
    assert found == only


def test_half_a_character_stands_in_no_passage(engines: dict[str, Engine]) -> None:
    assert engines["milvus"].retrieve("เทศบาล", system="dense", filters=Filters(province="\ud800")) == []
