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

    @property
    def directions(self) -> Vectors:
        """Leading numbers of each row's unit vector, shape (rows, some): enough to compare tokens by."""

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
class _Kinds:
    """The different tokens among those gathered: each is looked at once. A missing one (-1) matches nothing."""

    directions: Vectors
    lengths: NDArray[np.float32]
    inverse: NDArray[np.int64]

    @classmethod
    def of(cls, gathered: Gathered, table: TokenTable) -> _Kinds:
        rows = len(table.directions)
        there = np.zeros(rows + 1, dtype=np.bool_)  # the last place is the missing token's
        there[gathered.tokens] = True
        kinds = np.flatnonzero(there)
        place = np.empty(rows + 1, dtype=np.int64)
        place[kinds] = np.arange(len(kinds))
        safe = np.minimum(kinds, rows - 1)
        directions, lengths = table.directions[safe], table.norms[safe]
        directions[kinds == rows] = 0.0
        return cls(directions, lengths, place[gathered.tokens])


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
        query_tokens: token rows of the question's content words, in order.
        digit_tokens: which of them are numbers.
        query_vector: the static encoder's vector of the question, shape (dim,).
        candidates: passages, best fused score first.
        gathered: their tokens.
        forward: how tokens are spread over all passages.
        table: the token vectors.
        kind: what the question asks for (`index.queries.Query.kind`).
    """
    kinds = _Kinds.of(gathered, table)
    columns = [*_inputs(candidates)]
    asked = _weigh(query_tokens, digit_tokens, forward)
    answering = table.signs[kind][gathered.tokens] if kind in table.signs else None
    documents = [candidate.document for candidate in candidates]
    if len(asked.tokens):
        # BLAS was seen to raise the flag of an invalid operation here, now and then and on one processor, for
        # weights and shares that are all finite; a test holds that what comes out is finite, too.
        with np.errstate(invalid="ignore"):
            matches, wide = _matches(asked, gathered, forward, kinds, table, answering, documents)
        columns += matches
    else:
        columns += [np.zeros(len(candidates), dtype=np.float32)] * 14
        wide = [np.zeros(len(candidates), dtype=np.float32)] * 4
    columns += _document_evidence(candidates)
    lengths = np.diff(gathered.starts).astype(np.float32)
    columns.append(np.log(lengths / forward.mean_body + 0.1))
    columns += [*_alignment(query_vector, gathered, kinds), *wide]
    return np.stack(columns, axis=1).astype(np.float32)


def _inputs(candidates: Sequence[Candidate]) -> list[Features]:
    columns = [[c.parts.get(name, 0.0) for c in candidates] for name in ("dense", "words", "characters")]
    columns += [[c.fused for c in candidates], [c.cosine for c in candidates]]
    return [np.asarray(column, dtype=np.float32) for column in columns]


def _weigh(tokens: NDArray[np.int32], digits: NDArray[np.bool_], forward: TokenStatistics) -> _Asked:
    """Question tokens in order, each once, weighed by inverse document frequency."""
    _, first = np.unique(tokens, return_index=True)
    keep = np.sort(first)[:_MAX_QUERY_TOKENS]
    chosen = tokens[keep]
    return _Asked(chosen, forward.idf[chosen] + 1e-3, digits[keep])


def _matches(
    asked: _Asked,
    gathered: Gathered,
    forward: TokenStatistics,
    kinds: _Kinds,
    table: TokenTable,
    answering: NDArray[np.bool_] | None,
    documents: Sequence[int],
) -> tuple[list[Features], list[Features]]:
    # Everything is laid out as (question token, passage token): sums over a passage run along memory.
    starts = gathered.starts[:-1]
    hit = asked.tokens[:, None] == gathered.tokens[None, :]
    matched = hit.astype(np.float32)
    body = gathered.body.astype(np.float32)
    in_body = np.add.reduceat(matched * body, starts, axis=1)
    in_context = np.add.reduceat(matched, starts, axis=1) - in_body
    weights = asked.weights / asked.weights.sum()
    soft = np.maximum(_similarities(asked, kinds, table), matched)
    soft_body = np.maximum.reduceat(soft * body, starts, axis=1)
    soft_context = np.maximum.reduceat(soft * (1 - body), starts, axis=1)
    soft_any = np.maximum(soft_body, soft_context)
    blocks = _Blocks.of(gathered)
    narrow = [
        weights @ _bm25(in_body, gathered, forward),
        weights @ (in_context > 0),
        weights @ (in_body > 0),
        np.sqrt(weights) @ (in_context > 0),
        weights @ ((in_body + in_context) > 0),
        weights @ soft_body,
        weights @ soft_context,
        weights @ soft_any,
        soft_any.min(axis=0),
        _pairs(hit, asked, gathered),
        blocks.best(matched, weights),
        blocks.best(soft, weights),
        *_digits(asked, in_body + in_context),
    ]
    zero = np.zeros(len(starts), dtype=np.float32)
    wide = [zero, zero]
    if answering is not None:
        there = (answering & gathered.body).astype(np.float32)
        wide = [np.log1p(np.add.reduceat(there, starts)), blocks.best(soft, weights, there)]
    wide += [
        weights @ _together((in_body + in_context > 0).astype(np.float32), documents),
        weights @ _together(soft_any, documents),
    ]
    return narrow, wide


def _together(matched: Features, documents: Sequence[int]) -> Features:
    """The best of each row over all candidates of a candidate's document, in the shape of ``matched``."""
    _, owner = np.unique(np.asarray(documents), return_inverse=True)
    best = np.zeros((int(owner.max()) + 1, len(matched)), dtype=np.float32)
    np.maximum.at(best, owner, matched.T)
    return best[owner].T


def _bm25(counts: Features, gathered: Gathered, forward: TokenStatistics) -> Features:
    """BM25's saturated term frequencies (Robertson & Zaragoza 2009), each at most k1 + 1."""
    lengths = np.add.reduceat(gathered.body.astype(np.float32), gathered.starts[:-1])
    room = _K1 * (1 - _B + _B * lengths / np.float32(forward.mean_body))
    saturated: Features = (counts * (_K1 + 1) / (counts + room)).astype(np.float32)
    return saturated


def _similarities(asked: _Asked, kinds: _Kinds, table: TokenTable) -> Features:
    """Cosine of every question token to every gathered one; negative ones are 0."""
    found = table.directions[asked.tokens] @ kinds.directions.T
    similar: Features = np.maximum(found, 0.0)[:, kinds.inverse]
    return similar


def _pairs(hit: NDArray[np.bool_], asked: _Asked, gathered: Gathered) -> Features:
    """Weighted share of the question's adjacent pairs that stand adjacent in the passage."""
    count = len(gathered.starts) - 1
    out: Features = np.zeros(count, dtype=np.float32)
    if len(asked.tokens) < 2 or hit.shape[1] < 2:
        return out
    weights = asked.weights[:-1] + asked.weights[1:]
    pair, place = np.nonzero(hit[:-1, :-1] & hit[1:, 1:])
    passage = np.searchsorted(gathered.starts, place, side="right") - 1
    inside = place + 1 < gathered.starts[passage + 1]
    found = np.zeros((len(weights), count), dtype=np.float32)
    found[pair[inside], passage[inside]] = 1.0
    shares: Features = (weights @ found) / weights.sum()
    return shares


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Gathered passages cut into half-windows: ``edges`` where each begins, ``first`` each passage's first one."""

    edges: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def of(cls, gathered: Gathered) -> _Blocks:
        half = _WINDOW // 2
        counts = -(-np.diff(gathered.starts) // half)
        ends = np.cumsum(counts)
        within = np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
        return cls(np.repeat(gathered.starts[:-1], counts) + within * half, ends - counts)

    def best(self, matched: Features, weights: Features, needed: Features | None = None) -> Features:
        """The most weight that two neighbouring half-windows of one passage cover together.

        With ``needed``, one number a token, only windows that hold such a token count.
        """
        blocks = np.maximum.reduceat(matched, self.edges, axis=1)
        alone = weights @ blocks
        joined = weights @ np.maximum(blocks[:, :-1], blocks[:, 1:])
        if needed is not None:
            there = np.maximum.reduceat(needed, self.edges)
            alone, joined = alone * there, joined * np.maximum(there[:-1], there[1:])
        within = np.ones(len(alone), dtype=np.bool_)
        within[self.first] = False  # never joined with the passage before
        alone[1:][within[1:]] = np.maximum(alone[1:], joined)[within[1:]]
        best: Features = np.maximum.reduceat(alone, self.first)
        return best


def _digits(asked: _Asked, counts: Features) -> list[Features]:
    if not asked.digits.any():
        zero: Features = np.zeros(counts.shape[1], dtype=np.float32)
        return [zero, zero]
    found = (counts[asked.digits] > 0).mean(axis=0).astype(np.float32)
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
    toward = kinds.directions @ query_vector[: kinds.directions.shape[1]] * kinds.lengths
    projected = toward.astype(np.float32)[kinds.inverse]
    starts = gathered.starts[:-1]
    lengths = np.maximum(np.diff(gathered.starts), 1)
    mean = np.add.reduceat(projected, starts) / lengths
    positive = np.add.reduceat(np.maximum(projected, 0.0), starts) / np.sqrt(lengths)
    return [mean.astype(np.float32), positive.astype(np.float32)]
