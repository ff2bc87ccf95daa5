"""Writing the vector ranking's files (`index.dense`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from index.delta import Delta, Rows
from index.dense import ROWS, VECTORS, StoredVectors
from index.interfaces import Vectors
from index.preparing import HalfVectors
from index.writing import save_array

_AT_ONCE = 20_000


class DenseWriter:
    """Writes vectors to their file as they come, so that memory does not grow with them; `finish` makes it whole.

    Args:
        folder: where to write; nothing is overwritten there.
        dim: length of a vector.

    Raises:
        FileExistsError: the file is there already; a process may have mapped it.
        OSError: something could not be written (of any call).
    """

    def __init__(self, folder: Path, dim: int) -> None:
        self._folder, self._dim = folder, dim
        self._rows: list[Rows] = []
        self._last = -1
        self._stream = (folder / VECTORS).open("xb")
        self._stream.write(_header(dim, 0))

    def close(self) -> None:
        """Let go of the file; harmless after `finish`."""
        self._stream.close()

    def add(self, rows: Rows, vectors: Vectors | HalfVectors) -> None:
        """Add vectors, shape (n, dim), under their row numbers, which ascend from call to call."""
        if not len(rows):
            return
        if rows[0] <= self._last or (np.diff(rows) <= 0).any():
            raise ValueError("rows must ascend")
        if vectors.shape != (len(rows), self._dim):
            raise ValueError(f"vectors of shape {vectors.shape} for {len(rows)} rows of {self._dim}")
        self._last = int(rows[-1])
        self._rows.append(rows)
        self._stream.write(np.ascontiguousarray(vectors, dtype="<f2").data)

    def copy(self, generation: Path, removed: Rows, *, delta_only: bool = False) -> None:
        """Start from another generation, less some rows; ``delta_only`` takes of its vectors the delta's alone."""
        delta = Delta.of(generation)
        if not delta_only:
            gone = removed if delta is None else np.union1d(removed, delta.removed)
            self._copy(StoredVectors(generation), gone)
        if delta is not None:
            self._copy(StoredVectors(delta.folder), removed)

    def _copy(self, source: StoredVectors, gone: Rows) -> None:
        places = np.flatnonzero(~source.mask(gone))
        for start in range(0, len(places), _AT_ONCE):
            part = places[start : start + _AT_ONCE]
            self.add(source.rows[part], source.take(part))

    def finish(self) -> None:
        """Make the files whole."""
        rows = np.concatenate(self._rows) if self._rows else np.zeros(0, dtype=np.int64)
        self._stream.seek(0)
        self._stream.write(_header(self._dim, len(rows)))
        self._stream.close()
        save_array(self._folder / ROWS, rows)


def _header(dim: int, count: int) -> bytes:
    """What a FAISS file of so many half-precision vectors begins with: all of an index but its codes, which come last."""
    import faiss

    index: Any = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.ntotal = count
    written = faiss.serialize_index(index).tobytes()
    return bytes(written[:-8]) + (count * dim * 2).to_bytes(8, "little")
