"""What any index takes: a batch of passages encoded, segmented and tokenized, and what a writer of batches promises.

`prepare` depends on nothing but its arguments, so that batches can be made in any order and by several processes;
a `BatchWriter` takes them in row order, whatever engine it writes for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.segment import Segmenter
from corpus.store import StoredPassage
from index import corpus_sum
from index.counting_kernel import occurrences
from index.delta import Rows
from index.encoders import StaticEncoder
from index.forward import document_number
from index.interfaces import Encoder, Integers
from index.lexical import ATTRIBUTES, skeleton

HalfVectors = NDArray[np.float16]
#: A passage's tokens beyond this many are left out of reranking (never out of encoding).
MAX_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Prepared:
    """One batch of n passages in row order; the i-th entry of everything is the i-th passage's.

    Attributes:
        rows: the store's row numbers, shape (n,), ascending.
        passage_ids: their stable ids.
        vectors: unit length, in the half precision that indexes store, shape (n, dim).
        words: the terms of context and text, in order, with a space between two.
        characters: the `skeleton` that character n-grams are taken from.
        tokens: the static encoder's token rows of all passages, end to end, each one's context before its text.
        lengths: how many of them are the context's and how many the text's, shape (n, 2).
        kinds: the different ones among ``tokens``, ascending.
        occurrences: in how many of these passages each of ``kinds`` stands.
        documents: `document_number` of each one's document, shape (n,).
        attributes: the values that filters ask for, as text or ``None``, in the order of `ATTRIBUTES`.
        truncated: the rows of passages that the encoder had to cut.
        total: `index.corpus_sum` of these passages, as a number.
    """

    rows: Rows
    passage_ids: tuple[str, ...]
    vectors: HalfVectors
    words: tuple[str, ...]
    characters: tuple[str, ...]
    tokens: Integers
    lengths: NDArray[np.int64]
    kinds: Integers
    occurrences: NDArray[np.int64]
    documents: NDArray[np.int64]
    attributes: tuple[tuple[str | None, ...], ...]
    truncated: tuple[int, ...]
    total: int

    def __len__(self) -> int:
        return len(self.rows)


class BatchWriter(Protocol):
    """Takes prepared batches into an index in the making; nothing is searched before `finish`."""

    def add(self, batch: Prepared) -> None:
        """Take a batch; its rows are above those of every batch before."""

    def remove(self, rows: Rows) -> None:
        """Take rows of the index that it started from out; before the first `add`."""

    def finish(self) -> None:
        """Write what was collected and wait until it is on its medium.

        Raises:
            OSError: it could not be written whole.
        """


def passage_input(stored: StoredPassage) -> str:
    """The text that stands for a passage in the encoder: its context, then itself."""
    return f"{stored.context}\n{stored.passage.text}" if stored.context else stored.passage.text


def prepare(
    batch: Sequence[StoredPassage], encoder: Encoder | None, lexicon: StaticEncoder, segmenter: Segmenter
) -> Prepared:
    """All that an index keeps of some passages.

    Args:
        batch: passages in row order.
        encoder: makes the vectors; ``None`` leaves that to `encoded`.
        lexicon: makes the token rows; where it is the encoder, each text is tokenized once.
        segmenter: cuts the words.
    """
    parts = _token_rows(batch, lexicon)
    tokens, lengths = _bounded(parts)
    counts = occurrences(tokens, np.cumsum(lengths.sum(axis=1)), len(lexicon.vectors))
    kinds = np.flatnonzero(counts).astype(np.int32)
    words, characters = _terms(batch, segmenter)
    made = Prepared(
        rows=np.asarray([stored.row for stored in batch], dtype=np.int64),
        passage_ids=tuple(stored.passage.passage_id for stored in batch),
        vectors=np.zeros((len(batch), 0), dtype=np.float16),
        words=words,
        characters=characters,
        tokens=tokens,
        lengths=lengths,
        kinds=kinds,
        occurrences=counts[kinds],
        documents=np.asarray([document_number(s.passage.document_id) for s in batch], dtype=np.int64),
        attributes=tuple(_attributes(stored) for stored in batch),
        truncated=(),
        total=corpus_sum.total(batch),
    )
    if encoder is lexicon:
        return replace(made, vectors=_pooled(parts, lexicon))
    return made if encoder is None else encoded(made, [passage_input(stored) for stored in batch], encoder)


def encoded(batch: Prepared, texts: Sequence[str], encoder: Encoder) -> Prepared:
    """A batch with vectors, made from each passage's `passage_input`."""
    limit = encoder.max_tokens
    counts = encoder.count_tokens(texts) if limit is not None else ()
    cut = tuple(row for row, count in zip(batch.rows.tolist(), counts, strict=False) if count > (limit or 0))
    return replace(batch, vectors=encoder.encode_passages(texts).astype(np.float16), truncated=cut)


def _token_rows(batch: Sequence[StoredPassage], lexicon: StaticEncoder) -> list[tuple[Integers, Integers]]:
    """Each passage's token rows: (context, text); a context that several share is tokenized once."""
    contexts = list(dict.fromkeys(stored.context for stored in batch))
    known = dict(zip(contexts, lexicon.rows(contexts), strict=True))
    bodies = lexicon.rows([stored.passage.text for stored in batch])
    return [(known[stored.context], body) for stored, body in zip(batch, bodies, strict=True)]


def _terms(batch: Sequence[StoredPassage], segmenter: Segmenter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Each passage's terms and skeleton, its context's before its text's: nothing reaches over the line's end between."""
    contexts = list(dict.fromkeys(stored.context for stored in batch))
    heads = dict(zip(contexts, segmenter.joined_terms(contexts), strict=True))
    letters = {context: skeleton(context) for context in contexts}
    bodies = segmenter.joined_terms([stored.passage.text for stored in batch])
    words = (
        " ".join(filter(None, (heads[stored.context], body)))
        for stored, body in zip(batch, bodies, strict=True)
    )
    characters = (letters[stored.context] + skeleton(stored.passage.text) for stored in batch)
    return tuple(words), tuple(characters)


def _bounded(parts: Sequence[tuple[Integers, Integers]]) -> tuple[Integers, NDArray[np.int64]]:
    """All tokens end to end, no passage's more than `MAX_TOKENS`, of them at most a quarter its context's."""
    lengths = np.zeros((len(parts), 2), dtype=np.int64)
    kept = []
    for place, (context, body) in enumerate(parts):
        head = context[: MAX_TOKENS // 4]
        tail = body[: MAX_TOKENS - len(head)]
        lengths[place] = len(head), len(tail)
        kept += [head, tail]
    tokens = np.concatenate(kept) if kept else np.zeros(0)
    return tokens.astype(np.int32, copy=False), lengths


def _pooled(parts: Sequence[tuple[Integers, Integers]], lexicon: StaticEncoder) -> HalfVectors:
    """The vector of each whole passage."""
    ends = np.cumsum([len(context) + len(body) for context, body in parts], dtype=np.int64)
    rows = np.concatenate(list(chain.from_iterable(parts))) if parts else np.zeros(0, dtype=np.int32)
    return lexicon.vectors.pooled(rows, ends).astype(np.float16)


def _attributes(stored: StoredPassage) -> tuple[str | None, ...]:
    passage, case = stored.passage, stored.case
    values: dict[str, object] = {"document_id": passage.document_id}
    if case is not None:
        values |= {
            "case_id": case.case_id,
            "province": case.province,
            "year_be": case.year_be,
            "kind": case.kind,
            "award": case.award,
        }
    found = (values.get(name) for name in ATTRIBUTES)
    return tuple(None if value is None else str(value) for value in found)
