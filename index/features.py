"""What a reranker looks at: one row of numbers for each candidate passage of a question.

All of it is computed from the forward index and the static token vectors, for
some dozens of candidates at once, in a few milliseconds:

- the three inputs' normalised scores and the cosine,
- BM25 again with k1 = 0.9, b = 0.4 (better on short passages than tantivy's constants),
- the share of the question's weight that a passage, its context, or either covers,
- the same with soft matches: each question token by its most similar passage token
  (late interaction, Khattab & Zaharia 2020, over static vectors),
- adjacent pairs, the best short window, digits, and the document's other passages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index import feature_kernel as kernel
from index.interfaces import Gathered, TokenStatistics, Vectors

Features = NDArray[np.float32]
NAMES = (
    "dense", "words", "characters", "fused", "cosine",
    "bm25_body", "bm25_context",
    "covered_body", "covered_context", "covered",
    "soft_body", "soft_context", "soft", "soft_worst",
    "pairs", "window", "soft_window", "digits", "digits_missing",
    "document_best", "document_others", "gap", "length", "aligned", "aligned_peak",
    "kind_there", "kind_window", "document_covered", "document_soft",
)  # fmt: skip
_K1, _B = 0.9, 0.4
_WINDOW = 24
_MAX_QUERY_TOKENS = 32


class TokenTable(Protocol):
    """The static encoder's tokens, as the reranker needs them."""

    def directions(self, rows: NDArray[np.integer]) -> Vectors:
        """Leading numbers of some rows' unit vectors, shape (len(rows), some): enough to compare tokens by."""

    @property
    def leading(self) -> tuple[NDArray[np.int8], Features]:
        """The same of every row as whole numbers, and what each row of them has to be multiplied by."""

    @property
    def norms(self) -> NDArray[np.float32]:
        """Each row's length."""

    @property
    def signs(self) -> Mapping[str, NDArray[np.bool_]]:
        """For each kind of question, which rows can be its answer (`index.answer_kinds`)."""

    def rows(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token rows of each text, in order."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage to rerank: its row, its document, each input's normalised score, the fused one."""

    row: int
    document: int
    parts: Mapping[str, float]
    fused: float
    cosine: float


@dataclass(frozen=True, slots=True)
class _Asked:
    tokens: NDArray[np.int32]
    weights: NDArray[np.float32]
    digits: NDArray[np.bool_]


def features(
    query_tokens: NDArray[np.int32],
    digit_tokens: NDArray[np.bool_],
    query_vector: Vectors,
    candidates: Sequence[Candidate],
    gathered: Gathered,
    forward: TokenStatistics,
    table: TokenTable,
    kind: str = "",
) -> Features:
    """One row of `NAMES` for each candidate.

    Args:
        query_tokens: token rows of the question's content words.
        digit_tokens: which of them are numbers, in the same order.
        query_vector: the static encoder's vector of the question, shape (dim,).
        candidates: passages, best fused score first.
        gathered: their tokens.
        forward: how tokens are spread over all passages.
        table: the token vectors.
        kind: what the question asks for (`index.queries.Query.kind`).
    """
    asked = _weigh(query_tokens, digit_tokens, forward)
    leading, scale = table.leading
    found, inverse, number = kernel.kinds(gathered.tokens, asked.tokens, len(scale))
    wanted = np.concatenate([table.directions(asked.tokens), query_vector[None, : leading.shape[1]]])
    similar, toward = kernel.similarities(leading, scale, table.norms, found, number, wanted)
    answering = np.zeros(len(found) + 1, dtype=np.bool_)
    if kind in table.signs:
        answering[:-1] = table.signs[kind][found]
    room = np.asarray([_K1, _B, forward.mean_body], dtype=np.float32)
    matches, covered, softly = kernel.match(
        inverse, gathered.starts, gathered.body, similar, toward, number, answering,
        asked.weights, asked.digits, room, _WINDOW // 2,
    )  # fmt: skip
    documents = np.asarray([candidate.document for candidate in candidates], dtype=np.int64)
    shares = asked.weights / asked.weights.sum() if len(asked.weights) else asked.weights
    out = np.empty((len(candidates), len(NAMES)), dtype=np.float32)
    out[:, _at(*kernel.MATCHES)] = matches
    out[:, _at("dense", "words", "characters", "fused", "cosine")] = _inputs(candidates)
    out[:, _at("document_best", "document_others", "gap")] = _document_evidence(candidates)
    out[:, _at("document_covered")[0]] = kernel.together(covered, documents, shares)
    out[:, _at("document_soft")[0]] = kernel.together(softly, documents, shares)
    lengths = np.diff(gathered.starts) / np.float32(forward.mean_body)
    out[:, _at("length")[0]] = np.log(lengths + np.float32(0.1))
    return out


@lru_cache(maxsize=16)
def _at(*names: str) -> list[int]:
    """The columns of some features."""
    return [NAMES.index(name) for name in names]


def _inputs(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    return [
        (part("dense", 0.0), part("words", 0.0), part("characters", 0.0), candidate.fused, candidate.cosine)
        for candidate in candidates
        for part in [candidate.parts.get]
    ]


def _weigh(tokens: NDArray[np.int32], digits: NDArray[np.bool_], forward: TokenStatistics) -> _Asked:
    """Question tokens in order, each once, weighed by inverse document frequency."""
    _, first = np.unique(tokens, return_index=True)
    keep = np.sort(first)[:_MAX_QUERY_TOKENS]
    chosen = tokens[keep]
    return _Asked(chosen, forward.idf[chosen] + 1e-3, digits[keep])


def _document_evidence(candidates: Sequence[Candidate]) -> list[tuple[float, float, float]]:
    """The best other passage of the same document, how many there are, the gap to the first hit."""
    by_document: dict[int, list[float]] = {}
    for candidate in candidates:
        by_document.setdefault(candidate.document, []).append(candidate.fused)
    top = max((c.fused for c in candidates), default=0.0)
    found = []
    for candidate in candidates:
        best, others, scores = 0.0, 0.0, by_document[candidate.document]
        if len(scores) > 1:
            scores = list(scores)
            scores.remove(candidate.fused)
            best, others = max(scores), math.log1p(sum(scores))
        found.append((best, others, candidate.fused - top))
    return found
