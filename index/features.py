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

    def directions(self, rows: NDArray[np.integer]) -> Vectors:
        """Leading numbers of some rows' unit vectors, shape (len(rows), some): enough to compare tokens by."""

    def leading(self, rows: NDArray[np.integer]) -> tuple[Vectors, Features]:
        """The same as whole numbers, and what each row of them has to be multiplied by."""

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
    """The different tokens among those gathered: each is looked at once. A missing one (-1) matches nothing.

    ``similar`` is each kind's cosine to each question token, 1 where they are the same, never negative, and a last
    row of zeros; ``toward`` each kind's projection on the question's vector; ``inverse`` each gathered token's kind.
    """

    similar: Features
    toward: Features
    inverse: NDArray[np.int32]

    @classmethod
    def of(cls, gathered: Gathered, asked: _Asked, query_vector: Vectors, table: TokenTable) -> _Kinds:
        rows = len(table.norms)
        there = np.zeros(rows + 1, dtype=np.bool_)  # the last place is the missing token's
        there[gathered.tokens] = True
        kinds = np.flatnonzero(there)
        place = np.empty(rows + 1, dtype=np.int32)
        place[kinds] = np.arange(len(kinds))
        known = kinds[:-1] if there[rows] else kinds
        leading, scale = table.leading(known)
        wanted = table.directions(asked.tokens)
        wanted = np.concatenate([wanted, query_vector[None, : wanted.shape[1]]])
        found = np.zeros((len(wanted), len(kinds) + 1), dtype=np.float32)
        # Whole numbers are looked up and multiplied; only the few products are made cosines.
        np.multiply(wanted @ leading.T, scale, out=found[:, : len(known)])
        similar, toward = np.maximum(found[:-1], 0.0), found[-1]
        toward[: len(known)] *= table.norms[known]
        held = np.flatnonzero(there[asked.tokens])
        same = place[asked.tokens[held]]
        similar[held, same] = np.maximum(similar[held, same], 1.0)
        return cls(np.ascontiguousarray(similar.T), toward, place[gathered.tokens])


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
    kinds = _Kinds.of(gathered, asked, query_vector, table)
    columns = [*_inputs(candidates)]
    answering = table.signs[kind][gathered.tokens] if kind in table.signs else None
    documents = [candidate.document for candidate in candidates]
    if len(asked.tokens):
        # BLAS was seen to raise the flag of an invalid operation here, now and then and on one processor, for
        # weights and shares that are all finite; a test holds that what comes out is finite, too.
        with np.errstate(invalid="ignore"):
            matches, wide = _matches(asked, gathered, forward, kinds, answering, documents)
        columns += matches
    else:
        columns += [np.zeros(len(candidates), dtype=np.float32)] * 14
        wide = [np.zeros(len(candidates), dtype=np.float32)] * 4
    columns += _document_evidence(candidates)
    lengths = np.diff(gathered.starts).astype(np.float32)
    columns.append(np.log(lengths / forward.mean_body + 0.1))
    columns += [*_alignment(gathered, kinds), *wide]
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
    answering: NDArray[np.bool_] | None,
    documents: Sequence[int],
) -> tuple[list[Features], list[Features]]:
    # A question has some ten tokens, the passages together ten thousand. Only one thing is computed for each pair
    # of them: the largest similarity within a piece; all else follows from the few exact matches and the pieces.
    exact = _Exact.of(asked, gathered, len(forward.idf))
    pieces = _Pieces.of(gathered)
    in_body, in_context = exact.counts(gathered.body), exact.counts(~gathered.body)
    weights = asked.weights / asked.weights.sum()
    soft = pieces.largest(kinds)
    soft_context, soft_body = pieces.sides(soft)
    soft_any = np.maximum(soft_body, soft_context)
    soft_blocks = pieces.blocks(soft)
    covered = ((in_body + in_context) > 0).astype(np.float32)
    narrow = [
        weights @ _bm25(in_body, pieces.lengths, forward),
        weights @ (in_context > 0),
        weights @ (in_body > 0),
        np.sqrt(weights) @ (in_context > 0),
        weights @ covered,
        weights @ soft_body,
        weights @ soft_context,
        weights @ soft_any,
        soft_any.min(axis=0),
        exact.pairs(asked),
        pieces.best(exact.blocks(pieces), weights),
        pieces.best(soft_blocks, weights),
        *_digits(asked, in_body + in_context),
    ]
    zero = np.zeros(len(documents), dtype=np.float32)
    wide = [zero, zero]
    if answering is not None:
        there = (answering & gathered.body).astype(np.float32)
        held = np.add.reduceat(there, gathered.starts[:-1])
        wide = [np.log1p(held), pieces.best(soft_blocks, weights, there)]
    together = _together(np.concatenate([covered, soft_any]), documents)
    wide += [weights @ together[: len(weights)], weights @ together[len(weights) :]]
    return narrow, wide


def _together(matched: Features, documents: Sequence[int]) -> Features:
    """The best of each row over all candidates of a candidate's document, in the shape of ``matched``."""
    numbers = np.asarray(documents)
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    best = np.maximum.reduceat(matched[:, order], first, axis=1)
    out = np.empty_like(matched)
    out[:, order] = np.repeat(best, np.diff(np.append(first, len(ordered))), axis=1)
    return out


def _bm25(counts: Features, lengths: Features, forward: TokenStatistics) -> Features:
    """BM25's saturated term frequencies (Robertson & Zaragoza 2009), each at most k1 + 1."""
    room = _K1 * (1 - _B + _B * lengths / np.float32(forward.mean_body))
    saturated: Features = (counts * (_K1 + 1) / (counts + room)).astype(np.float32)
    return saturated


@dataclass(frozen=True, slots=True)
class _Exact:
    """Where the question's own tokens stand among the gathered ones, in reading order.

    ``asked`` says which of them, ``place`` where, ``passage`` in which passage.
    """

    asked: NDArray[np.int64]
    place: NDArray[np.int64]
    passage: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, asked: _Asked, gathered: Gathered, rows: int) -> _Exact:
        number = np.full(rows + 1, -1, dtype=np.int16)
        number[asked.tokens] = np.arange(len(asked.tokens))
        numbers = number[gathered.tokens]
        place = np.flatnonzero(numbers >= 0)
        passage = np.searchsorted(gathered.starts, place, side="right") - 1
        return cls(
            numbers[place].astype(np.int64), place, passage, (len(asked.tokens), len(gathered.starts) - 1)
        )

    def counts(self, among: NDArray[np.bool_]) -> Features:
        """How often each token stands in each passage, at the marked places."""
        at = (self.asked * self.shape[1] + self.passage)[among[self.place]]
        counted = np.bincount(at, minlength=self.shape[0] * self.shape[1])
        return counted.reshape(self.shape).astype(np.float32)

    def blocks(self, pieces: _Pieces) -> Features:
        """Which token stands in which half-window: 1 or 0."""
        held = np.zeros((self.shape[0], len(pieces.block_edges)), dtype=np.float32)
        held[self.asked, np.searchsorted(pieces.block_edges, self.place, side="right") - 1] = 1.0
        return held

    def pairs(self, asked: _Asked) -> Features:
        """Weighted share of the question's adjacent pairs that stand adjacent in the passage."""
        out: Features = np.zeros(self.shape[1], dtype=np.float32)
        if self.shape[0] < 2 or len(self.place) < 2:
            return out
        adjacent = (
            (np.diff(self.place) == 1) & (np.diff(self.asked) == 1) & (self.passage[1:] == self.passage[:-1])
        )
        weights = asked.weights[:-1] + asked.weights[1:]
        found = np.zeros((len(weights), self.shape[1]), dtype=np.float32)
        found[self.asked[:-1][adjacent], self.passage[:-1][adjacent]] = 1.0
        shares: Features = (weights @ found) / weights.sum()
        return shares


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Gathered passages cut into half-windows, and where the context ends.

    ``edges`` is where each piece begins; ``block_edges`` where each half-window does, ``block_pieces`` its first
    piece, ``first`` the number of each passage's first half-window; ``heads`` and ``bodies`` are the first pieces of
    each passage's context and of its text, ``lengths`` the tokens of its text.
    """

    edges: NDArray[np.int64]
    block_edges: NDArray[np.int64]
    block_pieces: NDArray[np.int64]
    first: NDArray[np.int64]
    heads: NDArray[np.int64]
    bodies: NDArray[np.int64]
    lengths: Features

    @classmethod
    def of(cls, gathered: Gathered) -> _Pieces:
        half = _WINDOW // 2
        starts, sizes = gathered.starts[:-1], np.diff(gathered.starts)
        counts = -(-sizes // half)
        ends = np.cumsum(counts)
        within = np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
        block_edges = np.repeat(starts, counts) + within * half
        lengths = np.add.reduceat(gathered.body, starts, dtype=np.int64)
        body = gathered.starts[1:] - lengths
        edges = np.sort(np.concatenate([block_edges, body[body < gathered.starts[-1]]]))
        edges = edges[np.append(True, edges[1:] != edges[:-1])]
        return cls(
            edges,
            block_edges,
            np.searchsorted(edges, block_edges),
            ends - counts,
            np.searchsorted(edges, starts),
            np.searchsorted(edges, body),
            lengths.astype(np.float32),
        )

    def largest(self, kinds: _Kinds) -> Features:
        """Each question token's largest similarity within each piece, shape (question tokens, pieces).

        No piece is longer than a half-window: the first tokens of all pieces are compared with the second ones, and
        so on, which takes a fifth of the time of ``np.maximum.reduceat``.
        """
        size, none = len(kinds.inverse), len(kinds.similar) - 1
        at = self.edges + np.arange(_WINDOW // 2)[:, None]
        ends = np.append(self.edges[1:], size)
        kind = np.where(at < ends, kinds.inverse.take(at, mode="clip"), none)
        largest: Features = np.ascontiguousarray(kinds.similar.take(kind, axis=0).max(axis=0).T)
        return largest

    def sides(self, found: Features) -> tuple[Features, Features]:
        """The largest of each passage's context and of its text, given each piece's; 0 where there is none."""
        padded = np.concatenate([found, np.zeros((len(found), 1), dtype=np.float32)], axis=1)
        largest = np.maximum.reduceat(padded, np.stack([self.heads, self.bodies], axis=1).ravel(), axis=1)
        return largest[:, ::2] * (self.heads < self.bodies), largest[:, 1::2] * (self.lengths > 0)

    def blocks(self, found: Features) -> Features:
        """The largest of each half-window, given each piece's."""
        largest: Features = found[:, self.block_pieces]
        cut = np.flatnonzero(
            np.diff(np.append(self.block_pieces, len(self.edges))) > 1
        )  # where the context ends
        largest[:, cut] = np.maximum(largest[:, cut], found[:, self.block_pieces[cut] + 1])
        return largest

    def best(self, blocks: Features, weights: Features, needed: Features | None = None) -> Features:
        """The most weight that two neighbouring half-windows of one passage cover together.

        With ``needed``, one number a token, only windows that hold such a token count.
        """
        alone = weights @ blocks
        joined = weights @ np.maximum(blocks[:, :-1], blocks[:, 1:])
        if needed is not None:
            there = np.maximum.reduceat(needed, self.block_edges)
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
        scores = by_document[candidate.document]
        if len(scores) == 1:
            best_other.append(0.0)
            others.append(0.0)
            continue
        scores = list(scores)
        scores.remove(candidate.fused)
        best_other.append(max(scores))
        others.append(math.log1p(sum(scores)))
    top = max((c.fused for c in candidates), default=0.0)
    columns = [best_other, others, [c.fused - top for c in candidates]]
    return [np.asarray(column, dtype=np.float32) for column in columns]


def _alignment(gathered: Gathered, kinds: _Kinds) -> list[Features]:
    """Mean projection of a passage's token vectors on the question's, and that of its best tokens."""
    projected = kinds.toward.take(kinds.inverse)
    starts = gathered.starts[:-1]
    lengths = np.diff(gathered.starts)
    mean = np.add.reduceat(projected, starts) / lengths
    positive = np.add.reduceat(np.maximum(projected, 0.0), starts) / np.sqrt(lengths)
    return [mean.astype(np.float32), positive.astype(np.float32)]
