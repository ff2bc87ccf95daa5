"""Writing the forward index (`index.forward`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.delta import Rows, without
from index.forward import COUNTS, FORWARD, PLACES, TOKENS, ForwardIndex, Tokens
from index.interfaces import Integers
from index.preparing import Prepared
from index.writing import save_array

_AT_ONCE = 20_000


class ForwardWriter:
    """Collects passages; `write` makes the files."""

    def __init__(self, vocabulary: int) -> None:
        self._kind = np.dtype(np.uint16 if vocabulary <= 1 << 16 else np.int32)
        self._tokens: list[Tokens] = []
        self._places: list[NDArray[np.int64]] = []
        self._counts = np.zeros(vocabulary, dtype=np.int64)
        self._length = 0

    def copy(self, base: ForwardIndex, removed: Rows, *, delta_only: bool = False) -> None:
        """Start from another generation, less some rows; ``delta_only`` takes of its passages the delta's alone."""
        self._counts += base.counts - base.occurrences(removed)
        rows = base.delta_rows if delta_only else base.rows
        kept = rows[without(rows, removed)]
        for start in range(0, len(kept), _AT_ONCE):
            self._append(*base.cut_out(kept[start : start + _AT_ONCE]))

    def add(self, batch: Prepared) -> None:
        """Add a batch's token rows."""
        held = batch.lengths.sum(axis=1)
        places = np.column_stack([batch.rows, np.cumsum(held) - held, batch.lengths, batch.documents])
        self._append(places, batch.tokens)
        self._counts[batch.kinds] += batch.occurrences

    def _append(self, places: NDArray[np.int64], tokens: Integers) -> None:
        """Places whose first tokens count from the start of ``tokens``."""
        self._places.append(places + np.asarray([0, self._length, 0, 0, 0]))
        self._tokens.append(tokens.astype(self._kind, copy=False))
        self._length += len(tokens)

    def write(self, folder: Path) -> None:
        """Write the three arrays, passages in row order of the store, into a new folder ``forward`` of ``folder``."""
        folder = folder / FORWARD
        folder.mkdir()
        tokens = np.concatenate(self._tokens) if self._tokens else np.zeros(0, dtype=self._kind)
        places = np.concatenate(self._places) if self._places else np.zeros((0, 5), dtype=np.int64)
        save_array(folder / TOKENS, tokens)
        save_array(folder / PLACES, places[np.argsort(places[:, 0])])
        save_array(folder / COUNTS, self._counts)
