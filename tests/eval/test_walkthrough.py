"""docs/evaluation.md is run as it stands: its table, its commands, its Python."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

import karani
from eval import cli
from eval.judgements import Judgements
from eval.pool import read_pool

ROOT = Path(__file__).parent.parent.parent
DOC = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOC, flags=re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a checkout, with a data directory of its own."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cases").symlink_to(ROOT / "corpus" / "cases")
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "demo").symlink_to(ROOT / "eval" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KARANI_DATA", str(tmp_path / "var"))
    monkeypatch.delenv("KARANI_ENCODER", raising=False)
    return tmp_path


def _judge_all(workplace: Path) -> None:
    """Two judges, in place of the server that the walk-through opens."""
    pool = read_pool(workplace / "pool.jsonl")
    store = Judgements(workplace / "var" / "judgements.sqlite")
    for query in pool.queries:
        for place, document in enumerate(query.documents):
            store.give(pool.name, "สมศรี", query.query_id, document.document_id, 2 if place == 0 else 0)
            store.give(
                pool.name, "สมชาย", query.query_id, document.document_id, 2 if place == 0 else place % 2
            )
    store.close()


def test_every_command_of_the_walk_through_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown: dict[str, str] = {}
    for language, block in BLOCKS:
        if language == "csv":
            (workplace / "questions.csv").write_text(block, encoding="utf-8")
        if language != "sh" or "until Ctrl-C" in block:
            continue
        if "after judging" in block:
            _judge_all(workplace)
        for line in block.splitlines():
            if line.startswith("karani "):
                words = shlex.split(line)
                assert karani.main(words[1:]) == 0, line
                shown[words[2]] = shown.get(words[2], "") + capsys.readouterr().out
    assert "questions/test · 10 questions" in shown["run"].replace("queries", "questions")
    assert "two-sided paired permutation test over 10 questions" in shown["compare"]
    assert "two-sided paired permutation test over 80 questions" in shown["compare"]
    assert "มีนัยสำคัญ" in shown["compare"] or "ยังสรุปไม่ได้" in shown["compare"]
    assert (workplace / "results" / "report" / "report.html").is_file()
    assert "calibration of answers" not in shown["report"]
    assert "Fleiss' kappa" in shown["qrels"]
    assert "pass" in shown["gate"]
    assert "one slip a query" in shown["robust"]
    code = "\n".join(block for language, block in BLOCKS if language == "python")
    names: dict[str, object] = {}
    exec(compile(code, "docs/evaluation.md", "exec"), names)  # noqa: S102
    assert "paired permutation test over 80 questions" in str(names["text"])


def test_every_command_is_documented_and_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="karani")
    cli.add_commands(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["eval", "--help"])
    names = re.findall(r"^    (\w+) ", capsys.readouterr().out, flags=re.MULTILINE)
    assert {"run", "compare", "report", "answers", "robust", "gate", "pool", "judge", "qrels"} <= set(names)
    for name in names:
        assert f"`{name}`" in DOC, name
        with pytest.raises(SystemExit):
            parser.parse_args(["eval", name, "--help"])
        text = capsys.readouterr().out
        example = re.search(r"example:\n {2}(karani eval .+)", text)
        assert example, name
        parser.parse_args(shlex.split(example[1])[1:])


def test_links_inside_the_document_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in DOC.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", DOC)) <= headings
    for image in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", DOC):
        assert (ROOT / "docs" / image).is_file(), image
