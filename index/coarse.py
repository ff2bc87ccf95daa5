"""The coarse vector index of a large corpus: which passages are worth comparing with their whole vectors.

Vectors along their first principal axes, product-quantised, two numbers in four bits, in inverted lists around k-means
centres (Jégou, Douze & Schmid 2011), which are compared by table look-ups in a processor's registers (André, Kermarrec &
Le Scouarnec 2015; FAISS: Douze et al. 2024): a search reads the lists whose centres are nearest. How many it must read
is measured when the index is made: questions made of the corpus' own titles, headings and sentences are asked of it and
of all vectors, and the fewest lists are taken that find the same best ten. Half of the sample decides, the other half
says what the decision is worth; the manifest records that (`VectorIndex`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.dense import COARSE, Coarse, StoredVectors
from index.dense_writer import Ranges, shorten
from index.interfaces import Vectors
from index.writing import save_vectors

KINDS = ("auto", "exact", "ivf")
#: Fewer vectors are searched whole in about a millisecond.
IVF_FROM = 10_000
DIM = 192
#: Numbers that are quantised together, in four bits.
_TOGETHER = 2
#: Too few to learn axes from: searched whole whatever the setting.
_FEWEST = 2 * DIM
#: Questions asked of the index; half of them choose, half of them judge.
QUESTIONS = 400
#: The fewest lists are read that find this share of the exact best ten, of which a byte a number alone costs almost a
#: hundredth; .98 is what is promised.
_WANTED = 0.985
#: And this share of the best hundred, which fusion looks at.
_WANTED_100 = 0.96
_BEST = 10
_DEPTH = 100
_PCA_ON = 20_000
#: Lists to the root of the passages: with shorter ones fewer vectors are read for the same recall, and learning takes longer.
_LISTS = 6
_POINTS_A_LIST = 20
_ROUNDS = 6
_ROUNDING = 1e-5
_AT_ONCE = 16_384


class VectorIndexError(ValueError):
    """``KARANI_VECTOR_INDEX`` names no kind of index; says which there are."""


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How a generation's vectors are searched, as its manifest records it.

    Attributes:
        kind: ``exact``, or ``ivf`` where a search reads some of the inverted lists.
        dim: length of the shortened vectors, 0 where there are none.
        lists: how many inverted lists there are.
        probes: how many of them a search reads.
        questions: how many questions judged it.
        recall: the share of the exact best ten that it finds; one that scores like the tenth counts.
        recall_100: the same of the best hundred.
    """

    kind: str = "exact"
    dim: int = 0
    lists: int = 0
    probes: int = 0
    questions: int = 0
    recall: float = 1.0
    recall_100: float = 1.0

    def told(self) -> Mapping[str, Any]:
        """For the manifest."""
        return asdict(self)


def kind_for(setting: str, passages: int) -> str:
    """The kind of index for so many passages.

    Raises:
        VectorIndexError: the setting is none of `KINDS`.
    """
    if setting not in KINDS:
        raise VectorIndexError(
            f"KARANI_VECTOR_INDEX={setting}: ใช้ / use {', '.join(KINDS[:-1])} หรือ / or {KINDS[-1]}"
        )
    if setting == "exact" or passages < (IVF_FROM if setting == "auto" else _FEWEST):
        return "exact"
    return "ivf"


def write_coarse(
    folder: Path, questions: Vectors, threads: int, before: StoredVectors | None = None
) -> VectorIndex:
    """Make the coarse index of the vectors in a folder, beside them, which are kept a byte a number from then on.

    Args:
        folder: holds the files of `index.dense_writer.DenseWriter`.
        questions: at most `QUESTIONS` query vectors to measure with, shape (n, dim).
        threads: how many may compute.
        before: the vectors that most of these were copied from.

    Raises:
        OSError: it could not be written whole.
    """
    with _threads(threads):
        vectors = StoredVectors(folder)
        index, lists = _trained(vectors)
        truth, ranges = _Truth(questions), Ranges(vectors.dim, None if before is None else before.ranges)
        for start in range(0, len(vectors), _AT_ONCE):
            block = vectors.block(start, min(_AT_ONCE, len(vectors) - start))
            index.add(block)
            truth.look(block)
            ranges.look(block)
        shorten(folder, ranges)
    # One question at a time is what a search asks: threads would only wait for each other.
    with _threads(1):
        coarse = Coarse(index, StoredVectors(folder))
        probes, recalls = _chosen(coarse, vectors, questions, truth.scores(), lists)
    _set_probes(index, probes)
    save_vectors(folder / COARSE, index)
    return VectorIndex("ivf", _dim(vectors), lists, probes, len(questions) // 2, *recalls)


def _trained(vectors: StoredVectors) -> tuple[Any, int]:
    """An empty index whose axes and centres were learned from a sample; how many centres."""
    import faiss

    library: Any = faiss  # its stubs lack most of this
    lists = max(1, min(round(_LISTS * math.sqrt(len(vectors))), len(vectors) // _POINTS_A_LIST))
    chance = np.random.default_rng(0)
    sample = np.sort(chance.permutation(len(vectors))[: max(_PCA_ON, _POINTS_A_LIST * lists)])
    dim = _dim(vectors)
    axes = _axes(vectors.take(np.sort(chance.permutation(sample)[:_PCA_ON])), dim)
    short = np.concatenate(
        [axes.apply(vectors.take(sample[at : at + _AT_ONCE])) for at in range(0, len(sample), _AT_ONCE)]
    )
    centres = library.IndexFlatIP(dim)
    inverted = library.IndexIVFPQFastScan(
        centres, dim, lists, dim // _TOGETHER, 4, library.METRIC_INNER_PRODUCT
    )
    inverted.cp.niter = _ROUNDS
    inverted.cp.max_points_per_centroid = _POINTS_A_LIST
    # Few vectors make coarse centres, which is no fault to warn of: recall is measured.
    inverted.cp.min_points_per_centroid = inverted.pq.cp.min_points_per_centroid = 1
    inverted.train(short)
    return library.IndexPreTransform(axes, inverted), lists


def _dim(vectors: StoredVectors) -> int:
    """The length of shortened vectors."""
    return min(DIM, vectors.dim // _TOGETHER * _TOGETHER)


def _axes(some: Vectors, dim: int) -> Any:
    """FAISS's transformation to the first principal axes of some vectors, without taking their mean away.

    That would change inner products. FAISS's own training takes thirty times as long.
    """
    import faiss

    library: Any = faiss
    _, ascending = np.linalg.eigh((some.T @ some).astype(np.float64))
    axes = library.LinearTransform(some.shape[1], dim, False)
    library.copy_array_to_vector(ascending[:, : -dim - 1 : -1].T.astype(np.float32).ravel(), axes.A)
    axes.is_trained = True
    return axes


class _Truth:
    """The exact best scores of some questions, gathered block by block."""

    def __init__(self, questions: Vectors) -> None:
        self._asked = np.ascontiguousarray(questions.T)
        self._best = np.full((questions.shape[0], _DEPTH), -np.inf, dtype=np.float32)

    def look(self, block: Vectors) -> None:
        """Take in the next vectors."""
        every = np.concatenate([self._best, (block @ self._asked).T], axis=1)
        self._best = -np.partition(-every, _DEPTH - 1, axis=1)[:, :_DEPTH]

    def scores(self) -> Vectors:
        """The best hundred scores of each question, best first."""
        best: Vectors = -np.sort(-self._best, axis=1)
        return best


def _chosen(
    coarse: Coarse, vectors: StoredVectors, questions: Vectors, truth: Vectors, lists: int
) -> tuple[int, tuple[float, float]]:
    """How many lists to read, and the recall of ten and of a hundred that this gives for questions that did not choose.

    ``vectors`` are those that ``truth`` was found with: they say what that which ``coarse`` finds is worth.
    """

    def recalls(part: slice, probes: int) -> tuple[float, float]:
        pairs = zip(questions[part], truth[part], strict=True)
        found = [_recalls(coarse, vectors, one, best, probes) for one, best in pairs]
        ten, hundred = np.mean(found, axis=0).round(4).tolist() if found else (0.0, 0.0)
        return ten, hundred

    choosing, judging = slice(0, None, 2), slice(1, None, 2)
    steps = _steps(lists)

    def suffices(probes: int) -> bool:
        ten, hundred = recalls(choosing, probes)
        return ten >= _WANTED and hundred >= _WANTED_100

    enough = bisect_left(steps, True, key=suffices)
    probes = steps[min(enough, len(steps) - 1)]
    return probes, recalls(judging, probes)


def _steps(lists: int) -> list[int]:
    """Numbers of lists to try, each half as many again as the one before."""
    steps = [4]
    while steps[-1] < lists:
        steps.append(min(lists, max(steps[-1] + 1, round(steps[-1] * 1.5))))
    return [min(step, lists) for step in steps]


def _recalls(
    coarse: Coarse, vectors: StoredVectors, question: Vectors, best: Vectors, probes: int
) -> tuple[float, float]:
    """Recall of ten and of a hundred by score: what scores at least like the exact last one is as good."""
    found = coarse.best(np.ascontiguousarray(question[None, :]), _DEPTH, probes=probes)
    rows = np.asarray([row for row, _ in found], dtype=np.int64)
    scores = vectors.take(vectors.places(rows)) @ question
    there = min(_DEPTH, len(coarse))
    ten, hundred = (
        float((scores[:k] >= best[k - 1] - _ROUNDING).sum()) / k for k in (min(_BEST, there), there)
    )
    return ten, hundred


def _set_probes(index: Any, probes: int) -> None:
    import faiss

    faiss.extract_index_ivf(index).nprobe = probes


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """FAISS's threads while an index is made; a search has one (`index.dense`)."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
