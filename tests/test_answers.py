"""The shipped questions asked of the shipped system: what the README promises, held on every change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import karani
from tests.places import seeds


def answers(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    out = tmp_path / "out"
    command = [
        "eval",
        "answers",
        "--data",
        str(tmp_path / "data"),
        "--split",
        "test",
        "--out",
        str(out),
        *arguments,
    ]
    assert karani.main(command) == karani.OK
    found: dict[str, Any] = json.loads((out / "answers.json").read_text(encoding="utf-8"))
    return found["summary"]


def assert_promises(summary: dict[str, Any]) -> None:
    assert summary["right_first"] >= 0.90
    assert summary["citation_accuracy"] == 1.0
    assert summary["declined_unanswerable"] == 12
    assert summary["declined_declined"] >= 10


def test_the_demo_questions_get_the_right_case_and_the_unanswerable_ones_none(tmp_path: Path) -> None:
    assert_promises(answers(tmp_path, "--dataset", "demo"))


def test_the_report_pages_do_too(tmp_path: Path) -> None:
    folder = seeds()
    if folder is None:
        pytest.skip("the report pages are not here; KARANI_DATASETS names the folder beside them")
    assert_promises(answers(tmp_path, "--dataset", "seeds", "--corpus", str(folder)))
