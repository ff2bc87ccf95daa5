"""The forward index: each passage as the static encoder's token rows, for reranking.

Two memory-mapped arrays a generation: ``tokens`` (all rows of all passages, the
context's before the passage's own) and ``places`` with one line a passage:
store row, first token, tokens of the context, tokens of the text, a number for
the document. ``counts`` holds in how many passages each token stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.writing import save_array

Integers = NDArray[np.int32]
_TOKENS, _PLACES, _COUNTS = "tokens.npy", "places.npy", "counts.npy"
#: A passage's tokens beyond this many are left out of reranking (never out of encoding).
_MAX_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Gathered:
    """Tokens of several passages end to end.

    ``tokens[starts[i]:starts[i + 1]]`` are those of passage ``i``; ``body`` marks
    the ones that are not context. Passages without tokens hold one -1.
    """

    tokens: Integers
    starts: NDArray[np.int64]
    body: NDArray[np.bool_]


def document_number(document_id: str) -> int:
    """A document's id as a 63-bit number, the same in every generation."""
    return int.from_bytes(hashlib.blake2b(document_id.encode(), digest_size=8).digest()) >> 1


class ForwardWriter:
    """Collects passages; `write` makes the files."""

    def __init__(self, vocabulary: int) -> None:
        self._tokens: list[Integers] = []
        self._places: list[NDArray[np.int64]] = []
        self._counts = np.zeros(vocabulary, dtype=np.int64)
        self._length = 0

    def copy(self, base: ForwardIndex, removed: Iterable[int]) -> None:
        """Start from another generation's files, less some rows."""
        gone = np.isin(base.rows, np.fromiter(removed, dtype=np.int64))
        kept = base.rows[~gone]
        for row in kept.tolist():
            context, body = base.tokens_of(row)
            self.add(row, base.document_of(row), context, body)

    def add(self, row: int, document: int, context: Integers, body: Integers) -> None:
        """Add one passage's token rows; ``document`` is `document_number` of its document's id."""
        head = context[: _MAX_TOKENS // 4]
        tokens = np.concatenate([head, body[: _MAX_TOKENS - len(head)]]).astype(np.int32)
        self._tokens.append(tokens)
        place = (row, self._length, len(head), len(tokens) - len(head), document)
        self._places.append(np.asarray(place, dtype=np.int64))
        self._length += len(tokens)
        self._counts[np.unique(tokens)] += 1

    def write(self, folder: Path) -> None:
        """Write the three arrays, passages in row order of the store."""
        folder.mkdir()
        tokens = np.concatenate(self._tokens) if self._tokens else np.zeros(0, dtype=np.int32)
        places = np.stack(self._places) if self._places else np.zeros((0, 5), dtype=np.int64)
        save_array(folder / _TOKENS, tokens)
        save_array(folder / _PLACES, places[np.argsort(places[:, 0])])
        save_array(folder / _COUNTS, self._counts)


class ForwardIndex:
    """Read-only and memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self._tokens: Integers = np.load(folder / _TOKENS, mmap_mode="r", allow_pickle=False)
        places = np.load(folder / _PLACES, mmap_mode="r", allow_pickle=False)
        self._places: NDArray[np.int64] = places
        self.rows: NDArray[np.int64] = np.ascontiguousarray(places[:, 0])
        counts = np.load(folder / _COUNTS, allow_pickle=False)
        size = max(1, len(places))
        #: Inverse document frequency of each token (BM25's form, never negative).
        self.idf: NDArray[np.float32] = np.log1p((size - counts + 0.5) / (counts + 0.5)).astype(np.float32)
        self.mean_body = float(places[:, 3].mean()) if len(places) else 1.0

    def __len__(self) -> int:
        return len(self.rows)

    def tokens_of(self, row: int) -> tuple[Integers, Integers]:
        """One passage's token rows: (context, text)."""
        _, start, context, body, _ = self._place(row)
        tokens = self._tokens[start : start + context + body]
        return tokens[:context], tokens[context:]

    def document_of(self, row: int) -> int:
        """The number of the passage's document."""
        return self._place(row)[4]

    def documents_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The numbers of several passages' documents, in the order given."""
        documents: NDArray[np.int64] = self._places[self._found(rows), 4]
        return documents

    def _found(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """Where several rows stand; a row that is not there is an error."""
        wanted = np.asarray(rows, dtype=np.int64)
        places = np.searchsorted(self.rows, wanted)
        there = places < len(self.rows)
        there[there] = self.rows[places[there]] == wanted[there]
        if not there.all():
            raise KeyError(int(wanted[~there][0]))
        return places

    def _place(self, row: int) -> tuple[int, ...]:
        place = int(np.searchsorted(self.rows, row))
        if place >= len(self.rows) or self.rows[place] != row:
            raise KeyError(row)
        return tuple(self._places[place].tolist())

    def gather(self, rows: Sequence[int]) -> Gathered:
        """The tokens of several passages, end to end, in the order given."""
        _, first, context, body, _ = self._places[self._found(rows)].T
        held = context + body
        lengths = np.maximum(held, 1)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(int(starts[-1])) - np.repeat(starts[:-1], lengths)
        tokens = np.full(len(within), -1, dtype=np.int32)
        there = within < np.repeat(held, lengths)
        tokens[there] = self._tokens[(np.repeat(first, lengths) + within)[there]]
        return Gathered(tokens, starts, within >= np.repeat(context, lengths))
