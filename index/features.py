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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.forward import ForwardIndex, Gathered
from index.interfaces import Vectors

Features = NDArray[np.float32]
NAMES = (
    "dense", "words", "characters", "fused", "cosine",
    "bm25_body", "bm25_context",
    "covered_body", "covered_context", "covered",
    "soft_body", "soft_context", "soft", "soft_worst",
    "pairs", "window", "soft_window", "digits", "digits_missing",
    "document_best", "document_others", "gap", "length", "aligned", "aligned_peak",
)  # fmt: skip
_K1, _B = 0.9, 0.4
_WINDOW = 24
_MAX_QUERY_TOKENS = 32


class TokenRows(Protocol):
    """Vectors that are fetched by row, as an array is."""

    def __getitem__(self, rows: NDArray[np.integer], /) -> Vectors:
        """Float32 vectors of these rows."""


class TokenTable(Protocol):
    """The static encoder's tokens, as the reranker needs them."""

    @property
    def vectors(self) -> TokenRows:
        """One row a token, not normalised."""

    @property
    def norms(self) -> NDArray[np.float32]:
        """Each row's length."""

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
class _Kinds:
    """The different tokens among those gathered; a missing one (-1) has a zero vector."""

    vectors: Vectors
    norms: NDArray[np.float32]
    inverse: NDArray[np.int64]

    @classmethod
    def of(cls, gathered: Gathered, table: TokenTable) -> _Kinds:
        kinds, inverse = np.unique(gathered.tokens, return_inverse=True)
        safe = np.maximum(kinds, 0)
        vectors = table.vectors[safe]
        vectors[kinds < 0] = 0.0
        return cls(vectors, np.maximum(table.norms[safe], 1e-9), inverse)


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
    forward: ForwardIndex,
    table: TokenTable,
) -> Features:
    """One row of `NAMES` for each candidate.

    Args:
        query_tokens: token rows of the question's content words, in order.
        digit_tokens: which of them are numbers.
        query_vector: the static encoder's vector of the question, shape (dim,).
        candidates: passages, best fused score first.
        forward: their tokens.
        table: the token vectors.
    """
    gathered = forward.gather([candidate.row for candidate in candidates])
    kinds = _Kinds.of(gathered, table)
    columns = [*_inputs(candidates)]
    asked = _weigh(query_tokens, digit_tokens, forward)
    if len(asked.tokens):
        columns += _matches(asked, gathered, forward, kinds, table)
    else:
        columns += [np.zeros(len(candidates), dtype=np.float32)] * 14
    columns += _document_evidence(candidates)
    lengths = np.diff(gathered.starts).astype(np.float32)
    columns.append(np.log(lengths / forward.mean_body + 0.1))
    columns += _alignment(query_vector, gathered, kinds)
    return np.stack(columns, axis=1).astype(np.float32)


def _inputs(candidates: Sequence[Candidate]) -> list[Features]:
    columns = [[c.parts.get(name, 0.0) for c in candidates] for name in ("dense", "words", "characters")]
    columns += [[c.fused for c in candidates], [c.cosine for c in candidates]]
    return [np.asarray(column, dtype=np.float32) for column in columns]


def _weigh(tokens: NDArray[np.int32], digits: NDArray[np.bool_], forward: ForwardIndex) -> _Asked:
    """Question tokens in order, each once, weighed by inverse document frequency."""
    _, first = np.unique(tokens, return_index=True)
    keep = np.sort(first)[:_MAX_QUERY_TOKENS]
    chosen = tokens[keep]
    return _Asked(chosen, forward.idf[chosen] + 1e-3, digits[keep])


def _matches(
    asked: _Asked, gathered: Gathered, forward: ForwardIndex, kinds: _Kinds, table: TokenTable
) -> list[Features]:
    starts = gathered.starts[:-1]
    hit = gathered.tokens[:, None] == asked.tokens[None, :]
    body = gathered.body[:, None]
    in_body = np.add.reduceat((hit & body).astype(np.float32), starts, axis=0)
    in_context = np.add.reduceat((hit & ~body).astype(np.float32), starts, axis=0)
    weights = asked.weights / asked.weights.sum()
    soft = _similarities(asked, kinds, table)
    soft_body = np.maximum.reduceat(np.where(body, soft, 0.0), starts, axis=0)
    soft_context = np.maximum.reduceat(np.where(body, 0.0, soft), starts, axis=0)
    soft_any = np.maximum(soft_body, soft_context)
    owner = np.repeat(np.arange(len(starts)), np.diff(gathered.starts))
    return [
        _bm25(in_body, gathered, forward) @ weights,
        (in_context > 0) @ weights,
        (in_body > 0) @ weights,
        (in_context > 0).astype(np.float32) @ np.sqrt(weights),
        ((in_body + in_context) > 0) @ weights,
        soft_body @ weights,
        soft_context @ weights,
        soft_any @ weights,
        soft_any.min(axis=1),
        _pairs(hit, asked, owner, len(starts)),
        _window(hit.astype(np.float32) * weights, owner, starts),
        _window(np.maximum(soft, 0.0) * weights, owner, starts),
        *_digits(asked, in_body + in_context),
    ]


def _bm25(counts: Features, gathered: Gathered, forward: ForwardIndex) -> Features:
    """BM25's saturated term frequencies (Robertson & Zaragoza 2009), each at most k1 + 1."""
    lengths = np.add.reduceat(gathered.body.astype(np.float32), gathered.starts[:-1])
    room = _K1 * (1 - _B + _B * lengths / np.float32(forward.mean_body))
    saturated: Features = (counts * (_K1 + 1) / (counts + room[:, None])).astype(np.float32)
    return saturated


def _similarities(asked: _Asked, kinds: _Kinds, table: TokenTable) -> Features:
    """Cosine of every gathered token to every question token; negative ones are 0."""
    queries = table.vectors[asked.tokens] / np.maximum(table.norms[asked.tokens], 1e-9)[:, None]
    found = (kinds.vectors @ queries.T) / kinds.norms[:, None]
    similar: Features = np.maximum(found, 0.0)[kinds.inverse]
    return similar


def _pairs(hit: NDArray[np.bool_], asked: _Asked, owner: NDArray[np.int64], count: int) -> Features:
    """Weighted share of the question's adjacent pairs that stand adjacent in the passage."""
    out: Features = np.zeros(count, dtype=np.float32)
    if len(asked.tokens) < 2 or len(hit) < 2:
        return out
    together = hit[:-1, :-1] & hit[1:, 1:] & (owner[:-1] == owner[1:])[:, None]
    weights = asked.weights[:-1] + asked.weights[1:]
    for pair in range(together.shape[1]):
        out[np.unique(owner[:-1][together[:, pair]])] += weights[pair]
    shares: Features = (out / weights.sum()).astype(np.float32)
    return shares


def _window(matched: Features, owner: NDArray[np.int64], starts: NDArray[np.int64]) -> Features:
    """The most weight that any stretch of `_WINDOW` tokens of one passage covers (half-window steps)."""
    half = _WINDOW // 2
    place = np.arange(len(owner)) - starts[owner]
    block = place // half
    blocks_before = np.concatenate(
        [[0], np.cumsum(np.bincount(owner, weights=None, minlength=len(starts)) // half + 1)]
    )
    slot = blocks_before[owner] + block
    size = int(blocks_before[-1])
    edges = np.flatnonzero(np.diff(slot, prepend=-1))
    best = np.zeros((size + 1, matched.shape[1]), dtype=np.float32)
    best[slot[edges]] = np.maximum.reduceat(matched, edges, axis=0)
    joined = np.maximum(best[:-1], best[1:]).sum(axis=1)
    last = blocks_before[1:] - 1
    joined[last] = best[last].sum(axis=1)  # do not look into the next passage
    return np.maximum.reduceat(joined, blocks_before[:-1]).astype(np.float32)


def _digits(asked: _Asked, counts: Features) -> list[Features]:
    if not asked.digits.any():
        zero: Features = np.zeros(len(counts), dtype=np.float32)
        return [zero, zero]
    found = (counts[:, asked.digits] > 0).mean(axis=1).astype(np.float32)
    return [found, 1.0 - found]


def _document_evidence(candidates: Sequence[Candidate]) -> list[Features]:
    """The best other passage of the same document, how many there are, the gap to the first hit."""
    best_other, others = [], []
    by_document: dict[int, list[float]] = {}
    for candidate in candidates:
        by_document.setdefault(candidate.document, []).append(candidate.fused)
    for candidate in candidates:
        scores = list(by_document[candidate.document])
        scores.remove(candidate.fused)
        best_other.append(max(scores, default=0.0))
        others.append(np.log1p(sum(scores)))
    top = max((c.fused for c in candidates), default=0.0)
    columns = [best_other, others, [c.fused - top for c in candidates]]
    return [np.asarray(column, dtype=np.float32) for column in columns]


def _alignment(query_vector: Vectors, gathered: Gathered, kinds: _Kinds) -> list[Features]:
    """Mean projection of a passage's token vectors on the question's, and that of its best tokens."""
    projected = (kinds.vectors @ query_vector)[kinds.inverse].astype(np.float32)
    starts = gathered.starts[:-1]
    lengths = np.maximum(np.diff(gathered.starts), 1)
    mean = np.add.reduceat(projected, starts) / lengths
    positive = np.add.reduceat(np.maximum(projected, 0.0), starts) / np.sqrt(lengths)
    return [mean.astype(np.float32), positive.astype(np.float32)]
