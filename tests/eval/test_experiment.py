from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from eval import results
from eval.datasets import Dataset, load
from eval.errors import DataError, UsageError
from eval.experiment import Options, ask, latency, measure
from eval.files import write_json
from eval.journal import Journal
from eval.systems.interfaces import Found, Timed
from tests.eval.sets import FixedSystem, beir

RANKINGS = {"q1": ["d1", "d2"], "q2": ["d3", "d2"]}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return load(beir(tmp_path / "set"), "test")


def test_writes_run_scores_and_hits(tmp_path: Path, dataset: Dataset) -> None:
    out = tmp_path / "out"
    result = measure(dataset, FixedSystem(RANKINGS), out, Options())
    assert result.scores["Success(rel=2)@1"].mean == pytest.approx(1 / 3)
    assert result.per_query["Success(rel=2)@1"] == {"q1": 1.0, "q2": 0.0, "q3": 0.0}
    run = (out / "run.trec").read_text(encoding="utf-8").splitlines()
    assert [line.split()[:4] for line in run] == [
        ["q1", "Q0", "d1", "1"],
        ["q1", "Q0", "d2", "2"],
        ["q2", "Q0", "d3", "1"],
        ["q2", "Q0", "d2", "2"],
    ]
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert scores["dataset"]["relevance_level"] == 2
    assert scores["dataset"]["split"] == "test"
    assert scores["system"]["depth"] == 100
    assert set(scores["made"]) >= {"date", "commit", "karani"}
    assert scores["latency_ms"]["p95"] == 1.5
    shown = results.load_shown(out)
    assert shown["q1"].hits[0].found.title == "เทศบาลนครตัวอย่าง"
    assert [hit.grade for hit in shown["q1"].hits] == [2, 0]
    assert shown["q3"] == results.Shown((), {"d3": 2}, 1.5)
    assert results.load_right(out)["d3"].title == "อบจ.ริมเล"


def test_results_read_back_equal(tmp_path: Path, dataset: Dataset) -> None:
    result = measure(dataset, FixedSystem(RANKINGS), tmp_path / "out", Options())
    again = results.load(tmp_path / "out")
    assert again == result
    assert results.load_run(tmp_path / "out").keys() == {"q1", "q2"}
    assert "nDCG@10" in result.table()


def test_answers_of_an_equal_system_are_kept(tmp_path: Path, dataset: Dataset) -> None:
    cache = tmp_path / "cache"
    first = FixedSystem(RANKINGS, key="k1")
    answers, partial = ask(dataset, first, Options(), cache=cache)
    assert partial is None
    assert len(first.asked) == 4  # One question loads what is loaded late.
    second = FixedSystem({}, key="k1")
    assert ask(dataset, second, Options(), cache=cache)[0] == answers
    assert second.asked == []
    deeper = FixedSystem(RANKINGS, key="k1")
    ask(dataset, deeper, Options(depth=5), cache=cache)
    fresh = FixedSystem(RANKINGS, key="k1")
    ask(dataset, fresh, Options(fresh=True), cache=cache)
    other = FixedSystem(RANKINGS, key="k2")
    ask(dataset, other, Options(), cache=cache)
    assert len(deeper.asked) == len(fresh.asked) == len(other.asked) == 4


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, dataset: Dataset) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out"
    broken = FixedSystem(RANKINGS, key="k")
    broken.fail_after = 3  # The first question twice, then the second.
    with pytest.raises(RuntimeError, match="fell over"):
        measure(dataset, broken, out, Options(), cache=cache)
    assert not out.exists()
    again = FixedSystem(RANKINGS, key="k")
    measure(dataset, again, out, Options(), cache=cache)
    assert set(again.asked) == {"q3"}


def test_a_system_that_may_change_is_resumed_but_never_kept(tmp_path: Path, dataset: Dataset) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out"
    broken = FixedSystem(RANKINGS, key=None)
    broken.fail_after = 3
    with pytest.raises(RuntimeError, match="fell over"):
        measure(dataset, broken, out, Options(), cache=cache)
    resumed = FixedSystem(RANKINGS, key=None)
    measure(dataset, resumed, out, Options(), cache=cache)
    assert set(resumed.asked) == {"q3"}
    again = FixedSystem(RANKINGS, key=None)
    measure(dataset, again, out, Options(), cache=cache)
    assert set(again.asked) == {"q1", "q2", "q3"}


def test_a_line_cut_short_by_a_crash_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answer = Timed((Found("d1", 0.5, "ชื่อ", "ข้อความ\u2028ต่อ", 3),), 2.0)
    with Journal(path) as journal:
        journal.put("ก", 10, answer)
        journal.put("ข", 10, answer)
    path.write_bytes(path.read_bytes()[:-20])
    with Journal(path) as journal:
        assert journal.get("ก", 10) == answer
        assert journal.get("ข", 10) is None
        journal.put("ข", 10, answer)
    with Journal(path) as journal:
        assert journal.get("ข", 10) == answer


def test_a_misspelt_measure_asks_nothing(tmp_path: Path, dataset: Dataset) -> None:
    system = FixedSystem(RANKINGS)
    with pytest.raises(UsageError):
        measure(dataset, system, tmp_path / "out", Options(measures=("nDCG10",)))
    assert system.asked == []


def test_latency_is_empty_where_a_system_has_no_times() -> None:
    assert latency([math.nan]) == {}
    assert latency([1.0, 3.0])["p50"] == 2.0


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_damaged_result_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.json"):
        results.load(tmp_path)


def test_several_questions_at_a_time_give_the_same_answers(tmp_path: Path, dataset: Dataset) -> None:
    one, several = FixedSystem(RANKINGS), FixedSystem(RANKINGS)
    alone, _ = ask(dataset, one, Options())
    together, _ = ask(dataset, several, Options(jobs=3), cache=tmp_path / "cache")
    assert list(together.items()) == list(alone.items())
    assert sorted(several.asked) == sorted(one.asked)
    broken = FixedSystem(RANKINGS)
    broken.fail_after = 1
    with pytest.raises(RuntimeError, match="fell over"):
        ask(dataset, broken, Options(jobs=2))
    result = measure(dataset, FixedSystem(RANKINGS), tmp_path / "out", Options(jobs=2))
    assert result.system["jobs"] == 2


def test_what_nobody_judged_is_said_whatever_is_measured(tmp_path: Path, dataset: Dataset) -> None:
    found = measure(dataset, FixedSystem(RANKINGS), tmp_path / "out", Options(measures=("RR@10",)))
    assert found.unjudged == 0.0
    assert "judged by nobody" not in found.table()
    strange = FixedSystem({"q1": ["d3", "d1"], "q2": ["d1", "d2"]}, "strange")
    other = measure(dataset, strange, tmp_path / "other", Options(measures=("RR@10",)))
    assert other.unjudged == pytest.approx(2 / 4)
    assert "strange: 50% of the first ten hits were judged by nobody" in other.table()
    assert results.load(tmp_path / "other").unjudged == other.unjudged


def test_answers_beside_a_run_are_measures_of_it(tmp_path: Path, dataset: Dataset) -> None:
    out = tmp_path / "out"
    result = measure(dataset, FixedSystem(RANKINGS), out, Options(measures=("RR@10",)))
    answers = {"right_first": {"q1": 1.0, "q2": 0.0, "q3": 0.0}, "declined": {"u1": 1.0}}
    value = {"dataset": dict(result.dataset), "per_query": answers}
    write_json(out / "answers.json", value)
    loaded = results.load(out)
    assert list(loaded.scores) == ["RR@10", "right_first", "declined"]
    assert loaded.scores["right_first"].mean == pytest.approx(1 / 3)
    write_json(out / "answers.json", {**value, "dataset": {"query_sha256": "of another set"}})
    assert list(results.load(out).scores) == ["RR@10"]
