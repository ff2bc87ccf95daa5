from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np
import pytest

from eval import cli
from eval.errors import DataError, UsageError
from eval.gate import Values, baseline_of, judge, read_values

SET = {"name": "s", "split": "t", "query_sha256": "f" * 64}


def _values(numbers: list[float], sha256: str = "f" * 64) -> Values:
    by_query = {f"q{n:03d}": float(value) for n, value in enumerate(numbers)}
    return Values({**SET, "query_sha256": sha256}, {"RR@10": by_query})


def test_noise_passes_and_a_real_fall_fails() -> None:
    rng = np.random.default_rng(1)
    base = rng.uniform(size=100)
    noisy = base + rng.normal(0, 0.2, size=100)
    noisy += base.mean() - noisy.mean() - 0.011  # A small fall, well within chance.
    fallen = base - np.where(np.arange(100) % 5 == 0, 0.3, 0.0)
    [chance] = judge(_values(base.tolist()), _values(noisy.tolist()))
    [real] = judge(_values(base.tolist()), _values(fallen.tolist()))
    assert chance.passed
    assert chance.drop == pytest.approx(0.011)
    assert not real.passed
    assert real.p_value < 0.001
    [allowed] = judge(_values(base.tolist()), _values(fallen.tolist()), max_drop=0.1)
    assert allowed.passed
    [risen] = judge(_values(fallen.tolist()), _values(base.tolist()))
    assert risen.passed


def test_a_floor_holds_whatever_the_baseline_was() -> None:
    low = _values([0.5] * 10)
    assert not judge(low, low, floors={"RR@10": 0.6})[0].passed
    assert judge(low, low, floors={"RR@10": 0.5})[0].passed


def test_only_the_same_questions_and_measures() -> None:
    with pytest.raises(UsageError, match="other questions"):
        judge(_values([1.0]), _values([1.0], "0" * 64))
    with pytest.raises(UsageError, match="AP"):
        judge(_values([1.0]), _values([1.0]), floors={"AP": 0.5})
    with pytest.raises(UsageError, match="not measured: AP"):
        baseline_of(_values([1.0]), ["AP"])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"dataset": {}, "per_query": 3}'])
def test_a_file_without_values_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"baseline\.json: holds no values"):
        read_values(path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    result, baseline = tmp_path / "result", tmp_path / "baseline.json"
    result.mkdir()

    def gate(numbers: list[float], *options: str) -> tuple[int, str]:
        one = _values(numbers)
        text = json.dumps({"dataset": dict(one.dataset), "per_query": one.per_query})
        (result / "scores.json").write_text(text, encoding="utf-8")
        out = io.StringIO()
        line = ["eval", "gate", str(result), "--baseline", str(baseline), *options]
        return cli.run_command(parser.parse_args(line), out), out.getvalue()

    good, bad = [1.0] * 20, [1.0] * 12 + [0.0] * 8
    assert gate(good)[0] == 1  # There is no baseline yet.
    assert "no such file" in capsys.readouterr().err
    assert gate(good, "--update", "--measures", "RR@10")[0] == 0
    assert gate(good)[0] == 0
    code, text = gate(bad)
    assert code == 1
    assert "FAIL" in text
    assert gate(good, "--floor", "RR@10=1.0")[0] == 0
    assert gate(good, "--floor", "RR@10")[0] == 2
    assert gate(good, "--floor", "RR@10=high")[0] == 2


def test_a_folder_holds_runs_and_answers(tmp_path: Path) -> None:
    ours = {"dataset": SET, "per_query": {"RR@10": {"q1": 1.0}}}
    (tmp_path / "scores.json").write_text(json.dumps(ours), encoding="utf-8")
    answers = {"dataset": SET, "per_query": {"declined": {"u1": 1.0}}}
    (tmp_path / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    found = read_values(tmp_path)
    assert found.per_query == {"RR@10": {"q1": 1.0}, "declined": {"u1": 1.0}}
    fewer = Values(SET, {"RR@10": {"q1": 1.0}, "declined": {"u2": 1.0}})
    with pytest.raises(UsageError, match="declined: the baseline is over other questions"):
        judge(fewer, found)
    other = {"dataset": {**SET, "query_sha256": "0"}, "per_query": {}}
    (tmp_path / "answers.json").write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(DataError, match="over different questions"):
        read_values(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no result"):
        read_values(tmp_path / "empty")
