from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np
import pytest

from eval import cli, results
from eval.compare import breakdown, compare, most_changed, statement, statement_thai
from eval.datasets import Dataset, Query, load
from eval.errors import UsageError
from eval.experiment import Options, measure
from eval.results import Result
from eval.significance import permutation_test
from tests.eval.sets import FixedSystem, beir

GOOD = {"q1": ["d1"], "q2": ["d2"], "q3": ["d3"]}
BAD = {"q1": ["d2", "d1"], "q2": ["d2"], "q3": []}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return load(beir(tmp_path / "set"), "test")


def _measured(tmp_path: Path, dataset: Dataset, **rankings: dict[str, list[str]]) -> list[Path]:
    for name, ranking in rankings.items():
        measure(dataset, FixedSystem(ranking, name), tmp_path / name, Options(measures=("RR@10", "nDCG@10")))
    return [tmp_path / name for name in rankings]


def _result(name: str, values: list[float], measure: str = "nDCG@10") -> Result:
    ids = [f"q{index}" for index in range(len(values))]
    queries = tuple(Query(i, i, {"type": "who" if n % 2 else "what"}) for n, i in enumerate(ids))
    per_query = {measure: dict(zip(ids, values, strict=True))}
    described = {"name": "s", "split": "t", "query_sha256": "0" * 64}
    return Result(described, {"name": name}, {}, queries, results.score(per_query), per_query, {})


def test_pairs_count_wins_ties_losses_and_test_the_difference() -> None:
    rng = np.random.default_rng(1)
    before = rng.uniform(0.2, 0.8, size=40)
    after = before + np.where(np.arange(40) % 4 == 0, 0.0, 0.1)
    after[3] = before[3] - 0.2
    [pair] = compare([_result("a", before.tolist()), _result("b", after.tolist())])
    assert (pair.wins, pair.ties, pair.losses) == (29, 10, 1)
    assert pair.difference == pytest.approx(float((after - before).mean()))
    assert pair.interval.low < pair.difference < pair.interval.high
    assert pair.p_value == pair.p_adjusted == permutation_test(after, before)
    assert pair.p_value < 0.001


def test_several_comparisons_are_corrected_together() -> None:
    rng = np.random.default_rng(2)
    base = rng.uniform(size=50)
    others = [_result(f"s{n}", (base + rng.normal(0.02, 0.1, size=50)).tolist()) for n in range(3)]
    found = [_result("base", base.tolist()), *others]
    rows = compare(found)
    assert [(row.baseline, row.system) for row in rows] == [("base", "s0"), ("base", "s1"), ("base", "s2")]
    assert all(row.comparisons == 3 and row.p_adjusted >= row.p_value for row in rows)
    lowest = min(rows, key=lambda row: row.p_value)
    assert lowest.p_adjusted == pytest.approx(min(1, 3 * lowest.p_value))
    assert len(compare(found, all_pairs=True)) == 6


def test_only_equal_questions_are_compared(tmp_path: Path, dataset: Dataset) -> None:
    [first] = _measured(tmp_path, dataset, first=GOOD)
    other = load(beir(tmp_path / "other", qrels=[("q1", "d1", 2)]), "test")
    [second] = _measured(tmp_path, other, second=GOOD)
    with pytest.raises(UsageError, match="expected the same questions"):
        compare([results.load(first), results.load(second)])
    with pytest.raises(UsageError, match="at least two"):
        compare([results.load(first)])
    with pytest.raises(UsageError, match="both called 'first'"):
        compare([results.load(first), results.load(first)])
    with pytest.raises(UsageError, match="AP"):
        compare([_result("a", [1.0]), _result("b", [0.0])], ["AP"])


def test_most_changed_and_breakdown() -> None:
    first, last = _result("a", [0.5, 0.5, 0.5, 0.5]), _result("b", [0.4, 1.0, 0.5, 0.0])
    assert [c.query_id for c in most_changed([first, last], "nDCG@10")] == ["q1", "q3", "q0"]
    assert [c.query_id for c in most_changed([first, last], "nDCG@10", 1)] == ["q1"]
    groups = breakdown([first, last], "nDCG@10")
    assert [(g.key, g.value, g.queries, g.means) for g in groups] == [
        ("type", "what", 2, (0.5, pytest.approx(0.45))),
        ("type", "who", 2, (0.5, 0.5)),
    ]


def test_the_statement_says_what_was_tested() -> None:
    [pair] = compare([_result("bm25", [0.1] * 12), _result("hybrid", [0.6] * 12)])
    text = statement(pair)
    assert "hybrid 0.600 against bm25 0.100, difference +0.500" in text
    assert "paired permutation test over 12 questions" in text
    assert "12 better, 0 equal, 0 worse: significant" in text
    assert "มีนัยสำคัญ" in statement_thai(pair)
    [none] = compare([_result("a", [0.1, 0.2, 0.3]), _result("b", [0.2, 0.1, 0.3])])
    assert "not significant" in statement(none)
    assert "ยังสรุปไม่ได้" in statement_thai(none)


def test_the_command_shows_both_rankings(tmp_path: Path, dataset: Dataset) -> None:
    folders = _measured(tmp_path, dataset, bad=BAD, good=GOOD)
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    shown = io.StringIO()
    args = parser.parse_args(["eval", "compare", *map(str, folders), "--measures", "RR@10"])
    assert cli.run_command(args, shown) == 0
    text = shown.getvalue()
    assert "q3 เตือนน้ำท่วมอย่างไร\nRR@10 0.000 -> 1.000" in text
    assert "d1 **" in text
    assert "d2 -" in text
    shown = io.StringIO()
    args = parser.parse_args(["eval", "compare", *map(str, folders), "--json"])
    assert cli.run_command(args, shown) == 0
    value = json.loads(shown.getvalue())
    assert {pair["measure"] for pair in value["pairs"]} == {"RR@10", "nDCG@10"}
    assert value["pairs"][0]["wins"] == 2


def test_a_missing_result_is_exit_1_and_a_senseless_request_2(
    tmp_path: Path, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    [good] = _measured(tmp_path, dataset, good=GOOD)
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    args = parser.parse_args(["eval", "compare", str(good), str(tmp_path / "absent")])
    assert cli.run_command(args, io.StringIO()) == 1
    assert "absent" in capsys.readouterr().err
    assert cli.run_command(parser.parse_args(["eval", "compare", str(good)]), io.StringIO()) == 2
