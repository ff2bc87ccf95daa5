"""The vector ranking: FAISS over the passages' vectors.

Vectors are unit length, so the inner product is the cosine. Ids are the store's row numbers. ``vectors.faiss``
holds them all in half precision (``IDMap2,SQfp16``): filters stay exact and rows can be taken out. A large
corpus has ``coarse.faiss`` beside it, the same vectors along their first principal axes, a byte a number: a search
reads that eighth of the bytes, and scores the best few hundred rows again with their whole vectors. On 58,000
passages of the built-in encoder that finds the same first ten, and 99.7% of the first hundred.

What came and went since these files were written lies in the generation's delta (`index.delta`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.delta import Delta, Rows, without
from index.interfaces import Vectors
from index.writing import save_vectors

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
        rows = _ids(other)
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            self.add(part, other.reconstruct_batch(part))

    def _is_large(self) -> bool:
        roomy: bool = self.vectors.d >= 2 * COARSE_DIM
        return roomy and self.vectors.ntotal >= max(self.coarse_from, COARSE_DIM)

    def _coarse(self) -> Any:
        import faiss

        rows = _ids(self.vectors)
        factory = f"IDMap2,PCA{COARSE_DIM},SQ8"
        coarse: Any = faiss.index_factory(self.vectors.d, factory, faiss.METRIC_INNER_PRODUCT)
        sample = np.random.default_rng(0).permutation(rows)[:_TRAINED_ON]
        coarse.train(_centred(self.vectors.reconstruct_batch(sample)))
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            coarse.add_with_ids(self.vectors.reconstruct_batch(part), part)
        return coarse


def _ids(index: Any) -> Rows:
    import faiss

    held: Rows = faiss.vector_to_array(index.id_map).astype(np.int64)
    return held


def _centred(vectors: Vectors) -> Vectors:
    """The vectors and their opposites: FAISS takes means away, which would change inner products."""
    return np.concatenate([vectors, -vectors])


class DenseIndex:
    """A read-only, memory-mapped vector index of a generation, given the generation's folder."""

    def __init__(self, folder: Path) -> None:
        import faiss

        # One query is too little work to share: more threads only wait for each other.
        faiss.omp_set_num_threads(1)
        self._base = _mapped(folder / VECTORS)
        self._coarse = _mapped(folder / COARSE) if (folder / COARSE).exists() else None
        delta = Delta.of(folder)
        self._removed = np.zeros(0, dtype=np.int64) if delta is None else delta.removed
        self._later: Any | None = None if delta is None else _mapped(delta.folder / VECTORS)
        self._later_rows = np.zeros(0, dtype=np.int64) if self._later is None else np.sort(_ids(self._later))
        self._kept = _all_but(self._removed) if len(self._removed) else None
        self.dim: int = self._base.d

    def __len__(self) -> int:
        return int(self._base.ntotal) - len(self._removed) + len(self._later_rows)

    def rows(self) -> Rows:
        """The row numbers held, those of the base in insertion order, then the delta's."""
        base = _ids(self._base)
        return np.concatenate([base[without(base, self._removed)], self._later_rows])

    def is_consistent(self) -> bool:
        """Whether the coarse index, where there is one, holds the same rows, and the base those that went."""
        base = set(_ids(self._base).tolist())
        held = base if self._coarse is None else set(_ids(self._coarse).tolist())
        return held == base and base.issuperset(self._removed.tolist())

    def search(self, query: Vectors, depth: int, allowed: Rows | None = None) -> list[tuple[int, float]]:
        """The best ``depth`` rows for one query vector, shape (dim,): (row, cosine), best first.

        ``allowed`` restricts the search exactly. A zero query finds nothing.
        """
        if not len(self) or not np.any(query) or (allowed is not None and not len(allowed)):
            return []
        asked = np.ascontiguousarray(query[None, :], dtype=np.float32)
        found = self._search_base(asked, depth, allowed)
        if self._later is not None:
            found += _ranked(self._later, asked, depth, None if allowed is None else _only(allowed))
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:depth]

    def _search_base(self, asked: Vectors, depth: int, allowed: Rows | None) -> list[tuple[int, float]]:
        if allowed is not None:
            allowed = allowed[without(allowed, self._removed)]
            return _ranked(self._base, asked, depth, _only(allowed)) if len(allowed) else []
        if self._coarse is None:
            return _ranked(self._base, asked, depth, self._kept)
        rows = np.asarray([row for row, _ in _ranked(self._coarse, asked, _AGAIN * depth, self._kept)])
        if not len(rows):
            return []
        scores = self._base.reconstruct_batch(rows) @ asked[0]
        best = np.argsort(-scores, kind="stable")[:depth]
        return list(zip(rows[best].tolist(), scores[best].tolist(), strict=True))

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The stored vectors of some rows, shape (n, dim), as float32."""
        wanted = np.asarray(rows, dtype=np.int64)
        later = np.isin(wanted, self._later_rows)
        if self._later is None or not later.any():
            out: Vectors = self._base.reconstruct_batch(wanted)
            return out
        out = np.empty((len(wanted), self.dim), dtype=np.float32)
        out[later] = self._later.reconstruct_batch(wanted[later])
        if not later.all():
            out[~later] = self._base.reconstruct_batch(wanted[~later])
        return out


def _mapped(path: Path) -> Any:
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def _all_but(removed: Rows) -> Any:
    import faiss

    mask = np.zeros(int(removed.max()) + 1, dtype=bool)
    mask[removed] = True
    make: Any = faiss.IDSelectorBitmap  # its stub wants the length that Python's wrapper takes from the array
    return faiss.IDSelectorNot(make(np.packbits(mask, bitorder="little")))


def _only(allowed: Rows) -> Any:
    import faiss

    return faiss.IDSelectorBatch(np.ascontiguousarray(allowed, dtype=np.int64))


def _ranked(index: Any, asked: Vectors, depth: int, selector: Any | None) -> list[tuple[int, float]]:
    """What FAISS finds: (row, score). It pads with -1; those are filtered here."""
    import faiss

    parameters: Any = None
    if selector is not None:
        make: Any = faiss.SearchParameters  # its stub knows no arguments
        parameters = make(sel=selector)
    scores, rows = index.search(asked, max(1, min(depth, index.ntotal)), params=parameters)
    found = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
    return [(row, score) for row, score in found if row >= 0]
