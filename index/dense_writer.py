"""Writing the vector ranking's files (`index.dense`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.delta import Delta, Rows
from index.dense import COARSE, VECTORS, ids_of
from index.interfaces import Vectors
from index.preparing import HalfVectors
from index.writing import save_vectors

FACTORY = "IDMap2,SQfp16"
COARSE_DIM = 192
#: Fewer passages are searched faster whole.
COARSE_FROM = 5_000
_TRAINED_ON = 20_000
_AT_ONCE = 20_000


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
        """Start from all that another generation holds, its delta included."""
        import faiss

        coarse = folder / COARSE
        writer = cls(
            faiss.read_index(str(folder / VECTORS)),
            faiss.read_index(str(coarse)) if coarse.exists() else None,
        )
        delta = Delta.of(folder)
        if delta is not None:
            writer.remove(delta.removed)
            writer._add_all(faiss.read_index(str(delta.folder / VECTORS)))
        return writer

    @classmethod
    def delta(cls, folder: Path) -> DenseWriter:
        """Start from the delta of another generation: what is written then goes beside its base files."""
        import faiss

        delta = Delta.of(folder)
        if delta is not None:
            return cls(faiss.read_index(str(delta.folder / VECTORS)))
        dim = faiss.read_index(str(folder / VECTORS), faiss.IO_FLAG_MMAP_IFC).d
        writer = cls.new(dim)
        writer.vectors.train(np.zeros((1, dim), dtype=np.float32))
        return writer

    def add(self, rows: Rows, vectors: Vectors | HalfVectors) -> None:
        """Add vectors, shape (n, dim), under their row numbers."""
        whole = np.ascontiguousarray(vectors, dtype=np.float32)
        if not self.vectors.is_trained:
            self.vectors.train(whole)
        for index in self._all():
            index.add_with_ids(whole, rows)

    def remove(self, rows: Rows) -> int:
        """Take rows out; how many were there."""
        import faiss

        if not len(rows):
            return 0
        return min(int(index.remove_ids(faiss.IDSelectorBatch(rows))) for index in self._all())

    def write(self, folder: Path) -> None:
        """Write new base files; a file that a process may have mapped is never overwritten."""
        if self.coarse is None and self._is_large():
            self.coarse = self._coarse()
        for name, index in zip((VECTORS, COARSE), self._all(), strict=False):
            save_vectors(folder / name, index)

    def write_delta(self, delta: Delta, base: Path) -> None:
        """Write a delta, and link the base files of ``base`` beside its folder."""
        save_vectors(delta.folder / VECTORS, self.vectors)
        for name in (VECTORS, COARSE):
            if (base / name).exists():
                os.link(base / name, delta.folder.parent / name)

    def _all(self) -> list[Any]:
        return [self.vectors] if self.coarse is None else [self.vectors, self.coarse]

    def _add_all(self, other: Any) -> None:
        rows = ids_of(other)
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            self.add(part, other.reconstruct_batch(part))

    def _is_large(self) -> bool:
        roomy: bool = self.vectors.d >= 2 * COARSE_DIM
        return roomy and self.vectors.ntotal >= max(self.coarse_from, COARSE_DIM)

    def _coarse(self) -> Any:
        import faiss

        rows = ids_of(self.vectors)
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
