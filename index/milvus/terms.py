"""The numbers that terms have in Milvus' sparse vectors, and in how many passages of a generation each stands.

Words and character n-grams share one table and one range of numbers, from 1; 0 stands for no term at all. A term is
kept as 64 bits of its hash: among a hundred million terms the chance that any two share one is below one in a
thousand. Three arrays beside each other in the folder ``terms``, ascending by hash: ``hashes`` (uint64), ``numbers``
(uint32) and ``counts`` (uint32). A number stays a term's as long as the collection lives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.writing import save_array

TERMS = "terms"
_HASHES, _NUMBERS, _COUNTS = "hashes.npy", "numbers.npy", "counts.npy"
Numbers = NDArray[np.uint32]


def term_hash(field: str, term: str) -> int:
    """64 bits of the hash of a term of ``words`` or ``characters``."""
    digest = hashlib.blake2b(f"{field}\0{term}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class TermTable:
    """A generation's terms, read-only and memory-mapped; safe to share between threads."""

    def __init__(
        self, hashes: NDArray[np.uint64], numbers: Numbers, counts: Numbers, *, remembered: int = 65_536
    ) -> None:
        self.hashes = hashes
        self.numbers = numbers
        self.counts = counts
        self._found = lru_cache(remembered)(self._find)

    @classmethod
    def empty(cls) -> TermTable:
        """One without any term."""
        none = np.zeros(0, dtype=np.uint32)
        return cls(np.zeros(0, dtype=np.uint64), none, none)

    @classmethod
    def open(cls, folder: Path) -> TermTable:
        """Open the table of a generation's folder."""
        arrays = [
            np.asarray(np.load(folder / TERMS / name, mmap_mode="r", allow_pickle=False))
            for name in (_HASHES, _NUMBERS, _COUNTS)
        ]
        if len({len(array) for array in arrays}) != 1:
            raise ValueError(f"{TERMS}: its arrays are not of one making")
        return cls(*arrays)

    def __len__(self) -> int:
        return len(self.hashes)

    def number(self, field: str, term: str) -> int:
        """A term's number; 0 where no passage ever held it."""
        return self._found(field, term)[0]

    def count(self, field: str, term: str) -> int:
        """In how many passages a term stands."""
        return self._found(field, term)[1]

    def _find(self, field: str, term: str) -> tuple[int, int]:
        wanted = np.uint64(term_hash(field, term))
        place = int(np.searchsorted(self.hashes, wanted))
        if place >= len(self.hashes) or self.hashes[place] != wanted:
            return 0, 0
        return int(self.numbers[place]), int(self.counts[place])


class TermWriter:
    """Numbers terms as they come, and counts the passages that hold them.

    Args:
        base: the table of the generation before, whose numbers stay.
    """

    def __init__(self, base: TermTable) -> None:
        self._base = base
        self._known: dict[str, _Numbers] = {}
        self._new: list[int] = []
        self._next = int(base.numbers.max()) + 1 if len(base) else 1
        self._counts = np.zeros(self._next, dtype=np.int64)
        self._counts[base.numbers] = base.counts

    def numbers(self, field: str, terms: Iterable[str]) -> list[int]:
        """The numbers of terms; new ones get theirs now."""
        if field not in self._known:
            self._known[field] = _Numbers(partial(self._numbered, field))
        return list(map(self._known[field].__getitem__, terms))

    def count(self, numbers: Sequence[int] | NDArray[Any], by: int = 1) -> None:
        """Count passages that hold terms; a number for each of a passage's different terms."""
        if not len(numbers):
            return
        highest = int(np.max(numbers))
        if highest >= len(self._counts):
            grown = np.zeros(max(highest + 1, 2 * len(self._counts)), dtype=np.int64)
            grown[: len(self._counts)] = self._counts
            self._counts = grown
        np.add.at(self._counts, np.asarray(numbers, dtype=np.int64), by)

    def write(self, folder: Path) -> None:
        """Write the three arrays into a new folder of ``folder``."""
        hashes = np.concatenate([self._base.hashes, np.asarray(self._new, dtype=np.uint64)])
        first = self._next - len(self._new)
        numbers = np.concatenate([self._base.numbers, np.arange(first, self._next, dtype=np.uint32)])
        order = np.argsort(hashes, kind="stable")
        hashes, numbers = hashes[order], numbers[order]
        if len(hashes) and (hashes[1:] == hashes[:-1]).any():
            raise ValueError("two terms share a hash")
        self.count([self._next - 1])  # makes room for all
        self.count([self._next - 1], by=-1)
        folder = folder / TERMS
        folder.mkdir()
        save_array(folder / _HASHES, hashes)
        save_array(folder / _NUMBERS, numbers.astype(np.uint32))
        save_array(folder / _COUNTS, self._counts[numbers].astype(np.uint32))

    def _numbered(self, field: str, term: str) -> int:
        number = self._base.number(field, term)
        if number:
            return number
        self._new.append(term_hash(field, term))
        self._next += 1
        return self._next - 1


class _Numbers(dict[str, int]):
    """The numbers of one field's terms that were asked for; a new term is numbered when it is."""

    def __init__(self, number: Callable[[str], int]) -> None:
        super().__init__()
        self._number = number

    def __missing__(self, term: str) -> int:
        number = self[term] = self._number(term)
        return number
