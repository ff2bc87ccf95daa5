"""The forward index: each passage as the static encoder's token rows, for reranking.

Two memory-mapped arrays a generation: ``tokens`` (all rows of all passages, the
context's before the passage's own, in two bytes each where the vocabulary allows) and ``places`` with one line a passage:
store row, first token, tokens of the context, tokens of the text, a number for
the document. ``counts`` holds in how many passages each token stands. What came since these were written
lies in the generation's delta (`index.delta`), whose ``counts`` are those of both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from index.delta import Delta, Rows, without
from index.interfaces import Gathered, Integers

FORWARD = "forward"
TOKENS, PLACES, COUNTS = "tokens.npy", "places.npy", "counts.npy"
Tokens = NDArray[np.integer]


def document_number(document_id: str) -> int:
    """A document's id as a 63-bit number, the same in every generation."""
    return int.from_bytes(hashlib.blake2b(document_id.encode(), digest_size=8).digest()) >> 1


def token_idf(counts: NDArray[np.int64], passages: int) -> NDArray[np.float32]:
    """Inverse document frequency of each token (BM25's form, never negative), of how many passages hold it."""
    idf: NDArray[np.float32] = np.log1p((max(1, passages) - counts + 0.5) / (counts + 0.5)).astype(np.float32)
    return idf


def link(base: Path, generation: Path) -> None:
    """Hard links of one generation's base files in another, in the making."""
    (generation / FORWARD).mkdir()
    for name in (TOKENS, PLACES, COUNTS):
        os.link(base / FORWARD / name, generation / FORWARD / name)


class ForwardIndex:
    """Read-only and memory-mapped, given the generation's folder."""

    def __init__(self, folder: Path) -> None:
        self._tokens: Tokens = _mapped(folder, TOKENS)
        self._later: Tokens = np.zeros(0, dtype=self._tokens.dtype)
        self._later.flags.writeable = False  # as those of a file are
        self._places: NDArray[np.int64] = _mapped(folder, PLACES)
        self.delta_rows: Rows = np.zeros(0, dtype=np.int64)
        delta = Delta.of(folder)
        if delta is not None:
            self._add(delta)
        self.rows: Rows = np.ascontiguousarray(self._places[:, 0])
        counts = (folder if delta is None else delta.folder) / FORWARD / COUNTS
        #: In how many passages each token stands.
        self.counts: NDArray[np.int64] = np.load(counts, allow_pickle=False)
        #: Inverse document frequency of each token.
        self.idf = token_idf(self.counts, len(self.rows))
        self.mean_body = float(self._places[:, 3].mean()) if len(self.rows) else 1.0

    def _add(self, delta: Delta) -> None:
        """The delta's passages among the base's; their first tokens count on from the end of the base's."""
        self._later = _mapped(delta.folder, TOKENS)
        later = np.load(delta.folder / FORWARD / PLACES, allow_pickle=False)
        self.delta_rows = np.ascontiguousarray(later[:, 0])
        kept = self._places[without(self._places[:, 0], delta.removed)]
        places = np.concatenate([kept, later + np.asarray([0, len(self._tokens), 0, 0, 0])])
        self._places = places[np.argsort(places[:, 0], kind="stable")]

    def __len__(self) -> int:
        return len(self.rows)

    def tokens_of(self, row: int) -> tuple[Integers, Integers]:
        """One passage's token rows: (context, text)."""
        _, start, context, body, _ = self._place(row)
        tokens = self._taken(np.arange(start, start + context + body))
        return tokens[:context], tokens[context:]

    def document_of(self, row: int) -> int:
        """The number of the passage's document."""
        return self._place(row)[4]

    def documents_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The numbers of several passages' documents, in the order given."""
        documents: NDArray[np.int64] = self._places[self._found(rows), 4]
        return documents

    def _taken(self, at: NDArray[np.int64]) -> Integers:
        """Tokens by their places, counted through the base's and on through the delta's."""
        later = at >= len(self._tokens)
        if not later.any():
            return self._tokens[at].astype(np.int32, copy=False)
        taken = np.empty(len(at), dtype=np.int32)
        taken[~later] = self._tokens[at[~later]]
        taken[later] = self._later[at[later] - len(self._tokens)]
        return taken

    def _found(self, rows: Sequence[int] | Rows) -> NDArray[np.int64]:
        """Where several rows stand; a row that is not there is an error."""
        wanted = np.asarray(rows, dtype=np.int64)
        places = np.searchsorted(self.rows, wanted)
        there = places < len(self.rows)
        there[there] = self.rows[places[there]] == wanted[there]
        if not there.all():
            raise KeyError(int(wanted[~there][0]))
        return places

    def _place(self, row: int) -> tuple[int, ...]:
        return tuple(self._places[self._found([row])[0]].tolist())

    def cut_out(self, rows: Rows) -> tuple[NDArray[np.int64], Integers]:
        """Several passages' lines, their first tokens counted from the start of the tokens that come with them."""
        places = self._places[self._found(rows)]
        lengths = places[:, 2] + places[:, 3]
        starts = np.cumsum(lengths) - lengths
        at = np.arange(int(lengths.sum())) + np.repeat(places[:, 1] - starts, lengths)
        places[:, 1] = starts
        return places, self._taken(at)

    def occurrences(self, rows: Rows) -> NDArray[np.int64]:
        """In how many of some passages each token stands, shape (vocabulary,)."""
        places, tokens = self.cut_out(rows)
        passage = np.repeat(np.arange(len(places)), places[:, 2] + places[:, 3])
        each = np.unique(passage * len(self.counts) + tokens)
        counted: NDArray[np.int64] = np.bincount(each % len(self.counts), minlength=len(self.counts))
        return counted

    def gather(self, rows: Sequence[int]) -> Gathered:
        """The tokens of several passages, end to end, in the order given."""
        _, first, context, body, _ = self._places[self._found(rows)].T.copy()
        return Gathered(*_end_to_end(self._tokens, self._later, first, context, body))


@compiled
def _end_to_end(
    tokens: Tokens,
    later: Tokens,
    first: NDArray[np.int64],
    context: NDArray[np.int64],
    body: NDArray[np.int64],
) -> tuple[Integers, NDArray[np.int64], NDArray[np.bool_]]:
    """What `Gathered` holds, of passages whose first tokens count through ``tokens`` and on through ``later``."""
    starts = np.zeros(len(first) + 1, dtype=np.int64)
    for passage in range(len(first)):
        starts[passage + 1] = starts[passage] + max(1, context[passage] + body[passage])
    gathered = np.full(starts[-1], -1, dtype=np.int32)
    texts = np.ones(starts[-1], dtype=np.bool_)
    for passage in range(len(first)):
        start = starts[passage]
        texts[start : start + context[passage]] = False
        for at in range(context[passage] + body[passage]):
            place = first[passage] + at
            gathered[start + at] = tokens[place] if place < len(tokens) else later[place - len(tokens)]
    return gathered, starts, texts


def _mapped(folder: Path, name: str) -> NDArray[Any]:
    """A file's numbers as a plain array over it: numpy's own class for that costs time with every slice."""
    return np.asarray(np.load(folder / FORWARD / name, mmap_mode="r", allow_pickle=False))
