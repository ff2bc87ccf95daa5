from __future__ import annotations

import argparse
import io
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from corpus.settings import Settings
from eval import cli
from eval.datasets import CorpusText, Query, load
from eval.errors import DataError, UsageError
from eval.metamorphic import check, overlap
from eval.robustness import damaged_texts, losses
from eval.systems.interfaces import Found, Timed
from tests.eval.sets import TEXTS, beir


class LiteralSystem:
    """Finds nothing but by the exact question: every other spelling loses all."""

    name = "literal"

    def describe(self) -> Mapping[str, Any]:
        return {}

    def cache_key(self) -> str | None:
        return None

    def retrieve(self, query: Query, depth: int) -> Timed:
        ids = ["a", "b", "c", "d"] if query.text == "ปี 2562" else ["d", "c", "x", "y"]
        return Timed(tuple(Found(i, 1.0 / n) for n, i in enumerate(ids[:depth], start=1)), 0.0)

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        return [CorpusText(i, *TEXTS[i]) for i in document_ids if i in TEXTS]

    def close(self) -> None:
        pass


def test_overlap_by_hand() -> None:
    assert overlap(["a", "b"], ["b", "c"]) == 0.5
    assert overlap(["a", "b", "c", "d"], ["a"]) == 0.25
    assert overlap([], []) == 1.0
    assert overlap(["a"], []) == 0.0


def test_only_spellings_that_change_a_question_count() -> None:
    found = {s.name: s for s in check(LiteralSystem(), [Query("q", "ปี 2562")])}
    assert (found["thai_digits"].overlap, found["thai_digits"].same_first) == (0.5, 0.0)
    assert found["arabic_digits"].kept == ()
    assert found["arabic_digits"].overlap == 1.0
    assert found["with_kha"].kept[0].spelled == "ปี 2562คะ"
    with pytest.raises(UsageError, match="unknown spelling 'upper'"):
        check(LiteralSystem(), [], ["upper"])


def test_texts_are_damaged_and_questions_are_not(tmp_path: Path) -> None:
    dataset = load(beir(tmp_path / "set"), "test")
    damaged = damaged_texts(dataset, tmp_path / "cache")
    assert damaged.queries == dataset.queries
    texts = {text.document_id: text.text for text in damaged.texts()}
    assert "นํา" in texts["d3"].replace("\u0e4d\u0e32", "ํา")
    assert "ท่วม" not in texts["d3"]
    assert damaged_texts(dataset, tmp_path / "cache") == damaged


def test_folders_of_texts_are_damaged_but_other_kinds_refused(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    (texts / "inner").mkdir(parents=True)
    (texts / "inner" / "d1.md").write_text("# ที่นี่\n", encoding="utf-8")
    folder = beir(tmp_path / "set")
    [copy] = damaged_texts(load(folder, "test", corpus=texts), tmp_path / "cache").corpus
    assert (copy / "inner" / "d1.md").read_text(encoding="utf-8") == "# ทีนี\n"
    (texts / "page.pdf").write_bytes(b"%PDF-")
    with pytest.raises(DataError, match="marks cannot be dropped"):
        damaged_texts(load(folder, "test", corpus=texts), tmp_path / "cache")


def test_losses_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path / "var")
    folder = beir(tmp_path / "set")
    found = losses(load(folder, "test"), "lexical", settings, seeds=2)
    assert [one.name for one in found] == [
        "marks dropped from queries",
        "one slip a query, mean of 2",
        "marks dropped from passages",
    ]
    for one in found:
        assert one.lost == pytest.approx(one.before - one.after)
        assert one.interval.low <= one.lost <= one.interval.high
    again = losses(load(folder, "test"), "lexical", settings, seeds=2)
    assert again == found
    monkeypatch.delenv("KARANI_ENCODER", raising=False)
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    line = ["eval", "robust", "--dataset", str(folder), "--data", str(settings.data), "--system", "words"]
    shown = io.StringIO()
    args = parser.parse_args([*line, "--slips", "0", "--out", str(tmp_path / "out"), "--at-least", "1.01"])
    assert cli.run_command(args, shown) == 1
    assert "dropped_marks" in shown.getvalue()
    value = json.loads((tmp_path / "out" / "robustness.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in value["spellings"]} >= {"thai_digits", "with_khrap"}
    args = parser.parse_args([*line, "--slips", "0", "--spellings", "with_kha", "--at-least", "0.1"])
    assert cli.run_command(args, io.StringIO()) == 0
