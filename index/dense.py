"""The vector ranking: FAISS over the passages' vectors.

Vectors are unit length, so the inner product is the cosine. Ids are the store's
row numbers. Up to about a million passages the ranking is exact over half
precision (``IDMap2,SQfp16``): filters stay exact and rows can be taken out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.interfaces import Vectors

Rows = NDArray[np.int64]
FACTORY = "IDMap2,SQfp16"


def new_index(dim: int) -> Any:
    """An empty exact index for vectors of length ``dim``."""
    import faiss

    return faiss.index_factory(dim, FACTORY, faiss.METRIC_INNER_PRODUCT)


def read_index(path: Path) -> Any:
    """Read an index that will be changed and written elsewhere."""
    import faiss

    return faiss.read_index(str(path))


def write_index(index: Any, path: Path) -> None:
    """Write to a new file; a file that a process may have mapped is never overwritten."""
    import faiss

    if path.exists():
        raise FileExistsError(path)
    faiss.write_index(index, str(path))


def add(index: Any, rows: Rows, vectors: Vectors) -> None:
    """Add vectors, shape (n, dim), under their row numbers."""
    if not index.is_trained:
        index.train(vectors)
    index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), rows)


def remove(index: Any, rows: Rows) -> int:
    """Take rows out; how many were there."""
    import faiss

    return int(index.remove_ids(faiss.IDSelectorBatch(rows))) if len(rows) else 0


class DenseIndex:
    """A read-only vector index of a generation."""

    def __init__(self, path: Path) -> None:
        import faiss

        # One query is too little work to share: more threads only wait for each other.
        faiss.omp_set_num_threads(1)
        self._index: Any = faiss.read_index(str(path))
        self.dim: int = self._index.d

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self) -> Rows:
        """The row numbers held, in insertion order."""
        import faiss

        held: Rows = faiss.vector_to_array(self._index.id_map).astype(np.int64)
        return held

    def search(self, query: Vectors, depth: int, allowed: Rows | None = None) -> list[tuple[int, float]]:
        """The best ``depth`` rows for one query vector, shape (dim,): (row, cosine), best first.

        ``allowed`` restricts the search exactly. A zero query finds nothing.
        FAISS pads with -1; those are filtered here.
        """
        import faiss

        if not len(self) or not np.any(query) or (allowed is not None and not len(allowed)):
            return []
        parameters: Any = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(allowed, dtype=np.int64))
            make: Any = faiss.SearchParameters  # its stub knows no arguments
            parameters = make(sel=selector)
        scores, rows = self._index.search(
            np.ascontiguousarray(query[None, :], dtype=np.float32), min(depth, len(self)), params=parameters
        )
        pairs = [(int(r), float(s)) for r, s in zip(rows[0], scores[0], strict=True) if r >= 0]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def vectors(self, rows: Iterable[int]) -> Vectors:
        """The stored vectors of some rows, shape (n, dim), as float32."""
        wanted = list(rows)
        out: Vectors = np.empty((len(wanted), self.dim), dtype=np.float32)
        for place, row in enumerate(wanted):
            out[place] = self._index.reconstruct(row)
        return out
