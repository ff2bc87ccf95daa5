"""The query sets that ship with the product, and those that are found beside it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from eval.answering import span
from eval.datasets import Dataset, load, locate
from eval.errors import DataError
from eval.gate import read_values
from eval.measures import default_measures

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent.parent


def _datasets() -> Path | None:
    """Where data sets lie that are not ours to ship."""
    named = os.environ.get("KARANI_DATASETS")
    places = [Path(named)] if named else [ROOT.parent / "shared" / "data"]
    return next((place for place in places if place.is_dir()), None)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_demo_set_is_sound(split: str) -> None:
    dataset = load(locate("demo"), split)
    cases = {path.stem for path in (ROOT / "corpus" / "cases").glob("*.md")}
    assert {document for grades in dataset.qrels.values() for document in grades} <= cases
    assert len({query.text for query in dataset.queries}) == len(dataset.queries)
    assert all(query.metadata["register"] and query.metadata["type"] for query in dataset.queries)
    assert dataset.unanswerable
    assert not {query.text for query in dataset.queries} & {query.text for query in dataset.unanswerable}


def test_the_evidence_of_the_demo_set_stands_in_the_cases() -> None:
    dataset = load(locate("demo"), "test")
    marked = [
        one for rows in dataset.evidence.values() for one in rows if one.grade == dataset.relevance_level
    ]
    assert len(marked) >= 80
    for one in marked:
        assert one.quote, one
        text = (ROOT / "corpus" / "cases" / f"{one.document_id}.md").read_text(encoding="utf-8")
        assert span(one.quote, text), one


def test_the_splits_of_the_demo_set_share_no_question() -> None:
    dev, test = (load(locate("demo"), split) for split in ("dev", "test"))
    assert not {query.query_id for query in dev.queries} & {query.query_id for query in test.queries}
    assert len(test.queries) >= 40
    assert len(test.unanswerable) >= 12


def test_the_gate_of_this_project_is_over_the_demo_questions() -> None:
    """`make gate` needs a baseline of the questions as they are now; `make baseline` writes it anew."""
    baseline, dataset = read_values(ROOT / "eval" / "baseline.json"), load(locate("demo"), "test")
    assert baseline.dataset["query_sha256"] == dataset.query_sha256()
    answerable = {query.query_id for query in dataset.queries}
    assert baseline.per_query["Success(rel=2)@1"].keys() == answerable
    assert baseline.per_query["declined"].keys() == {query.query_id for query in dataset.unanswerable}
    assert "make gate" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    gated = next(line for line in makefile.splitlines() if line.startswith("GATED"))
    assert set(shlex.split(gated.partition(":=")[2])) == baseline.per_query.keys()


def test_absent_data_sets_are_counted(pytester: pytest.Pytester) -> None:
    pytester.makeconftest((ROOT / "tests" / "eval" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile("""
        import pytest
        def test_one(): pytest.skip("thaigov-local is not here; KARANI_DATASETS names the folder that holds it")
        def test_two(): pytest.skip("no chromium")
    """)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").stdout.fnmatch_lines(
        ["1 tests wanted data sets that are not here*"]
    )


def test_the_seeds_set_names_page_and_case(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _datasets()
    if folder is None or not (folder.parent / "seeds").is_dir():
        pytest.skip("the report pages are not here; KARANI_DATASETS names the folder that holds them")
    monkeypatch.setenv("KARANI_DATASETS", str(folder))
    dataset = load(locate("seeds"), "test")
    assert all(one.page and one.case_name for rows in dataset.evidence.values() for one in rows)
    assert len(list(dataset.corpus[0].glob("*.txt"))) >= 5


def test_the_seeds_set_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KARANI_DATASETS", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="the report pages are not here"):
        load(locate("seeds"), "test")


@pytest.mark.parametrize(
    ("name", "split", "queries", "level"), [("thaigov-local", "dev", 126, 2), ("iapp/test", "test", 739, 1)]
)
def test_large_sets_open_where_they_are(name: str, split: str, queries: int, level: int) -> None:
    folder = _datasets()
    if folder is None or not (folder / name).is_dir():
        pytest.skip(f"{name} is not here; KARANI_DATASETS names the folder that holds it")
    dataset: Dataset = load(locate(name, folder), split)
    assert (len(dataset.queries), dataset.relevance_level) == (queries, level)
    assert default_measures(level)[1] == ("Success(rel=2)@1" if level == 2 else "Success@1")
