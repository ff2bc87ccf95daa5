"""The vector ranking: FAISS over the passages' vectors.

Vectors are unit length, so the inner product is the cosine. Ids are the store's row numbers. ``vectors.faiss``
holds them all in half precision (``IDMap2,SQfp16``): filters stay exact and rows can be taken out. A large
corpus has ``coarse.faiss`` beside it, the same vectors along their first principal axes, a byte a number: a search
reads that eighth of the bytes, and scores the best few hundred rows again with their whole vectors. On 58,000
passages of the built-in encoder that finds the same first ten, and 99.7% of the first hundred.

What came and went since these files were written lies in the generation's delta (`index.delta`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.delta import Delta, Rows, without
from index.interfaces import Vectors

VECTORS, COARSE = "vectors.faiss", "coarse.faiss"
#: So many times the depth is scored again.
_AGAIN = 3


def ids_of(index: Any) -> Rows:
    """An index's ids in the order in which it holds them."""
    import faiss

    held: Rows = faiss.vector_to_array(index.id_map).astype(np.int64)
    return held


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
        self._later_rows = (
            np.zeros(0, dtype=np.int64) if self._later is None else np.sort(ids_of(self._later))
        )
        self._kept = _all_but(self._removed) if len(self._removed) else None
        self.dim: int = self._base.d

    def __len__(self) -> int:
        return int(self._base.ntotal) - len(self._removed) + len(self._later_rows)

    def rows(self) -> Rows:
        """The row numbers held, those of the base in insertion order, then the delta's."""
        base = ids_of(self._base)
        return np.concatenate([base[without(base, self._removed)], self._later_rows])

    def is_consistent(self) -> bool:
        """Whether the coarse index, where there is one, holds the same rows, and the base those that went."""
        base = set(ids_of(self._base).tolist())
        held = base if self._coarse is None else set(ids_of(self._coarse).tolist())
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
