"""The vector ranking: FAISS over the passages' vectors.

Vectors are unit length, so the inner product is the cosine. ``vectors.faiss`` holds them all in half precision, those of
a large corpus a byte a number, in the order of their rows, and ``rows.npy`` the store's row number of each: a filter reads
exactly those that it allows. A large corpus has ``coarse.faiss`` beside them (`index.coarse`): a search there reads
some of the vectors, shortened, and the best of these are scored again with their whole vectors.

What came and went since these files were written lies in the generation's delta (`index.delta`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.delta import Delta, Rows
from index.interfaces import Vectors

VECTORS, ROWS, COARSE = "vectors.faiss", "rows.npy", "coarse.faiss"
#: So many times the depth are scored again, in a large index this share of its root, and no fewer than that: the more
#: vectors there are, the more of them shortened ones mistake for each other.
_AGAIN, _AGAIN_OF_ROOT, _AGAIN_AT_LEAST = 5, 1 / 45, 300
#: One vector in so many, or fewer, is fetched by its place; more are met while all are passed over.
_FETCHED_SHARE = 1_000


class StoredVectors:
    """Vectors, in half precision or a byte a number, and their rows, memory-mapped; places count from the first vector."""

    def __init__(self, folder: Path) -> None:
        #: FAISS's, a vector's place its id.
        self.index = mapped(folder / VECTORS)
        self.rows: Rows = np.asarray(np.load(folder / ROWS, mmap_mode="r", allow_pickle=False))
        self.dim: int = self.index.d
        if len(self.rows) != self.index.ntotal:
            raise ValueError(f"{ROWS} holds {len(self.rows)} rows, {VECTORS} {self.index.ntotal} vectors")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ranges(self) -> tuple[Vectors, Vectors] | None:
        """The least and the largest number of each place, shape (dim,) each, where a byte says what is between."""
        import faiss

        if self.index.sq.qtype != faiss.ScalarQuantizer.QT_8bit:
            return None
        least, span = faiss.vector_to_array(self.index.sq.trained).reshape(2, -1)
        return least, least + span

    def holds(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of some rows are here."""
        held: NDArray[np.bool_] = np.isin(rows, self.rows)
        return held

    def mask(self, rows: Rows) -> NDArray[np.bool_]:
        """Which places hold one of some rows, ascending; shape (n,)."""
        places = np.searchsorted(self.rows, rows)
        there = places < len(self.rows)
        there[there] = self.rows[places[there]] == rows[there]
        marked = np.zeros(len(self.rows), dtype=bool)
        marked[places[there]] = True
        return marked

    def places(self, rows: Rows) -> NDArray[np.int64]:
        """Where some rows stand.

        Raises:
            KeyError: one of them is not here.
        """
        found = np.searchsorted(self.rows, rows)
        missing = found >= len(self.rows)
        missing[~missing] = self.rows[found[~missing]] != rows[~missing]
        if missing.any():
            raise KeyError(int(rows[missing][0]))
        return found

    def take(self, places: NDArray[np.int64]) -> Vectors:
        """The vectors in some places, shape (n, dim), as float32."""
        vectors: Vectors = self.index.reconstruct_batch(np.ascontiguousarray(places, dtype=np.int64))
        return vectors

    def block(self, start: int, size: int) -> Vectors:
        """So many vectors from a place on, shape (size, dim), as float32."""
        vectors: Vectors = self.index.reconstruct_n(start, size)
        return vectors

    def best(
        self, asked: Vectors, depth: int, mask: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """The exact best of all, or of those that a mask marks: (row, cosine)."""
        if mask is None:
            return self.named(_ranked(self.index, asked, depth, None))
        places = np.flatnonzero(mask)
        if len(places) * _FETCHED_SHARE > len(self):
            return self.named(_ranked(self.index, asked, depth, _only(mask)))
        return self.scored(places, asked, depth)

    def scored(self, places: NDArray[np.int64], asked: Vectors, depth: int) -> list[tuple[int, float]]:
        """The best among some places by their whole vectors: (row, cosine)."""
        if not len(places):
            return []
        scores = self.take(places) @ asked[0]
        best = np.argsort(-scores, kind="stable")[:depth]
        return list(zip(self.rows[places[best]].tolist(), scores[best].tolist(), strict=True))

    def named(self, found: tuple[NDArray[np.int64], Vectors]) -> list[tuple[int, float]]:
        """Rows instead of places."""
        places, scores = found
        return list(zip(self.rows[places].tolist(), scores.tolist(), strict=True))


class DenseIndex:
    """A read-only vector index of a generation, given the generation's folder; whole vectors are memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self._base = StoredVectors(folder)
        self._coarse = Coarse(mapped(folder / COARSE), self._base) if (folder / COARSE).exists() else None
        delta = Delta.of(folder)
        self._removed = np.zeros(0, dtype=np.int64) if delta is None else delta.removed
        self._later = None if delta is None else StoredVectors(delta.folder)
        #: Which places of the base still count; ``None`` for all.
        self._kept = None if not len(self._removed) else ~self._base.mask(self._removed)
        self.dim = self._base.dim

    def __len__(self) -> int:
        later = 0 if self._later is None else len(self._later)
        return len(self._base) - len(self._removed) + later

    def rows(self) -> Rows:
        """The row numbers held, those of the base in order, then the delta's."""
        base = self._base.rows if self._kept is None else self._base.rows[self._kept]
        return base if self._later is None else np.concatenate([base, self._later.rows])

    def is_consistent(self) -> bool:
        """Whether the base holds the rows that went."""
        return bool(self._base.holds(self._removed).all())

    def search(self, query: Vectors, depth: int, allowed: Rows | None = None) -> list[tuple[int, float]]:
        """The best ``depth`` rows for one query vector, shape (dim,): (row, cosine), best first.

        ``allowed`` restricts the search exactly. A zero query finds nothing.
        """
        import faiss

        if depth <= 0 or not len(self) or not np.any(query) or (allowed is not None and not len(allowed)):
            return []
        # One query is too little work to share: more threads only wait for each other. Each thread counts its own.
        faiss.omp_set_num_threads(1)
        asked = np.ascontiguousarray(query[None, :], dtype=np.float32)
        found = self._search_base(asked, depth, allowed)
        if self._later is not None:
            mask = None if allowed is None else self._later.mask(allowed)
            found += self._later.best(asked, depth, mask)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:depth]

    def _search_base(self, asked: Vectors, depth: int, allowed: Rows | None) -> list[tuple[int, float]]:
        if allowed is not None:
            mask = self._base.mask(allowed)
            return self._base.best(asked, depth, mask if self._kept is None else mask & self._kept)
        if self._coarse is None:
            return self._base.best(asked, depth, self._kept)
        return self._coarse.best(asked, depth, self._kept)

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The stored vectors of some rows, shape (n, dim), as float32.

        Raises:
            KeyError: one of them is not here.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        if self._later is None:
            return self._base.take(self._base.places(wanted))
        later = self._later.holds(wanted)
        out = np.empty((len(wanted), self.dim), dtype=np.float32)
        out[later] = self._later.take(self._later.places(wanted[later]))
        out[~later] = self._base.take(self._base.places(wanted[~later]))
        return out


class Coarse:
    """Shortened vectors in inverted lists (`index.coarse`), many times faster than all whole vectors, and nearly as good.

    What it finds is scored again with the whole vectors (FAISS's refinement, which decodes only what it compares).
    """

    def __init__(self, index: Any, vectors: StoredVectors) -> None:
        """Join the two.

        Args:
            index: FAISS's, a transformation before inverted lists whose ids are places of ``vectors``.
            vectors: the whole vectors.

        Raises:
            ValueError: they do not hold equally many.
        """
        import faiss

        if index.ntotal != len(vectors):
            raise ValueError(f"{COARSE} holds {index.ntotal} vectors, {VECTORS} {len(vectors)}")
        self._index = index
        self._vectors = vectors
        self._probes: int = faiss.extract_index_ivf(index).nprobe
        self._refined: Any = faiss.IndexRefine(index, vectors.index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def best(
        self, asked: Vectors, depth: int, mask: NDArray[np.bool_] | None = None, probes: int = 0
    ) -> list[tuple[int, float]]:
        """About the best ``depth`` of all, or of those that a mask marks: (row, cosine), the cosines exact.

        ``probes`` is how many lists are read, 0 for as many as was found best when the index was made.
        """
        import faiss

        chosen = None if mask is None else _selector(mask)
        lists: Any = faiss.SearchParametersIVF  # their stubs know no arguments
        before: Any = faiss.SearchParametersPreTransform
        refined: Any = faiss.IndexRefineSearchParameters
        depth = max(1, min(depth, len(self)))
        parameters = refined(
            k_factor=max(_AGAIN, _AGAIN_OF_ROOT * math.sqrt(len(self)), _AGAIN_AT_LEAST / depth),
            base_index_params=before(index_params=lists(nprobe=probes or self._probes, sel=chosen)),
        )
        return self._vectors.named(_ranked(self._refined, asked, depth, parameters))


def mapped(path: Path) -> Any:
    """A FAISS index whose vectors stay in the file; it is read-only. Product-quantised lists are read into memory."""
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def _only(mask: NDArray[np.bool_]) -> Any:
    import faiss

    make: Any = faiss.SearchParameters  # its stub knows no arguments
    return make(sel=_selector(mask))


def _selector(mask: NDArray[np.bool_]) -> Any:
    import faiss

    make: Any = faiss.IDSelectorBitmap  # its stub wants the length that Python's wrapper takes from the array
    return make(np.packbits(mask, bitorder="little"))


def _ranked(
    index: Any, asked: Vectors, depth: int, parameters: Any | None
) -> tuple[NDArray[np.int64], Vectors]:
    """What FAISS finds: places and scores. It pads with -1; those are left out."""
    scores, places = index.search(asked, max(1, min(depth, index.ntotal)), params=parameters)
    found = places[0] >= 0
    return places[0][found], scores[0][found]
