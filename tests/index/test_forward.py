"""The forward index: copying from a predecessor gives what writing anew gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.forward import ForwardIndex, ForwardWriter


def passage(row: int) -> tuple[int, int, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(row)
    context = rng.integers(0, 50, int(rng.integers(0, 9))).astype(np.int32)
    body = rng.integers(0, 50, int(rng.integers(0, 60))).astype(np.int32)
    return row, row % 4, context, body


def written(
    folder: Path, rows: list[int], base: ForwardIndex | None = None, removed: tuple[int, ...] = ()
) -> ForwardIndex:
    writer = ForwardWriter(50)
    if base is not None:
        writer.copy(base, removed)
    for row in rows:
        writer.add(*passage(row))
    writer.write(folder)
    return ForwardIndex(folder)


@pytest.mark.parametrize(
    "removed", [(), (3,), (1, 9, 4), (20,), tuple(range(1, 21))], ids=["none", "one", "three", "last", "all"]
)
def test_a_copy_less_some_and_more_others_is_as_written_anew(
    tmp_path: Path, removed: tuple[int, ...]
) -> None:
    # Out of order on purpose: tokens lie as they were added, places by row.
    base = written(tmp_path / "base", [*range(10, 21), *range(1, 10)])
    copied = written(tmp_path / "copied", [21, 22], base, removed)
    kept = [row for row in range(1, 21) if row not in removed]
    fresh = written(tmp_path / "fresh", [*kept, 21, 22])
    assert copied.rows.tolist() == fresh.rows.tolist()
    assert np.array_equal(copied.counts, fresh.counts)
    assert len(copied.tokens) == len(fresh.tokens)
    for row in fresh.rows.tolist():
        assert copied.document_of(row) == fresh.document_of(row)
        for mine, other in zip(copied.tokens_of(row), fresh.tokens_of(row), strict=True):
            assert np.array_equal(mine, other)
    again = written(tmp_path / "again", [], copied, (21,))
    assert again.rows.tolist() == [*kept, 22]
    assert np.array_equal(again.counts, written(tmp_path / "last", [*kept, 22]).counts)
