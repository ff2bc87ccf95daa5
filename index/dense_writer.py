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
        self._stream.write(self._header(0))

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
        self._stream.write(self._header(len(rows)))
        self._stream.close()
        save_array(self._folder / ROWS, rows)

    def _header(self, count: int) -> bytes:
        import faiss

        return _header(_index(self._dim, faiss.ScalarQuantizer.QT_fp16), count)


class Ranges:
    """The least and the largest number of each place of a vector; what is kept a byte a number is one of 256 steps between.

    Args:
        dim: length of a vector.
        before: ranges to go on with, where vectors were kept so already: those vectors then stay as they are, but in
            places where a new one lies beyond.
    """

    def __init__(self, dim: int, before: tuple[Vectors, Vectors] | None = None) -> None:
        self._low, self._high = before or (
            np.full(dim, np.inf, dtype=np.float32),
            np.full(dim, -np.inf, dtype=np.float32),
        )
        # What was kept comes back from the middle of its step, which may lie beyond the range.
        self._step = np.float32(0) if before is None else (self._high - self._low) / 255

    def look(self, block: Vectors) -> None:
        """Take in some vectors, shape (n, dim)."""
        if len(block):
            least, largest = block.min(axis=0), block.max(axis=0)
            self._low = np.where(least < self._low - self._step, least, self._low)
            self._high = np.where(largest > self._high + self._step, largest, self._high)

    def quantizer(self) -> Any:
        """An empty FAISS index that keeps vectors so."""
        import faiss

        index = _index(len(self._low), faiss.ScalarQuantizer.QT_8bit)
        faiss.copy_array_to_vector(np.concatenate([self._low, self._high - self._low]), index.sq.trained)
        index.is_trained = True
        return index


def shorten(folder: Path, ranges: Ranges) -> None:
    """Keep a folder's vectors a byte a number from now on; whoever has mapped them goes on with those before.

    Raises:
        OSError: they could not be written whole.
    """
    vectors, quantizer = StoredVectors(folder), ranges.quantizer()
    short = folder / f".{VECTORS}.short"
    with short.open("xb") as stream:
        stream.write(_header(quantizer, len(vectors)))
        for start in range(0, len(vectors), _AT_ONCE):
            block = vectors.block(start, min(_AT_ONCE, len(vectors) - start))
            stream.write(quantizer.sa_encode(block).data)
    short.replace(folder / VECTORS)


def _index(dim: int, kind: int) -> Any:
    import faiss

    return faiss.IndexScalarQuantizer(dim, kind, faiss.METRIC_INNER_PRODUCT)


def _header(index: Any, count: int) -> bytes:
    """What a FAISS file of so many vectors begins with: all of an empty index but its codes, which come last."""
    import faiss

    index.ntotal = count
    written = bytes(faiss.serialize_index(index).tobytes())
    return written[:-8] + int(count * index.code_size).to_bytes(8, "little")
