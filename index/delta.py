"""What a generation holds beside its base files, so that one new document does not cost a whole index.

The base files (vectors, forward index, names) of a large generation are hard links to its predecessor's. What has
changed since they were written lies in the folder ``delta``: files of the same kinds with the rows that came, and
``removed.npy`` with the rows of the base that went. Once that is no longer little, a build writes new base files
with everything in them. (The lexical index needs none of this: tantivy's own segments work that way. The idea is the
log-structured merge tree's: O'Neil et al. 1996.)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.writing import save_array

Rows = NDArray[np.int64]
DELTA = "delta"
_REMOVED = "removed.npy"
#: A smaller base is written anew with every build: that takes no time, and leaves nothing to look after.
DELTA_FROM = 5_000
#: Rows that came and went, as a share of the base's, from which on the base is written anew.
_MERGED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Delta:
    """A generation's delta.

    Attributes:
        folder: where its files lie.
        removed: rows of the base files that are gone, ascending.
    """

    folder: Path
    removed: Rows

    @classmethod
    def of(cls, generation: Path) -> Delta | None:
        """The delta of a generation; ``None`` where its base files are all there is."""
        folder = generation / DELTA
        if not folder.is_dir():
            return None
        return cls(folder, np.load(folder / _REMOVED, allow_pickle=False))

    @classmethod
    def new(cls, generation: Path, removed: Rows) -> Delta:
        """Make the folder of a generation in the making."""
        folder = generation / DELTA
        folder.mkdir()
        rows = np.unique(removed)
        save_array(folder / _REMOVED, rows)
        return cls(folder, rows)


def is_little(base_rows: int, changed_rows: int) -> bool:
    """Whether so many rows, come and gone since the base was written, may stay beside it."""
    return base_rows >= DELTA_FROM and changed_rows <= _MERGED_SHARE * base_rows


def without(rows: Rows, removed: Rows) -> NDArray[np.bool_]:
    """Which of some rows are not among ``removed``, a mask of the same length."""
    kept: NDArray[np.bool_] = np.isin(rows, removed, invert=True)
    return kept
