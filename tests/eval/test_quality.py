"""The quality table on collections of a few texts."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.settings import Settings
from eval import cli
from eval.errors import DataError, UsageError
from eval.quality import jobs, rows, sets
from eval.quality.finding import Listed
from eval.quality.finding import found as found_rows
from eval.quality.ranking import first_is_right
from eval.quality.refusing import sure_of, without_answers, word_3grams
from eval.quality.rows import Row, Target
from eval.quality.sets import Sets
from eval.significance import Interval, bootstrap_interval, resampled_interval
from index.listing import Listing
from tests.eval.sets import QRELS, QUERIES, TEXTS, beir

NEWS = {
    **TEXTS,
    # Says d1 again under another title, and under the same title something else.
    "d4": ("ข่าวซ้ำ", f"{TEXTS['d1'][1]} ตามข่าวเดิม"),
    "d5": (TEXTS["d1"][0], "กำหนดการประชุมสภาสมัยสามัญประจำปีของท้องถิ่น"),
    "d6": ("โรงพยาบาลอำเภอ", "โรงพยาบาลรับบริจาคโลหิตทุกวันจันทร์ที่ห้องประชุมใหญ่"),
}
WIKI = {
    "w1": ("ปลาวาฬ", "ปลาวาฬสีน้ำเงินเป็นสัตว์ที่ใหญ่ที่สุดในโลก"),
    "w2": ("ดาวเสาร์", "ดาวเสาร์มีวงแหวนและดวงจันทร์มากกว่าร้อยดวง"),
}
ASKED = {"a": "สัตว์ใดใหญ่ที่สุดในโลก", "b": "ดาวดวงใดมีวงแหวน"}
JUDGED = [("a", "w1", 1), ("b", "w2", 1)]
SMALL = (
    "dev", "iapp", "bitext", "english", "marks-passages-dev", "marks-queries-dev", "slips-dev", "foreign", "removed",
)  # fmt: skip


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything but the report pages, a few texts each."""
    root = tmp_path_factory.mktemp("datasets")
    news = beir(root / "thaigov-local", NEWS, QUERIES, QRELS)
    (news / "qrels" / "test.tsv").rename(news / "qrels" / "dev.tsv")
    beir(root / "iapp" / "test", WIKI, ASKED, JUDGED)
    valid = beir(root / "iapp" / "valid", WIKI, ASKED, JUDGED)
    (valid / "qrels" / "test.tsv").rename(valid / "qrels" / "valid.tsv")
    (root / "parallel").mkdir()
    lines = ["source\tquality\ten\tth", "x\thuman\thospital\tโรงพยาบาล", "x\thuman\tschool\tโรงเรียน"]
    (root / "parallel" / "bitext_dev.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.fixture(autouse=True)
def english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "queries.tsv"
    path.write_text("a\tWhich animal is the largest in the world?\n", encoding="utf-8")
    monkeypatch.setattr(sets, "ENGLISH", path)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


def ask(var: Path, *arguments: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    args = parser.parse_args(["eval", "quality", "--data", str(var), *arguments])
    shown = io.StringIO()
    return cli.run_command(args, shown), shown.getvalue()


def read(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    value = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    assert value["format"] == rows.FORMAT
    return {(row["job"], row["measure"]): row for row in value["rows"]}


def without_date(found: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "made": {**row["made"], "date": ""}} for row in found.values()]


def test_the_whole_table(tmp_path: Path, datasets: Path, var: Path) -> None:
    line = ["--datasets", str(datasets), "--out", str(tmp_path), "--only", ",".join(SMALL)]
    code, shown = ask(var, *line)
    assert code == 0
    assert shown == (tmp_path / "quality.md").read_text(encoding="utf-8")
    found = read(tmp_path)
    assert list(dict.fromkeys(job for job, _ in found)) == [job.name for job in jobs.chosen(SMALL)]
    # The rows agree with the runs that lie beside them.
    scores = json.loads((tmp_path / "dev-hybrid" / "scores.json").read_text(encoding="utf-8"))
    success = found["dev-hybrid", "hybrid, Success@1"]
    assert success["figure"] == scores["measures"]["Success(rel=2)@1"]["mean"]
    assert success["target"] == {"value": 0.64, "at_most": False}
    assert success["reached"] is (success["figure"] >= 0.64)
    assert found["iapp-hybrid", "hybrid, R@1"]["figure"] == 1.0
    assert found["english-hybrid", "hybrid, R@1"]["queries"] == 1
    lost = next(row for (job, _), row in found.items() if job == "slips-dev")
    assert lost["queries"] == 3
    assert lost["reached"] is (lost["figure"] <= 3)
    foreign = found["foreign", "AUC of confidence"]
    assert 0.5 < foreign["low"] <= foreign["figure"] <= foreign["high"] <= 1
    for row in found.values():
        assert row["low"] <= row["figure"] <= row["high"]
        assert set(row["made"]) >= {"commit", "date", "encoder", "machine"}
        assert f"`--only {row['job']}`" in shown
    # Asked again, everything but the date is the same.
    again = tmp_path / "again"
    assert ask(var, *line[:3], str(again), *line[4:])[0] == 0
    assert without_date(read(again)) == without_date(found)


def test_one_row_alone_leaves_the_others_where_they_are(tmp_path: Path, datasets: Path, var: Path) -> None:
    base = ["--datasets", str(datasets), "--out", str(tmp_path), "--only"]
    ask(var, *base, "iapp-dense")
    before = read(tmp_path)
    code, shown = ask(var, *base, "bitext-en-th")
    assert code == 0
    assert "iapp" not in shown
    after = read(tmp_path)
    assert {job for job, _ in after} == {"iapp-dense", "bitext-en-th"}
    assert before.items() <= after.items()


def test_latency_is_timed_in_a_process_of_its_own(tmp_path: Path, datasets: Path, var: Path) -> None:
    code, shown = ask(var, "--datasets", str(datasets), "--only", "latency", "--out", str(tmp_path))
    assert code == 0
    middle, high = read(tmp_path).values()
    assert 0 < middle["figure"] <= high["figure"]
    assert middle["queries"] == 3 * len(QUERIES)
    assert high["target"] == {"value": 12.0, "at_most": True}
    assert "6 passages" in shown


def test_missing_data_is_named_before_anything_is_measured(
    tmp_path: Path,
    datasets: Path,
    var: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KARANI_DATASETS", raising=False)
    only = ["--out", str(tmp_path / "out"), "--only", "iapp-dense,removed"]
    assert ask(var, "--datasets", str(datasets / "iapp"), *only)[0] == 1
    said = capsys.readouterr().err
    assert "thaigov-local: no such folder" in said or "test: no such folder" in said
    assert "--datasets" in said
    assert ask(var, *only)[0] == 1
    assert "KARANI_DATASETS" in capsys.readouterr().err
    assert ask(var, "--datasets", str(datasets), "--seeds", str(tmp_path / "none"), "--only", "slips")[0] == 1
    assert "no such corpus" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_rows_are_chosen_by_name_or_beginning() -> None:
    assert [job.name for job in jobs.chosen(["slips", "dev-dense"])] == [
        "dev-dense", "slips-dev", "slips-iapp", "slips-demo", "slips-seeds",
    ]  # fmt: skip
    assert len(jobs.chosen([])) == len(jobs.JOBS) == len(set(jobs.NAMES))
    with pytest.raises(UsageError, match="slip'; expected names of dev-hybrid"):
        jobs.chosen(["slip"])
    kept, why = jobs.without_seeds(jobs.chosen(["slips"]), ["slips"])
    assert "slips-seeds" not in {job.name for job in kept}
    assert why == ["slips-seeds (no --seeds)"]
    with pytest.raises(UsageError, match="needs --seeds"):
        jobs.without_seeds(jobs.chosen(["slips-seeds"]), ["slips-seeds"])


def test_english_questions_need_their_thai_ones(datasets: Path, var: Path) -> None:
    sets.ENGLISH.write_text("nobody\tWho?\n", encoding="utf-8")
    with pytest.raises(DataError, match="'nobody'"):
        Sets(datasets, None, Settings(data=var)).check("english")


def test_a_bitext_line_without_its_columns_is_named(tmp_path: Path, var: Path) -> None:
    (tmp_path / "parallel").mkdir()
    (tmp_path / "parallel" / "bitext_dev.tsv").write_text("source\tquality\ten\tth\nx\ty\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"bitext_dev\.tsv:2: 2 columns"):
        Sets(tmp_path, None, Settings(data=var)).check("bitext")


def test_a_translation_counts_by_its_text() -> None:
    queries = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    passages = np.array([[0.9, 0], [0.5, 0.2], [0.9, 0]], dtype=np.float32)
    assert first_is_right(queries, passages, ["ก", "ข", "ก"]) == [1.0, 1.0, 1.0]
    assert first_is_right(queries, passages, ["ก", "ข", "ค"]) == [1.0, 1.0, 0.0]


def test_confidence_is_the_engines_and_answers_go_with_what_repeats_them(datasets: Path, var: Path) -> None:
    opened = Sets(datasets, None, Settings(data=var))
    try:
        dataset = opened.dataset("dev")
        collection = opened.collection(dataset)
        text = QUERIES["q1"]
        sure = sure_of(collection, text)
        answer = collection.engine.search(text).answer
        assert answer is not None
        assert sure.confidence == pytest.approx(answer.confidence)
        groups = collection.engine.consider(text, Listing(10)).groups
        gone = without_answers(collection, dataset, "q1")
        found = {group.best.passage.document_id: gone(group) for group in groups}
        assert found.pop("d1") is True
        assert found.pop("d4", True) is True
        assert found.pop("d5", True) is True
        assert not any(found.values())
        assert "d6" in found
        left = sure_of(collection, text, gone)
        assert left.first in found
        assert left.confidence < sure.confidence
        assert sure_of(collection, text, lambda _: True).confidence == 0.0
    finally:
        opened.close()


def test_word_3grams_leave_signs_out() -> None:
    assert word_3grams("ลิง, ปลา (ช้าง)") == word_3grams("ลิง ปลา ช้าง") == {("ลิง", "ปลา", "ช้าง")}
    assert word_3grams("สั้น") == frozenset()


def row(job: str, figure: float, target: Target | None = None) -> Row:
    return Row(
        job,
        "a | b",
        "x",
        figure,
        Interval(figure, figure),
        3,
        target,
        made={"commit": "c", "date": "2026-01-02T"},
    )


@pytest.mark.parametrize(
    ("figure", "target", "reached"),
    [
        (0.8, Target(0.8), True),
        (0.7999, Target(0.8), False),
        (3.0, Target(3.0, at_most=True), True),
        (3.01, Target(3.0, at_most=True), False),
        (-1.0, Target(3.0, at_most=True), True),
        (0.1, None, None),
    ],
)
def test_targets_compare_the_figure_itself(
    figure: float, target: Target | None, reached: bool | None
) -> None:
    assert row("dev-hybrid", figure, target).reached is reached


def test_rows_come_back_from_json_and_show_as_markdown(tmp_path: Path) -> None:
    written = [row("dev-hybrid", 0.7999, Target(0.8)), row("latency", 1.0)]
    assert [rows.from_dict(one.as_dict()) for one in written] == written
    first = written[0].cells()
    assert first[2:6] == ["0.800 [0.800, 0.800]", "≥ 0.8", "**no**", "3"]
    assert first[-2:] == ["c", "2026-01-02"]
    assert [one.job for one in rows.merged(written, [row("iapp-dense", 1.0)], jobs.NAMES)] == [
        "dev-hybrid", "iapp-dense", "latency",
    ]  # fmt: skip
    path = tmp_path / "quality.json"
    assert rows.load(path) == []
    for text in ('{"format": 99, "rows": []}', "[]", '{"format": 1, "rows": [{}]}', "{"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"quality\.json"):
            rows.load(path)


def test_intervals_of_any_statistic_cover_it_and_repeat() -> None:
    values = np.random.default_rng(0).normal(size=200)

    def mean(sample: Sequence[float]) -> float:
        return float(np.mean(sample))

    found, known = resampled_interval(mean, values), bootstrap_interval(values)
    assert found == resampled_interval(mean, values)
    assert found.low == pytest.approx(known.low, abs=0.02)
    assert found.high == pytest.approx(known.high, abs=0.02)


def test_what_answers_is_listed_and_what_is_far_from_the_question_is_not(datasets: Path, var: Path) -> None:
    opened = Sets(datasets, None, Settings(data=var))
    try:
        answers, helps, listed, near = found_rows("found", opened)
    finally:
        opened.close()
    assert answers.figure == 1.0
    assert 0 < helps.figure <= 1.0
    assert 0 < listed.figure < near.figure


def test_the_share_kept_is_of_what_was_near() -> None:
    one = Listed({"a": 2, "b": 1, "c": 2, "far": 2}, frozenset("abcd"), frozenset("ad"))
    assert one.kept(2) == 0.5
    assert one.kept(1) == pytest.approx(1 / 3)
    assert one.kept(3) is None
