"""The vector ranking: FAISS over the passages' vectors.

Vectors are unit length, so the inner product is the cosine. Ids are the store's row numbers. ``vectors.faiss``
holds them all in half precision (``IDMap2,SQfp16``): filters stay exact and rows can be taken out. A large
corpus has ``coarse.faiss`` beside it, the same vectors along their first principal axes, a byte a number: a search
reads that eighth of the bytes, and scores the best few hundred rows again with their whole vectors. On 58,000
passages of the built-in encoder that finds the same first ten, and 99.7% of the first hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.interfaces import Vectors
from index.writing import save_vectors

Rows = NDArray[np.int64]
VECTORS, COARSE = "vectors.faiss", "coarse.faiss"
FACTORY = "IDMap2,SQfp16"
COARSE_DIM = 192
#: Fewer passages are searched faster whole.
COARSE_FROM = 5_000
_TRAINED_ON = 20_000
_AT_ONCE = 20_000
#: So many times the depth is scored again.
_AGAIN = 3


@dataclass(slots=True)
class DenseWriter:
    """Vectors of a generation in the making; nothing is on disk before `write`."""

    vectors: Any
    coarse: Any | None = None
    coarse_from: int = COARSE_FROM

    @classmethod
    def new(cls, dim: int) -> DenseWriter:
        """An empty one for vectors of length ``dim``."""
        import faiss

        return cls(faiss.index_factory(dim, FACTORY, faiss.METRIC_INNER_PRODUCT))

    @classmethod
    def read(cls, folder: Path) -> DenseWriter:
        """Start from the files of another generation."""
        import faiss

        coarse = folder / COARSE
        return cls(
            faiss.read_index(str(folder / VECTORS)),
            faiss.read_index(str(coarse)) if coarse.exists() else None,
        )

    def add(self, rows: Rows, vectors: Vectors) -> None:
        """Add vectors, shape (n, dim), under their row numbers."""
        if not self.vectors.is_trained:
            self.vectors.train(vectors)
        for index in self._all():
            index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), rows)

    def remove(self, rows: Rows) -> int:
        """Take rows out; how many were there."""
        import faiss

        if not len(rows):
            return 0
        return min(int(index.remove_ids(faiss.IDSelectorBatch(rows))) for index in self._all())

    def write(self, folder: Path) -> None:
        """Write new files; a file that a process may have mapped is never overwritten."""
        if self.coarse is None and self._is_large():
            self.coarse = self._coarse()
        for name, index in zip((VECTORS, COARSE), self._all(), strict=False):
            save_vectors(folder / name, index)

    def _all(self) -> list[Any]:
        return [self.vectors] if self.coarse is None else [self.vectors, self.coarse]

    def _is_large(self) -> bool:
        roomy: bool = self.vectors.d >= 2 * COARSE_DIM
        return roomy and self.vectors.ntotal >= max(self.coarse_from, COARSE_DIM)

    def _coarse(self) -> Any:
        import faiss

        rows = faiss.vector_to_array(self.vectors.id_map).astype(np.int64)
        factory = f"IDMap2,PCA{COARSE_DIM},SQ8"
        coarse: Any = faiss.index_factory(self.vectors.d, factory, faiss.METRIC_INNER_PRODUCT)
        sample = np.random.default_rng(0).permutation(rows)[:_TRAINED_ON]
        coarse.train(_centred(self.vectors.reconstruct_batch(sample)))
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            coarse.add_with_ids(self.vectors.reconstruct_batch(part), part)
        return coarse


def _centred(vectors: Vectors) -> Vectors:
    """The vectors and their opposites: FAISS takes means away, which would change inner products."""
    return np.concatenate([vectors, -vectors])


class DenseIndex:
    """A read-only vector index of a generation."""

    def __init__(self, folder: Path) -> None:
        import faiss

        # One query is too little work to share: more threads only wait for each other.
        faiss.omp_set_num_threads(1)
        self._index: Any = faiss.read_index(str(folder / VECTORS))
        coarse = folder / COARSE
        self._coarse: Any | None = faiss.read_index(str(coarse)) if coarse.exists() else None
        self.dim: int = self._index.d

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self) -> Rows:
        """The row numbers held, in insertion order."""
        import faiss

        held: Rows = faiss.vector_to_array(self._index.id_map).astype(np.int64)
        return held

    def is_consistent(self) -> bool:
        """Whether the coarse index, where there is one, holds the same rows."""
        import faiss

        if self._coarse is None:
            return True
        return set(faiss.vector_to_array(self._coarse.id_map).tolist()) == set(self.rows().tolist())

    def search(self, query: Vectors, depth: int, allowed: Rows | None = None) -> list[tuple[int, float]]:
        """The best ``depth`` rows for one query vector, shape (dim,): (row, cosine), best first.

        ``allowed`` restricts the search exactly. A zero query finds nothing.
        FAISS pads with -1; those are filtered here.
        """
        import faiss

        if not len(self) or not np.any(query) or (allowed is not None and not len(allowed)):
            return []
        asked = np.ascontiguousarray(query[None, :], dtype=np.float32)
        depth = min(depth, len(self))
        if allowed is None and self._coarse is not None:
            rows = self._coarse.search(asked, min(_AGAIN * depth, len(self)))[1][0]
            rows = rows[rows >= 0]
            scores = self.vectors(rows) @ asked[0]
            found = np.argsort(-scores, kind="stable")[:depth]
            return _ranked(rows[found], scores[found])
        parameters: Any = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(allowed, dtype=np.int64))
            make: Any = faiss.SearchParameters  # its stub knows no arguments
            parameters = make(sel=selector)
        scores, rows = self._index.search(asked, depth, params=parameters)
        return _ranked(rows[0], scores[0])

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The stored vectors of some rows, shape (n, dim), as float32."""
        out: Vectors = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return out


def _ranked(rows: Rows, scores: Vectors) -> list[tuple[int, float]]:
    pairs = [(int(row), float(score)) for row, score in zip(rows, scores, strict=True) if row >= 0]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
