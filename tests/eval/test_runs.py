from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import DataError
from eval.runs import best_per_document, read_run, strictly_ordered, write_run

# Far beyond any system's scores; at single precision's very end there is no smaller number to step to.
SCORES = st.floats(min_value=-(2.0**100), max_value=2.0**100, width=32)


def test_best_passage_stands_for_its_document() -> None:
    hits = [("a", 0.5), ("b", 0.9), ("a", 0.7), ("c", 0.7), ("b", 0.1)]
    assert best_per_document(hits) == [("b", 0.9), ("a", 0.7), ("c", 0.7)]


@given(st.lists(SCORES, max_size=30))
def test_written_runs_keep_their_order_in_single_precision(scores: list[float]) -> None:
    ranking = [(f"d{index}", score) for index, score in enumerate(sorted(scores, reverse=True))]
    written = [score for _, score in strictly_ordered(ranking)]
    as_read = [np.float32(f"{score:.9g}") for score in written]
    assert all(later < earlier for earlier, later in itertools.pairwise(as_read))


def test_ties_and_near_ties_survive_the_file(tmp_path: Path) -> None:
    ranking = [("z", 1.0), ("m", 1.0), ("a", 1.0 - 1e-12), ("b", 0.25)]
    path = tmp_path / "run.trec"
    write_run(path, {"q": ranking}, "my system")
    first = path.read_text(encoding="utf-8").splitlines()[0].split()
    assert first[:4] == ["q", "Q0", "z", "1"]
    assert first[5] == "my-system"
    assert [document for document, _ in read_run(path)["q"]] == ["z", "m", "a", "b"]


def test_equal_scores_of_a_foreign_run_follow_its_ranks(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_text("q Q0 low 9 0.1 t\nq Q0 b 2 0.5 t\nq Q0 a 1 0.5 t\n", encoding="utf-8")
    assert [document for document, _ in read_run(path)["q"]] == ["a", "b", "low"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("q Q0 d 1 0.5\n", "run:1:6: 5 columns"),
        ("q Q0 d 1 high t\n", "run:1:5: 'high' is no number"),
        ("q Q0 d 1 nan t\n", "run:1:5: 'nan' is no number"),
        ("q Q0 d first 1 t\n", "run:1:4: 'first' is no number"),
        ("q Q0 d 1 2 t\nq Q0 d 2 1 t\n", "run:2:3: document 'd' stands twice"),
        ("\n", "an empty run"),
    ],
)
def test_malformed_runs_name_line_and_column(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "run"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_run(path)


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    def broken() -> object:
        yield "q", [("d", 1.0)]
        raise RuntimeError

    class Broken(dict[str, list[tuple[str, float]]]):
        def items(self) -> object:  # type: ignore[override]
            return broken()

    path = tmp_path / "run.trec"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(RuntimeError):
        write_run(path, Broken(), "t")
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]
