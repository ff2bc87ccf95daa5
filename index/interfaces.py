"""The seams of retrieval: what can be swapped, and what each part promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index.fusion import Ranking
from index.hits import Filters
from index.stages import Stopwatch

Vectors = NDArray[np.float32]
Integers = NDArray[np.int32]


@runtime_checkable
class Encoder(Protocol):
    """Turns text into unit-length float32 vectors.

    Queries and passages are encoded by different calls because many models
    want different prompts. Rows keep the input's order; an empty text gives a zero row.
    """

    @property
    def name(self) -> str:
        """The setting that names this encoder (``builtin``, a folder, a hub name)."""

    @property
    def revision(self) -> str:
        """Pins the exact weights: a content hash or a hub commit."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def prefixes(self) -> tuple[str, str]:
        """The prompts put before a query and before a passage."""

    @property
    def max_tokens(self) -> int | None:
        """The length limit in model tokens, ``None`` when there is none."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Model tokens per text, prompts included, before any truncation."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), L2-normalised."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), L2-normalised."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Tokens of several passages end to end.

    ``tokens[starts[i]:starts[i + 1]]`` are those of passage ``i``; ``body`` marks
    the ones that are not context. Passages without tokens hold one -1.
    """

    tokens: Integers
    starts: NDArray[np.int64]
    body: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sought:
    """What one question looks for; an input that is ``None`` is not asked.

    Attributes:
        words: terms of the question and their weights.
        characters: its character n-grams and their weights.
        vector: the encoder's vector of it, shape (dim,).
    """

    words: Mapping[str, float] | None = None
    characters: Mapping[str, float] | None = None
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What reranking needs of some passages, in the order asked for.

    Attributes:
        documents: the numbers of their documents (`index.forward.document_number`), shape (n,).
        vectors: the encoder's vectors of them, shape (n, dim).
        tokens: the static encoder's token rows.
    """

    documents: NDArray[np.int64]
    vectors: Vectors
    tokens: Gathered


class TokenStatistics(Protocol):
    """How the static encoder's tokens are spread over the passages."""

    @property
    def idf(self) -> NDArray[np.float32]:
        """Inverse document frequency of each token (BM25's form, never negative), shape (vocabulary,)."""

    @property
    def mean_body(self) -> float:
        """Mean number of tokens of a passage without its context."""


class UnavailableError(RuntimeError):
    """What holds the index does not answer just now; it may again, so nothing needs to be built."""


class PassageIndex(Protocol):
    """One generation's passages, wherever they lie: the seam between the engine and what holds the index.

    Passages are named by their rows, the store's row numbers. All calls are safe to make from several threads; where
    the index lies elsewhere, any of them may raise `UnavailableError`.
    """

    def __len__(self) -> int:
        """How many passages it holds."""

    @property
    def statistics(self) -> TokenStatistics:
        """Of the tokens that `fetch` gives."""

    def rankings(self, sought: Sought, depth: int, filters: Filters, watch: Stopwatch) -> dict[str, Ranking]:
        """Each asked input's best ``depth`` passages: ``words``, ``characters``, ``dense``, in this order.

        Args:
            sought: what is looked for.
            depth: passages of each ranking.
            filters: exact, applied inside every ranking.
            watch: told where the time goes, under the inputs' names.

        Returns:
            (row, score) of each, best first, ties by row; scores are BM25 and cosines.
        """

    def fetch(self, rows: Sequence[int]) -> Fetched:
        """What reranking needs of some passages.

        Raises:
            KeyError: it does not hold one of them.
        """

    def documents_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The numbers of several passages' documents, in the order given.

        Raises:
            KeyError: it does not hold one of them.
        """

    def document_frequency(self, field: str, term: str) -> int:
        """How many passages hold a term of ``words`` or ``characters``."""

    def count_all(self, terms: Mapping[str, Iterable[str]]) -> int:
        """How many passages hold every one of the terms of each field."""

    def problem(self) -> str:
        """Why it cannot answer just now, for people; empty when it can."""
