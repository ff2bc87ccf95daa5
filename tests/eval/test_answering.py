from __future__ import annotations

import argparse
import copy
import dataclasses
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from eval import cli
from eval.answering import (
    accepted_answers,
    check_citations,
    cites_evidence,
    evaluate,
    is_right,
    span,
    word_f1,
)
from eval.calibration import auc, bins, declined_at, declining, expected_error
from eval.datasets import Dataset, Query, load
from eval.qrels import Evidence
from tests.eval.sets import QRELS, beir, write_lines

PAGE = "เทศบาลตัวอย่าง ลงนามกับโรงพยาบาล เมื่อปี 2562 และดูแลผู้สูงอายุ"
EVIDENCE = "ลงนามกับโรงพยาบาล เมื่อปี 2562"


def _citation(text: str, document_id: str = "d1", case: str = "เทศบาลตัวอย่าง") -> dict[str, Any]:
    start = PAGE.index(text)
    return {
        "document_id": document_id,
        "page": 1,
        "start": start,
        "end": start + len(text),
        "quote": text[:8],
        "case": {"name": case},
    }


def _response(document_id: str = "d1") -> dict[str, Any]:
    return {
        "answer": {
            "text": "เทศบาลตัวอย่าง",
            "evidence": EVIDENCE,
            "confidence": 0.8,
            "citation": _citation(EVIDENCE, document_id),
        },
        "hits": [
            {"text": PAGE, "citation": _citation(PAGE, document_id), "highlights": [[0, 6]], "more": []}
        ],
        "took_ms": 1.0,
    }


class Scripted:
    """Answers as told, over one page."""

    name = "scripted"

    def __init__(self, responses: Mapping[str, dict[str, Any]]) -> None:
        self._responses = responses

    def ask(self, question: str) -> Mapping[str, Any]:
        return self._responses.get(question, {"answer": None, "hits": [], "took_ms": 1.0})

    def page_text(self, document_id: str, number: int) -> str | None:
        return PAGE if number == 1 and document_id in {"d1", "d2", "d3"} else None


def _dataset(tmp_path: Path) -> Dataset:
    queries = {"q1": "หนึ่ง", "q2": "สอง", "q3": "สาม"}
    folder = beir(tmp_path / "set", queries=queries)
    without = [
        {"_id": "u1", "text": "ไม่มีหนึ่ง"},
        {"_id": "u2", "text": "ไม่มีสอง"},
        {"_id": "u3", "text": "ของชุดอื่น", "metadata": {"split": "dev"}},
    ]
    write_lines(folder / "unanswerable.jsonl", without)
    lines = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    lines[0]["metadata"]["answer"] = "เทศบาล ตัวอย่าง"
    write_lines(folder / "queries.jsonl", lines)
    return load(folder, "test")


def test_shares_by_hand(tmp_path: Path) -> None:
    wrong = _response("d1")
    asker = Scripted({"หนึ่ง": _response("d1"), "สอง": wrong, "ไม่มีสอง": _response("d2")})
    found = evaluate(_dataset(tmp_path), asker)
    summary = found.summary()
    assert [one.right_first for one in found.judged] == [True, False, False]
    assert summary["right_first"] == pytest.approx(1 / 3)
    assert summary["answered"] == pytest.approx(2 / 3)
    assert summary["answer_right"] == pytest.approx(1 / 3)
    assert summary["answer_found"] == 1.0  # One question has an accepted answer; spaces do not matter.
    assert summary["answer_f1"] == 1.0
    assert summary["citation_accuracy"] == 1.0
    assert summary["citations"] == 4
    assert len(found.refused) == 2  # The question of the other split is not asked.
    assert summary["declined_recall"] == 0.5
    assert summary["declined_precision"] == 0.5
    assert summary["declined_auc"] == pytest.approx((0.5 + 1 + 0.5 + 1 + 0 + 0.5) / 6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r["answer"]["citation"].update(start=1), "the page says"),
        (lambda r: r["hits"][0]["citation"].update(quote="อื่น"), "does not stand there"),
        (lambda r: r["hits"][0]["citation"].update(quote=""), "does not stand there"),
        (lambda r: r["hits"][0]["citation"].update(page=9), "no such page"),
        (lambda r: r["hits"][0].update(highlights=[[0, 999]]), "leave the text"),
        (lambda r: r["hits"][0].update(highlights=[[5, 8], [6, 9]]), "leave the text"),
    ],
    ids=["moved", "other-quote", "no-quote", "no-page", "too-far", "overlapping"],
)
def test_citations_that_do_not_hold_are_found(change: Any, says: str) -> None:
    response = copy.deepcopy(_response())
    change(response)
    count, broken = check_citations(response, Scripted({}))
    assert count == 2
    assert len(broken) == 1
    assert says in broken[0]


def test_a_citation_is_right_by_document_page_and_case() -> None:
    cited = _citation(PAGE)
    assert is_right(cited, [Evidence("d1", 2)])
    assert is_right(cited, [Evidence("d9", 2), Evidence("d1", 2, 1, "เทศบาลตัวอย่าง")])
    assert not is_right(cited, [Evidence("d1", 2, 2)])
    assert not is_right(cited, [Evidence("d1", 2, 1, "เทศบาลอื่น")])
    assert not is_right({**cited, "case": None}, [Evidence("d1", 2, 1, "เทศบาลตัวอย่าง")])
    assert not is_right(cited, [])


def test_a_citation_is_accurate_when_it_overlaps_the_words_a_judge_marked(tmp_path: Path) -> None:
    asker, cited = Scripted({}), _citation(EVIDENCE)
    marked = [Evidence("d1", 2, quote="ลงนาม\nกับ โรงพยาบาล")]
    assert cites_evidence(cited, marked, asker) is True
    assert cites_evidence(cited, [Evidence("d1", 2, quote="ดูแลผู้สูงอายุ")], asker) is False
    assert cites_evidence(cited, [Evidence("d2", 2, quote=EVIDENCE)], asker) is False
    assert cites_evidence(cited, [Evidence("d1", 2, 9, quote=EVIDENCE)], asker) is False
    assert cites_evidence(cited, [Evidence("d1", 2, quote="ไม่มีในหน้า"), *marked], asker) is True
    assert cites_evidence(cited, [Evidence("d1", 2)], asker) is None
    assert cites_evidence(None, marked, asker) is False
    dataset = _dataset(tmp_path)
    evidence = {**dataset.evidence, "q1": marked, "q2": [Evidence("d2", 2, quote=EVIDENCE)]}
    found = evaluate(dataclasses.replace(dataset, evidence=evidence), Scripted({"หนึ่ง": _response("d1")}))
    assert found.summary()["evidence_cited"] == 0.5
    assert found.summary()["evidence_cited_of_answers"] == 1.0
    assert found.per_query()["evidence_cited"] == {"q1": 1.0, "q2": 0.0}


def test_a_quote_is_found_whatever_white_space_either_has() -> None:
    assert span("ข ค", "ก  ขค ง") == (3, 5)
    assert span("ก\nข", "ก ข") == (0, 3)
    assert span("จ", "ก ข") is None
    assert span(" ", "ก ข") is None


def test_accepted_answers() -> None:
    assert accepted_answers(Query("q", "", {"answers": ["ก", "ข", ""]})) == ["ก", "ข"]
    assert accepted_answers(Query("q", "", {"answer": "ก"})) == ["ก"]
    assert accepted_answers(Query("q", "")) == []


def test_word_f1() -> None:
    assert word_f1("เทศบาลตำบล", "เทศบาลตำบล") == 1.0
    assert word_f1("", "เทศบาล") == 0.0
    assert 0 < word_f1("ปี ๒๕๖๒ ที่เทศบาล", "2562") < 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_auc_agrees_with_scikit_learn(positive: list[float], negative: list[float]) -> None:
    truth = [1] * len(positive) + [0] * len(negative)
    assert auc(positive, negative) == pytest.approx(roc_auc_score(truth, positive + negative), abs=1e-9)


def test_declining_at_a_share_of_false_refusals() -> None:
    sure = np.linspace(0.5, 0.99, 100)
    assert declined_at(sure, [0.1, 0.51, 0.9], 0.05) == pytest.approx(2 / 3)
    assert declined_at(sure, [0.1, 0.51, 0.9], 0.0) == pytest.approx(1 / 3)
    found = declining([(0.9, True), (0.0, False)], [(0.0, False), (0.7, True), (0.0, False)])
    assert (found.declined, found.false_refusals) == (2, 1)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)


def test_calibration_bins() -> None:
    found = bins([0.05, 0.95, 0.85, 1.0], [0, 1, 1, 0])
    assert [(b.low, b.count, b.right) for b in found] == [(0.0, 1, 0.0), (0.8, 1, 1.0), (0.9, 2, 0.5)]
    gap = (0.05 + 0.15 + 2 * abs(0.975 - 0.5)) / 4
    assert expected_error(found) == pytest.approx(gap)
    assert expected_error([]) == 0.0


def test_the_engine_cites_right_on_the_shipped_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every citation of every question over texts in files slices to its quote."""
    monkeypatch.delenv("KARANI_ENCODER", raising=False)
    texts = tmp_path / "texts"
    texts.mkdir()
    for name, organisation in (("d1", "เทศบาลนครตัวอย่าง"), ("d2", "เทศบาลเมืองน้ำใส"), ("d3", "เทศบาลตำบลริมเล")):
        body = f"---\norganisation: {organisation}\n---\n# {organisation}\n\nลงนามข้อตกลงเรื่องที่ {name} กับชุมชน\n"
        (texts / f"{name}.md").write_text(body, encoding="utf-8")
    folder = beir(tmp_path / "set", queries={f"q{n}": f"ข้อตกลงเรื่องที่ d{n}" for n in (1, 2, 3)}, qrels=QRELS)
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    out = tmp_path / "out"
    line = ["eval", "answers", "--dataset", str(folder), "--corpus", str(texts), "--out", str(out)]
    shown = io.StringIO()
    assert cli.run_command(parser.parse_args([*line, "--data", str(tmp_path / "var")]), shown) == 0
    assert "citations that slice to their quote" in shown.getvalue()
    value = json.loads((out / "answers.json").read_text(encoding="utf-8"))
    assert value["summary"]["citation_accuracy"] == 1.0
    assert value["summary"]["citations"] >= 9
    assert {one["_id"] for one in value["answerable"]} == {"q1", "q2", "q3"}
