"""A prepared batch as rows of a collection: terms by their numbers, weights, and what lies beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.delta import Rows
from index.interfaces import Integers
from index.lexical import ATTRIBUTES, passage_ngrams
from index.milvus import fields
from index.milvus.filtering import NEVER
from index.milvus.terms import TermWriter
from index.milvus.weights import passage_weights
from index.preparing import HalfVectors, Prepared

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of n passages in one field.

    Attributes:
        numbers: the different ones of each passage, end to end.
        frequencies: how often each stands there.
        held: how many different ones each passage has, shape (n,).
        lengths: how many all together, shape (n,).
    """

    numbers: Integers
    frequencies: Integers
    held: Counts
    lengths: Counts

    @classmethod
    def of(cls, field: str, passages: list[list[str]], writer: TermWriter) -> Terms:
        """Number the terms of passages and count them."""
        numbers: list[int] = []
        frequencies: list[int] = []
        held = np.zeros(len(passages), dtype=np.int64)
        for place, terms in enumerate(passages):
            counted = Counter(terms)
            numbers += writer.numbers(field, counted)
            frequencies += counted.values()
            held[place] = len(counted)
        lengths = np.asarray([len(terms) for terms in passages], dtype=np.int64)
        made = cls(
            np.asarray(numbers, dtype=np.int32), np.asarray(frequencies, dtype=np.int32), held, lengths
        )
        writer.count(made.numbers)
        return made

    def vectors(self, mean: float) -> Iterator[dict[int, float]]:
        """Each passage's sparse vector."""
        weights = passage_weights(self.frequencies, np.repeat(self.lengths, self.held), mean).tolist()
        numbers = self.numbers.tolist()
        start = 0
        for size in self.held.tolist():
            yield dict(zip(numbers[start : start + size], weights[start : start + size], strict=True))
            start += size


@dataclass(frozen=True, slots=True)
class Numbered:
    """A batch of n passages whose terms have numbers; weights follow once the mean lengths are known."""

    rows: Rows
    documents: Counts
    vectors: HalfVectors
    tokens: Integers
    lengths: Counts
    words: Terms
    characters: Terms
    attributes: tuple[tuple[str | None, ...], ...]

    @classmethod
    def of(cls, batch: Prepared, writer: TermWriter) -> Numbered:
        """Number a batch's terms."""
        return cls(
            batch.rows,
            batch.documents,
            batch.vectors,
            batch.tokens,
            batch.lengths,
            Terms.of("words", [words.split() for words in batch.words], writer),
            Terms.of("characters", [passage_ngrams(plain) for plain in batch.characters], writer),
            batch.attributes,
        )

    def __len__(self) -> int:
        return len(self.rows)

    def entities(self, means: Mapping[str, float], change: int, *, is_lite: bool) -> Iterator[dict[str, Any]]:
        """Each passage as a row of the collection, there from ``change`` on."""
        words = self.words.vectors(means["words"])
        characters = self.characters.vectors(means["characters"])
        end = np.cumsum(self.lengths.sum(axis=1))
        for place, row in enumerate(self.rows.tolist()):
            one = {"words": next(words), "characters": next(characters)}
            context, body = self.lengths[place].tolist()
            tokens = self.tokens[end[place] - context - body : end[place]]
            yield {
                fields.ROW: row,
                fields.DOCUMENT: int(self.documents[place]),
                fields.ADDED: change,
                fields.REMOVED: NEVER,
                fields.DENSE: fields.written_vector(self.vectors[place], is_lite=is_lite),
                **{name: vector or fields.NOTHING for name, vector in one.items()},
                fields.TERMS: [*one["words"], *one["characters"]],
                fields.TOKENS: fields.written_tokens(tokens, context),
                **dict(zip(ATTRIBUTES, self.attributes[place], strict=True)),
            }

    def save(self, path: Path) -> None:
        """Write to a file, for `load`."""
        attributes = np.frombuffer(json.dumps(self.attributes).encode(), dtype=np.uint8)
        terms = {
            f"{name}_{part}": getattr(getattr(self, name), part)
            for name in fields.SPARSE
            for part in Terms.__slots__
        }
        plain = {name: getattr(self, name) for name in ("rows", "documents", "vectors", "tokens", "lengths")}
        with path.open("xb") as stream:
            np.savez(stream, attributes=attributes, **plain, **terms)

    @classmethod
    def load(cls, path: Path) -> Numbered:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as data:
            words, characters = (
                Terms(*(data[f"{name}_{part}"] for part in Terms.__slots__)) for name in fields.SPARSE
            )
            attributes = tuple(map(tuple, json.loads(data["attributes"].tobytes())))
            return cls(
                rows=data["rows"],
                documents=data["documents"],
                vectors=data["vectors"],
                tokens=data["tokens"],
                lengths=data["lengths"],
                words=words,
                characters=characters,
                attributes=attributes,
            )
