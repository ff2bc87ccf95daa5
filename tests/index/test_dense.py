from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.dense import COARSE, DenseIndex
from index.dense_writer import DenseWriter


def unit(count: int, dim: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def built(tmp_path: Path) -> tuple[DenseIndex, np.ndarray, np.ndarray]:
    vectors, rows = unit(500, 32), np.arange(1000, 1500, dtype=np.int64)
    writer = DenseWriter.new(32)
    writer.add(rows, vectors)
    writer.write(tmp_path)
    return DenseIndex(tmp_path), rows, vectors


def test_the_ranking_agrees_with_brute_force(built: tuple[DenseIndex, np.ndarray, np.ndarray]) -> None:
    index, rows, vectors = built
    for query in unit(20, 32, seed=1):
        exact = vectors.astype(np.float16).astype(np.float32) @ query  # what half precision keeps
        found = index.search(query, 10)
        assert [row for row, _ in found] == list(rows[np.argsort(-exact)[:10]])
        assert [score for _, score in found] == pytest.approx(sorted(exact, reverse=True)[:10], abs=1e-5)


def test_a_filter_is_exact_even_for_one_row(built: tuple[DenseIndex, np.ndarray, np.ndarray]) -> None:
    index, rows, vectors = built
    query = unit(1, 32, seed=2)[0]
    allowed = rows[[3, 77, 401]]
    found = index.search(query, 10, allowed)
    assert [row for row, _ in found] == sorted(allowed, key=lambda r: -(vectors[r - 1000] @ query))
    assert index.search(query, 10, np.asarray([], dtype=np.int64)) == []


def test_padding_never_shows_and_a_zero_query_finds_nothing(
    built: tuple[DenseIndex, np.ndarray, np.ndarray],
) -> None:
    index = built[0]
    assert len(index.search(unit(1, 32)[0], 10_000)) == 500
    assert index.search(np.zeros(32, dtype=np.float32), 10) == []


def test_removing_and_adding_keeps_ids_with_their_vectors(tmp_path: Path) -> None:
    vectors, rows = unit(50, 16), np.arange(50, dtype=np.int64)
    writer = DenseWriter.new(16)
    writer.add(rows, vectors)
    assert writer.remove(np.asarray([0, 10, 49], dtype=np.int64)) == 3
    new = unit(1, 16, seed=9)
    writer.add(np.asarray([900], dtype=np.int64), new)
    writer.write(tmp_path)
    opened = DenseIndex(tmp_path)
    assert set(opened.rows().tolist()) == (set(range(50)) - {0, 10, 49}) | {900}
    assert opened.search(new[0], 1)[0][0] == 900
    for row in (1, 25, 48):
        assert opened.search(vectors[row], 1)[0][0] == row
        assert opened.vectors([row])[0] == pytest.approx(vectors[row], abs=1e-3)


def test_a_large_index_ranks_like_brute_force_and_follows_changes(tmp_path: Path) -> None:
    dim, count = 512, 3_000
    spread = np.exp(-np.arange(dim) / 60, dtype=np.float32)  # most of it along few axes, as in an encoder's
    vectors = unit(count + 50, dim) @ np.diag(spread) @ np.linalg.qr(unit(dim, dim, seed=3))[0]
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    rows = np.arange(count + 50, dtype=np.int64)
    writer = DenseWriter.new(dim)
    writer.coarse_from = 1_000
    writer.add(rows[:count], vectors[:count])
    (tmp_path / "one").mkdir()
    writer.write(tmp_path / "one")
    assert (tmp_path / "one" / COARSE).exists()
    changed = DenseWriter.read(tmp_path / "one")
    assert changed.remove(rows[:100]) == 100
    changed.add(rows[count:], vectors[count:])
    (tmp_path / "two").mkdir()
    changed.write(tmp_path / "two")
    opened = DenseIndex(tmp_path / "two")
    assert opened.is_consistent()
    (tmp_path / "two" / COARSE).unlink()  # what is open stays mapped
    (tmp_path / "two" / COARSE).write_bytes((tmp_path / "one" / COARSE).read_bytes())
    assert not DenseIndex(tmp_path / "two").is_consistent()
    stored = vectors.astype(np.float16).astype(np.float32)[100:]
    for query in vectors[::151]:
        exact = 100 + np.argsort(-(stored @ query))[:20]
        assert [row for row, _ in opened.search(query, 20)] == exact.tolist()
    allowed = rows[200:230]
    assert {row for row, _ in opened.search(vectors[0], 50, allowed)} == set(allowed.tolist())


def test_a_written_index_is_never_overwritten(tmp_path: Path) -> None:
    DenseWriter.new(4).write(tmp_path)
    with pytest.raises(FileExistsError):
        DenseWriter.new(4).write(tmp_path)
