from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index import dense
from index.dense import DenseIndex


def unit(count: int, dim: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def built(tmp_path: Path) -> tuple[DenseIndex, np.ndarray, np.ndarray]:
    vectors, rows = unit(500, 32), np.arange(1000, 1500, dtype=np.int64)
    index = dense.new_index(32)
    dense.add(index, rows, vectors)
    dense.write_index(index, tmp_path / "v.faiss")
    return DenseIndex(tmp_path / "v.faiss"), rows, vectors


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
    index = dense.new_index(16)
    dense.add(index, rows, vectors)
    assert dense.remove(index, np.asarray([0, 10, 49], dtype=np.int64)) == 3
    new = unit(1, 16, seed=9)
    dense.add(index, np.asarray([900], dtype=np.int64), new)
    dense.write_index(index, tmp_path / "v.faiss")
    opened = DenseIndex(tmp_path / "v.faiss")
    assert set(opened.rows().tolist()) == (set(range(50)) - {0, 10, 49}) | {900}
    assert opened.search(new[0], 1)[0][0] == 900
    for row in (1, 25, 48):
        assert opened.search(vectors[row], 1)[0][0] == row
        assert opened.vectors([row])[0] == pytest.approx(vectors[row], abs=1e-3)


def test_a_written_index_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "v.faiss"
    dense.write_index(dense.new_index(4), path)
    with pytest.raises(FileExistsError):
        dense.write_index(dense.new_index(4), path)
