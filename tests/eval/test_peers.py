"""The comparison with other systems, run small: the two that need nothing installed, through real processes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets import Query
from eval.peers import pages, sizes, table
from eval.peers.benchmark import Bench
from eval.peers.catalogue import CATALOGUE, chosen
from eval.peers.filling import MarkerError, fill
from eval.peers.measuring import Limits, Subject, measure
from eval.peers.questions import Questions, divided
from eval.peers.windows import WINDOW_CHARS, cut

_PLACES = "เชียงใหม่ ขอนแก่น ภูเก็ต สงขลา ระยอง นครพนม น่าน ตราด ยะลา สุรินทร์".split()
_WORKS = ("สร้างระบบประปา", "ซ่อมสะพาน", "ปลูกป่าชายเลน", "เปิดห้องสมุด")
_SMALL = sizes.SIZES[0]


def _documents() -> dict[str, str]:
    return {
        f"doc{number}-{work}": f"{_WORKS[work]}ที่จังหวัด{place} งบประมาณ {number + 3} ล้านบาท " * 3
        for number, place in enumerate(_PLACES)
        for work in range(len(_WORKS))
    }


def _corpus(folder: Path) -> Path:
    path = folder / "corpus.jsonl"
    lines = (
        json.dumps({"_id": name, "title": "ข่าว", "text": text}, ensure_ascii=False)
        for name, text in _documents().items()
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _questions() -> Questions:
    judged = [Query(f"q{n}", f"ซ่อมสะพานที่จังหวัด{place}") for n, place in enumerate(_PLACES)]
    qrels = {f"q{n}": {f"doc{n}-1": 2, f"doc{n}-0": 0} for n in range(len(_PLACES))}
    others = [f"{work} {place} เมื่อไร" for work in _WORKS for place in _PLACES]
    return divided(judged, qrels, 2, others, 4)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    made = Bench(folder / "out", [(_SMALL, _corpus(folder))], chosen("karani-http,fts5"), _questions())
    made.run(lambda _: None)
    return made


@pytest.mark.parametrize("name", ["karani", "karani-http", "fts5"])
def test_every_figure_of_the_table_is_measured(bench: Bench, name: str) -> None:
    result = bench.results()[_SMALL.name][name]
    assert "failed" not in result
    assert {"commit", "date", "machine", "versions", "open_s", "serving_bytes", "took_s"} <= result.keys()
    for part, clients in (("one", 1), ("many", 8)):
        assert result[part]["clients"] == clients
        assert result[part]["questions"] == 4
        assert 0 < result[part]["p50_ms"] <= result[part]["p95_ms"] <= result[part]["p99_ms"]
        assert result[part]["per_s"] > 0
    if name != "karani-http":
        assert result["build"]["passages"] >= len(_documents())
        assert result["build"]["peak_bytes"] >= result["build"]["base_bytes"] > 0
        assert result["disk_bytes"] > 0


def test_judged_questions_are_measured_on_the_ids_of_the_corpus(bench: Bench) -> None:
    # Work and place stand in one document alone, which any system that passes ids on rightly finds first.
    for name, result in bench.results()[_SMALL.name].items():
        assert result["quality"] == {"nDCG@10": 1.0, "Success@1": 1.0, "questions": len(_PLACES)}, name


def test_a_second_run_measures_nothing_and_leaves_no_index(bench: Bench) -> None:
    said: list[str] = []
    before = bench.results()
    bench.run(said.append)
    assert bench.results() == before
    assert said == ["nothing left to measure (--fresh measures again)"]
    assert not [path for path in (bench.folder / "indexes").rglob("*") if path.is_file()]


def test_the_page_gets_table_pictures_and_figures(bench: Bench, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / pages.PAGE
    (tmp_path / pages.PAGE).write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    results = bench.results()
    pages.write(tmp_path, results)
    written = (tmp_path / pages.PAGE).read_text(encoding="utf-8")
    for entry in bench.entries:
        assert f"| {entry.label} |" in written
    assert json.loads((tmp_path / pages.FIGURES).read_text(encoding="utf-8")) == results
    for name in re.findall(r"\(images/(bench-12k-[^)]+)\)", written):
        assert (tmp_path / "images" / name).read_text(encoding="utf-8").startswith("<svg xmlns=")


def test_a_system_that_fails_is_told_and_stops_nothing(tmp_path: Path) -> None:
    entry = next(entry for entry in CATALOGUE if entry.name == "fts5")
    missing = tmp_path / "missing.jsonl"
    subject = Subject(entry, Path(sys.executable), missing, tmp_path / "index", tmp_path / "log.txt")
    found = measure(subject, _questions(), Limits(), lambda _what, _waited, _bytes: None)
    assert "no such file" in found["failed"]
    assert "one" not in found


def test_a_system_over_its_time_is_stopped(tmp_path: Path) -> None:
    entry = next(entry for entry in CATALOGUE if entry.name == "karani")
    subject = Subject(entry, Path(sys.executable), _corpus(tmp_path), tmp_path / "i", tmp_path / "log.txt")
    found = measure(subject, _questions(), Limits(build_s=0.2), lambda _what, _waited, _bytes: None)
    assert found["failed"] == "stopped after 0 s"


def _built(seconds: float, base: int, peak: int) -> dict[str, Any]:
    return {"build": {"seconds": seconds, "base_bytes": base << 30, "peak_bytes": peak << 30}}


@pytest.mark.parametrize(
    ("small", "says"),
    [
        (_built(90, 1, 2), ""),
        (_built(100, 1, 1), "16 min"),
        (_built(10, 1, 3), "20 GB"),
        ({"failed": "stopped after 1200 s"}, "stopped after 1200 s"),
        (None, "not measured"),
    ],
)
def test_what_would_take_too_long_or_too_much_is_not_run_at_the_full_corpus(
    small: dict[str, Any] | None, says: str
) -> None:
    reason = sizes.refusal(small)
    assert says in reason
    assert bool(reason) == bool(says)


def test_a_table_tells_ratios_and_why_a_figure_is_missing() -> None:
    one = {"p50_ms": 5.0, "p95_ms": 8.0, "p99_ms": 9.0, "per_s": 100.0}
    results = {
        "karani": {"one": one},
        "txtai": {"one": {**one, "p95_ms": 20.0}, "many": {"fault": "ProgrammingError: threads"}},
        "haystack": {"left_out": "not run: would take about 90 min"},
    }
    shown = table.plain(results)
    assert "20.0 (2.5×)" in shown
    assert "txtai hybrid, eight clients: ProgrammingError: threads" in shown
    assert "Haystack in-memory hybrid: not run: would take about 90 min" in shown
    assert next(row[0] for row in table.rows(results)) == "Karani, in process"


@given(st.text(alphabet="กขิ่า \n", max_size=3 * WINDOW_CHARS))
def test_windows_hold_the_whole_text_and_are_never_too_long(text: str) -> None:
    pieces = list(cut(text))
    assert "".join(pieces) == text
    assert all(len(piece) <= WINDOW_CHARS for piece in pieces)
    assert all(pieces) or pieces == [""]


def test_no_question_is_asked_twice() -> None:
    questions = divided([], {}, 1, [f"question {n}" for n in range(100)], 1000)
    asked = [*questions.warm, *questions.one, *questions.many]
    assert len(set(asked)) == len(asked)
    assert len(questions.one) == len(questions.many) == 35


def test_only_the_marked_part_of_a_page_is_replaced() -> None:
    page = "before\n<!-- x: by make -->\nold\n<!-- end of x -->\nafter\n"
    assert fill(page, "x", "new") == "before\n<!-- x: by make -->\nnew\n<!-- end of x -->\nafter\n"
    with pytest.raises(MarkerError, match="end of y"):
        fill(page, "y", "new")


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown: nothing"):
        chosen("karani,nothing")
