"""Completions while typing, over a really built corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.settings import Settings
from corpus.store import Store
from index.engine import Engine
from index.suggest import KINDS

Build = Callable[[Path], str]
PAST = ("ใครใช้ MOU กับโรงพยาบาล", "เทศบาลไหนดูแลผู้สูงอายุได้ดี")
TYPED = [
    "",
    "ก",
    "เทศ",
    "เทศบาลตำบลบ",
    "บานบึง",
    "mou",
    "ชลบ",
    "ขย",
    "โรงพยบาล",
    "ใครใช้",
    "ข่าว ชุมชน",
    "😀",
    "\x00",
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    from corpus.ingest import ingest
    from index.generations import build
    from tests.index.conftest import PAGES

    root = tmp_path_factory.mktemp("suggest")
    for name, text in PAGES.items():
        (root / name).write_text(text, encoding="utf-8")
    settings = Settings(data=root / "data")
    with Store.open(settings.database) as store:
        ingest(store, [*root.glob("*.md"), *root.glob("*.txt")], settings)
        build(store, settings)
    return Engine.open(settings)


def told(engine: Engine, typed: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in engine.suggest(typed, 8, PAST)]


def test_a_case_is_found_by_the_beginning_of_any_of_its_words(engine: Engine) -> None:
    for typed in ("เทศบาลตำบลบ", "บ้านบึ", "บานบึง"):
        case = next(one for one in engine.suggest(typed) if one.kind == "case")
        assert case.text == "เทศบาลตำบลบ้านบึง"
        assert case.target is not None
        assert engine.store.case(case.target) is not None


def test_questions_asked_before_come_first_and_alone_while_nothing_is_typed(engine: Engine) -> None:
    assert told(engine, "") == [("question", question) for question in PAST]
    assert told(engine, "ใครใช้")[0] == ("question", PAST[0])
    assert told(engine, "ผู้สูงอ")[0] == ("question", PAST[1])


def test_the_last_word_is_completed_by_words_that_the_corpus_holds(engine: Engine) -> None:
    assert ("word", "การแยกขยะ") in told(engine, "การแยกขย")
    assert ("word", "ศูนย์โรงพยาบาล") in told(engine, "ศูนย์โรงพยา")
    assert not [
        text for kind, text in told(engine, "กระบ") if kind == "word"
    ]  # known, but not to this corpus


def test_a_province_is_suggested_where_it_has_cases(engine: Engine) -> None:
    assert ("place", "ชลบุรี") in told(engine, "ชลบ")
    assert "ชลบุรี" in [one.target for one in engine.suggest("ชลบ")]
    assert told(engine, "ระยอ") == []


def test_a_slip_is_put_right_where_nothing_begins_like_it(engine: Engine) -> None:
    assert told(engine, "โรงพยบาล") == [("spelling", "โรงพยาบาล")]


def test_a_word_inside_another_begins_nothing(engine: Engine) -> None:
    assert "บันทึกทั่วไป" not in " ".join(text for _, text in told(engine, "ึก"))


@pytest.mark.parametrize("typed", TYPED)
def test_no_suggestion_comes_twice_and_the_limit_holds(engine: Engine, typed: str) -> None:
    for limit in (1, 3, 8):
        found = engine.suggest(typed, limit, PAST)
        assert len(found) <= limit
        assert len({(one.text, one.target) for one in found}) == len(found)
        kinds = [one.kind for one in found if one.kind != "spelling"]
        assert kinds == sorted(kinds, key=list(KINDS).index)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(alphabet="กขคงจชดตทนบปพมยรลวสหอเแโใไาิีึืุูั่้็์ำ MOU๑2(.)\u200b\n", max_size=30))
def test_whatever_is_typed_highlights_are_whole_clusters_of_the_text(engine: Engine, typed: str) -> None:
    for one in engine.suggest(typed, 8, PAST):
        ends = {0, *(match.end() for match in regex.finditer(r"\X", one.text))}
        for start, end in one.highlights:
            assert 0 <= start < end <= len(one.text)
            assert {start, end} <= ends


def test_the_typed_part_is_what_is_marked(engine: Engine) -> None:
    [case] = [one for one in engine.suggest("บานบึง") if one.kind == "case"]
    [(start, end)] = case.highlights
    assert case.text[start:end] == "บ้านบึง"


def test_warming_reads_names_before_anyone_types(engine: Engine) -> None:
    engine.warm()
    assert told(engine, "เทศบาลตำบลบ")
