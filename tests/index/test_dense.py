from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from index.coarse import IVF_FROM, VectorIndexError, kind_for, write_coarse
from index.delta import Delta
from index.dense import COARSE, DenseIndex, StoredVectors
from index.dense_writer import DenseWriter, Ranges


def unit(count: int, dim: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write(folder: Path, rows: np.ndarray, vectors: np.ndarray) -> DenseIndex:
    folder.mkdir(exist_ok=True)
    writer = DenseWriter(folder, vectors.shape[1])
    for start in range(0, len(rows), 200):
        writer.add(rows[start : start + 200], vectors[start : start + 200])
    writer.finish()
    return DenseIndex(folder)


@pytest.fixture
def built(tmp_path: Path) -> tuple[DenseIndex, np.ndarray, np.ndarray]:
    vectors, rows = unit(500, 32), np.arange(1000, 1500, dtype=np.int64)
    return write(tmp_path, rows, vectors), rows, vectors


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


def test_copying_with_removals_keeps_rows_with_their_vectors(tmp_path: Path) -> None:
    vectors, rows = unit(50, 16), np.arange(50, dtype=np.int64)
    (tmp_path / "one").mkdir()
    write(tmp_path / "one", rows, vectors)
    new = unit(1, 16, seed=9)
    (tmp_path / "two").mkdir()
    writer = DenseWriter(tmp_path / "two", 16)
    writer.copy(tmp_path / "one", np.asarray([0, 10, 49], dtype=np.int64))
    writer.add(np.asarray([900], dtype=np.int64), new)
    writer.finish()
    opened = DenseIndex(tmp_path / "two")
    assert opened.rows().tolist() == sorted((set(range(50)) - {0, 10, 49}) | {900})
    assert opened.search(new[0], 1)[0][0] == 900
    for row in (1, 25, 48):
        assert opened.search(vectors[row], 1)[0][0] == row
        assert opened.vectors([row])[0] == pytest.approx(vectors[row], abs=1e-3)
    with pytest.raises(KeyError):
        opened.vectors([10])


def spread(count: int, dim: int = 512) -> np.ndarray:
    """Unit vectors around some subjects, most of them along few axes, as an encoder's are."""
    near = unit(60, dim, seed=1)[np.arange(count) % 60] + 0.5 * unit(count, dim, seed=2)
    vectors = (
        near
        @ np.diag(np.exp(-np.arange(dim) / 60, dtype=np.float32))
        @ np.linalg.qr(unit(dim, dim, seed=3))[0]
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_a_large_index_finds_what_brute_force_finds_and_says_how_well(tmp_path: Path) -> None:
    vectors, rows = spread(4_000), np.arange(7, 4_007, dtype=np.int64)
    write(tmp_path, rows, vectors)
    told = write_coarse(tmp_path, vectors[::20] + 0.01 * unit(200, 512, seed=4), 1)
    assert (told.kind, told.questions) == ("ivf", 100)
    assert told.probes <= told.lists
    assert told.recall >= 0.98
    opened = DenseIndex(tmp_path)
    assert opened.is_consistent()
    stored, whole = opened.vectors(rows), vectors.astype(np.float16).astype(np.float32)
    steps = (vectors.max(axis=0) - vectors.min(axis=0)) / 255
    assert (np.abs(stored - whole) < 0.6 * steps).all()
    hits = 0
    for query in vectors[::151]:
        exact = np.sort(whole @ query)[::-1][:10]
        found = opened.search(query, 10)
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        assert all(score == pytest.approx(float(stored[row - 7] @ query), abs=1e-4) for row, score in found)
        hits += sum(whole[row - 7] @ query >= exact[-1] - 1e-5 for row, _ in found)
    assert hits >= 0.98 * 10 * len(vectors[::151])
    for allowed in (rows[200:230], rows[100:3500]):  # fetched one by one, and met while passing over all
        best = allowed[np.argsort(-(stored[allowed - 7] @ vectors[0]), kind="stable")[:20]]
        assert [row for row, _ in opened.search(vectors[0], 20, allowed)] == best.tolist()


def test_few_vectors_have_a_coarse_index_without_a_word_of_warning(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    vectors, rows = spread(400), np.arange(400, dtype=np.int64)
    write(tmp_path, rows, vectors)
    assert write_coarse(tmp_path, spread(40), 1).recall >= 0.98
    assert capfd.readouterr() == ("", "")


def test_vectors_of_an_odd_length_have_a_coarse_index_too(tmp_path: Path) -> None:
    vectors, rows = unit(1_000, 25), np.arange(1_000, dtype=np.int64)
    write(tmp_path, rows, vectors)
    assert write_coarse(tmp_path, unit(40, 25, seed=6), 1).dim == 24
    opened = DenseIndex(tmp_path)
    assert [opened.search(vectors[row], 1)[0][0] for row in (0, 500, 999)] == [0, 500, 999]


def test_an_index_whose_shortened_vectors_take_a_byte_a_number_still_answers(tmp_path: Path) -> None:
    """Those of generations built before vectors were product-quantised."""
    vectors, rows = spread(1_000), np.arange(1_000, dtype=np.int64)
    write(tmp_path, rows, vectors)
    axes = faiss.PCAMatrix(512, 192)
    axes.train(vectors)
    lists = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(192), 192, 20, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    before = faiss.IndexPreTransform(axes, lists)
    before.train(vectors)
    before.add(vectors)
    lists.nprobe = 5
    faiss.write_index(before, str(tmp_path / COARSE))
    opened = DenseIndex(tmp_path)
    assert [opened.search(vectors[row], 1)[0][0] for row in (0, 500, 999)] == [0, 500, 999]


def test_vectors_copied_from_a_large_index_stay_as_they_are(tmp_path: Path) -> None:
    vectors, rows = spread(1_200), np.arange(1_200, dtype=np.int64)
    write(tmp_path / "one", rows, vectors)
    write_coarse(tmp_path / "one", spread(20), 1)
    (tmp_path / "two").mkdir()
    writer = DenseWriter(tmp_path / "two", 512)
    writer.copy(tmp_path / "one", rows[:100])
    writer.finish()
    write_coarse(tmp_path / "two", spread(20), 1, StoredVectors(tmp_path / "one"))
    one, two = (DenseIndex(tmp_path / name).vectors(rows[100:]) for name in ("one", "two"))
    assert np.array_equal(one, two)


def test_a_number_beyond_the_ranges_of_before_widens_its_place_alone() -> None:
    vectors = spread(200)
    ranges = Ranges(512)
    ranges.look(vectors)
    kept = ranges.quantizer().sa_decode(ranges.quantizer().sa_encode(vectors))
    further = np.zeros((1, 512), dtype=np.float32)
    further[0, 3] = 2.0
    wider = Ranges(512, (vectors.min(axis=0), vectors.max(axis=0)))
    wider.look(kept)
    wider.look(further)
    quantizer = wider.quantizer()
    assert quantizer.sa_decode(quantizer.sa_encode(further))[0, 3] == pytest.approx(2.0, abs=0.01)
    again = quantizer.sa_decode(quantizer.sa_encode(kept))
    others = np.arange(512) != 3
    assert np.array_equal(again[:, others], kept[:, others])


def test_a_coarse_index_of_other_vectors_is_noticed(tmp_path: Path) -> None:
    for name, count in (("one", 1_000), ("two", 1_100)):
        write(tmp_path / name, np.arange(count, dtype=np.int64), spread(count))
        write_coarse(tmp_path / name, spread(20), 1)
    (tmp_path / "two" / COARSE).unlink()
    (tmp_path / "two" / COARSE).write_bytes((tmp_path / "one" / COARSE).read_bytes())
    with pytest.raises(ValueError, match=r"coarse\.faiss holds 1000 vectors"):
        DenseIndex(tmp_path / "two")


@pytest.mark.parametrize(
    ("setting", "passages", "kind"),
    [
        ("auto", IVF_FROM - 1, "exact"),
        ("auto", IVF_FROM, "ivf"),
        ("exact", 10**7, "exact"),
        ("ivf", 500, "ivf"),
        ("ivf", 10, "exact"),
    ],
)
def test_the_kind_of_index_follows_size_and_setting(setting: str, passages: int, kind: str) -> None:
    assert kind_for(setting, passages) == kind


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(VectorIndexError, match=r"KARANI_VECTOR_INDEX=hnsw.*ivf"):
        kind_for("hnsw", 1)


def test_a_written_index_is_never_overwritten(tmp_path: Path) -> None:
    DenseWriter(tmp_path, 4).finish()
    with pytest.raises(FileExistsError):
        DenseWriter(tmp_path, 4)


def test_vectors_that_do_not_fit_their_rows_are_refused(tmp_path: Path) -> None:
    writer = DenseWriter(tmp_path, 4)
    writer.add(np.asarray([5], dtype=np.int64), unit(1, 4))
    for rows, vectors in (([5], unit(1, 4)), ([9, 8], unit(2, 4)), ([9], unit(1, 3)), ([9, 10], unit(1, 4))):
        with pytest.raises(ValueError, match="rows"):
            writer.add(np.asarray(rows, dtype=np.int64), vectors)
    writer.close()


def test_a_delta_beside_a_coarse_index_hides_what_went_and_finds_what_came(tmp_path: Path) -> None:
    vectors, rows = spread(1_300), np.arange(1_300, dtype=np.int64)
    write(tmp_path, rows[:1_000], vectors[:1_000])
    write_coarse(tmp_path, spread(40), 1)
    kept = DenseIndex(tmp_path).vectors(rows[:1_000])
    gone, query = rows[::3][:300], vectors[0]
    later = Delta.new(tmp_path, gone).folder
    write(later, rows[1_000:], vectors[1_000:])
    opened = DenseIndex(tmp_path)
    alive = np.setdiff1d(rows, gone)
    assert len(opened) == len(alive)
    assert opened.rows().tolist() == alive.tolist()
    assert opened.is_consistent()
    stored = np.concatenate([kept, vectors[1_000:].astype(np.float16).astype(np.float32)])
    found = [row for row, _ in opened.search(query, 50)]
    assert not set(found) & set(gone.tolist())
    exact = set(alive[np.argsort(-(stored[alive] @ query), kind="stable")[:50]].tolist())
    assert len(exact & set(found)) >= 49
    allowed = rows[900:1_100]
    best = [
        row
        for row in np.argsort(-(stored @ query), kind="stable").tolist()
        if row in set(allowed) - set(gone)
    ]
    assert [row for row, _ in opened.search(query, 20, allowed)] == best[:20]
    assert opened.vectors([1, 1_250])[1] == pytest.approx(stored[1_250])
