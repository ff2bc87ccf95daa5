"""The demo cases and the questions on them: complete, within bounds, and consistent with each other."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pythainlp import word_tokenize

from corpus.front_matter import split
from corpus.gazetteer import provinces

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "corpus" / "cases").glob("*.md"))
DEMO, SEEDS = ROOT / "eval" / "demo", ROOT / "eval" / "seeds"
KINDS = {
    "เทศบาลนคร",
    "เทศบาลเมือง",
    "เทศบาลตำบล",
    "องค์การบริหารส่วนตำบล",
    "องค์การบริหารส่วนจังหวัด",
}
SPLITS = ("dev", "test")
each_case = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
each_set = pytest.mark.parametrize("folder", [DEMO, SEEDS], ids=lambda folder: folder.name)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_table(path: Path) -> list[dict[str, str]]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def in_split(rows: list[dict[str, Any]], name: str) -> set[str]:
    return {row["_id"] for row in rows if row["metadata"]["split"] == name}


@each_case
def test_front_matter_is_complete(path: Path) -> None:
    metadata, _ = split(path.read_text(encoding="utf-8"))
    known = {"title", "organisation", "kind", "province", "district", "year_be", "award", "source"}
    assert {"title", "organisation", "kind", "province", "source"} <= metadata.keys() <= known
    assert metadata["kind"] in KINDS
    assert metadata["organisation"].startswith(metadata["kind"])
    assert metadata["province"] in provinces()
    if "year_be" in metadata:
        assert 2540 <= int(metadata["year_be"]) <= 2570


@each_case
def test_body_has_150_to_500_words_in_sections(path: Path) -> None:
    _, body = split(path.read_text(encoding="utf-8"))
    words = [
        w for w in word_tokenize(body, keep_whitespace=False) if re.search(r"[0-9A-Za-z\u0e01-\u0e2e]", w)
    ]
    assert 150 <= len(words) <= 500
    assert len(re.findall(r"^## \S", body, re.MULTILINE)) >= 3


@each_case
def test_text_is_clean_thai(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\u0e4d\u0e32" not in text, "two characters where SARA AM belongs"
    assert not re.search("[\ue000-\uf8ff\u200b-\u200f\ufeff]", text)
    assert not re.search(r"[\u0e48-\u0e4b]{2}|เเ|  ", text)


def test_ids_and_organisations_are_unique() -> None:
    organisations = [split(path.read_text(encoding="utf-8"))[0]["organisation"] for path in CASES]
    assert 26 <= len(CASES) <= 30
    assert len(set(organisations)) == len(CASES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", path.stem) for path in CASES)


def test_cases_are_varied() -> None:
    metadata = [split(path.read_text(encoding="utf-8"))[0] for path in CASES]
    assert {m["kind"] for m in metadata} == KINDS
    assert len({m["province"] for m in metadata}) >= 15


def test_only_one_case_has_an_agreement_with_a_hospital() -> None:
    """The question on the first screen must have one right answer."""
    paragraphs = [(path.stem, p) for path in CASES for p in path.read_text(encoding="utf-8").split("\n\n")]
    with_both = {s for s, p in paragraphs if re.search("MOU|ข้อตกลง|ความตกลง", p) and "โรงพยาบาล" in p}
    assert with_both == {"banbueng"}


def test_every_case_is_in_the_documentation() -> None:
    table = (ROOT / "docs" / "demo-corpus.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == [path.stem for path in CASES]


@each_set
def test_questions_are_unique_and_described(folder: Path) -> None:
    answerable, others = read_jsonl(folder / "queries.jsonl"), read_jsonl(folder / "unanswerable.jsonl")
    rows = answerable + others
    assert len({row["_id"] for row in rows}) == len(rows)
    assert len({" ".join(row["text"].split()) for row in rows}) == len(rows)
    assert all(row["metadata"]["split"] in SPLITS and row["metadata"]["register"] for row in rows)
    assert all(row["metadata"]["type"] and row["metadata"]["answer"] for row in answerable)
    assert len({row["metadata"]["register"] for row in answerable}) >= 8


@each_set
def test_judgements_cover_each_split_and_no_unanswerable_question(folder: Path) -> None:
    answerable, others = read_jsonl(folder / "queries.jsonl"), read_jsonl(folder / "unanswerable.jsonl")
    for name in SPLITS:
        rows = read_table(folder / "qrels" / f"{name}.tsv")
        assert {row["query-id"] for row in rows} == in_split(answerable, name)
        assert {row["query-id"] for row in rows if row["score"] == "2"} == in_split(answerable, name)
        assert {row["score"] for row in rows} <= {"1", "2"}
        assert not {row["query-id"] for row in rows} & {row["_id"] for row in others}
    assert len(in_split(answerable, "test")) >= 40
    assert len(in_split(others, "test")) == 12


def test_demo_judgements_point_at_cases_and_every_case_is_asked_for() -> None:
    rows = [row for name in SPLITS for row in read_table(DEMO / "qrels" / f"{name}.tsv")]
    stems = {path.stem for path in CASES}
    asked = Counter(row["corpus-id"] for row in rows if row["score"] == "2")
    assert set(asked) == stems
    assert min(asked.values()) >= 3


def test_demo_set_has_its_sizes() -> None:
    answerable, others = read_jsonl(DEMO / "queries.jsonl"), read_jsonl(DEMO / "unanswerable.jsonl")
    assert len(answerable) >= 60
    assert len(in_split(answerable, "dev")) >= 20
    assert len(others) == 30


def test_seed_judgements_name_known_pages_and_cases() -> None:
    places = {
        ("kpiebook62009", "25", "เทศบาลตำบลบ้านบึง"),
        ("kpiebook62009", "25", "เทศบาลตำบลป่าแดด"),
        ("kpiebook62009", "25", "เทศบาลตำบลชมภู"),
        ("22221_Fulltext", "228", "องค์การบริหารส่วนตำบลนาคูณใหญ่"),
        ("kpi17733", "253", "เทศบาลตำบลปลายพระยา"),
        ("kpi11890", "141", "เทศบาลนครเชียงราย"),
        ("004_906a53b8744727b9", "1", "เทศบาลเมืองทุ่งสง"),
    }
    rows = read_table(SEEDS / "qrels.tsv")
    assert {(row["document_id"], row["page"], row["case_name"]) for row in rows} == places
    by_split = [row for name in SPLITS for row in read_table(SEEDS / "qrels" / f"{name}.tsv")]
    assert sorted(map(str, by_split)) == sorted(map(str, rows))
