"""The sentence that answers: the best run of clauses in a passage, with its offsets.

Thai marks no sentence ends, so candidates are runs of one to four consecutive
clauses (cut at spaces and newlines, never after an abbreviation). A candidate
scores by how much of the question's content it covers, by its cosine to the
question, and loses a little for length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.segment import fold
from index.encoders import StaticEncoder
from index.interfaces import Vectors
from index.lexical import NGRAM, ngrams, skeleton
from index.queries import Query

_CLAUSE = re.compile(r"\S+")
#: What cannot end a clause: an abbreviation, a number, a word that wants another after it.
_UNFINISHED = re.compile(
    r"(?:^|[(])(?:[ก-ฮ]{1,4}\.)+$|[0-9๐-๙]$|(?:มี|ใน|ของ|คือ|ได้แก่|และ|หรือ|ให้|เป็น|ที่|ว่า|กับ|ด้วย|ชื่อ|เช่น|ถึง|จาก|ปี|ราว|กว่า)$"
)
#: What goes on with the clause before it: a quotation, a bracket, a number.
_OPENS = re.compile(r"[“‘\"'(\[0-9๐-๙]")
_MAX_RUN = 4
_MAX_CHARS = 280
_MIN_CHARS = 24
_COMFORTABLE_CHARS = 90
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of a passage's text and what speaks for it.

    ``coverage`` is the weighted share of the question's content words in the span,
    ``grams`` that of its character 3-grams, ``cosine`` the encoder's similarity; all at most 1.
    """

    start: int
    end: int
    score: float
    coverage: float
    grams: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Support:
    """What a whole passage with its context says for answering; each at most 1.

    ``soft`` is the share of the question's tokens, weighed by the length of their
    vectors, that the passage matches by its most similar token; ``weakest`` the worst
    matched of the weighty half.
    """

    coverage: float
    grams: float
    cosine: float
    soft: float
    weakest: float


def clauses(text: str) -> list[tuple[int, int]]:
    """Spans between white space, each abbreviation joined with what follows it."""
    spans: list[tuple[int, int]] = []
    joined = False
    for match in _CLAUSE.finditer(text):
        start, end = match.span()
        opens = bool(spans) and bool(_OPENS.match(match.group()))
        if spans and (joined or opens) and not _new_line(text, spans[-1][1], start):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        joined = bool(_UNFINISHED.search(match.group())) or end - spans[-1][0] < _MIN_CHARS
    short = len(spans) > 1 and spans[-1][1] - spans[-1][0] < _MIN_CHARS
    if short and not _new_line(text, spans[-2][1], spans[-1][0]):
        last = spans.pop()
        spans[-1] = (spans[-1][0], last[1])
    return spans


def _new_line(text: str, end: int, start: int) -> bool:
    """Whether a line ends between two spans: cleaning joined wrapped lines, so that is a real end."""
    return "\n" in text[end:start]


def runs(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of one to four clauses as (first, last): at most `_MAX_CHARS` long unless a single clause is longer."""
    found = []
    for first, (start, before) in enumerate(spans):
        for last in range(first, min(first + _MAX_RUN, len(spans))):
            begin, end = spans[last]
            if last > first and (end - start > _MAX_CHARS or _new_line(text, before, begin)):
                break
            found.append((first, last))
            before = end  # noqa: PLW2901 - the run grows
    return found


class EvidenceFinder:
    """Finds the best evidence of passages for one question.

    Args:
        asked: the question.
        weight: how much a content word counts.
        lexicon: gives token vectors.
        vector: the lexicon's vector of the question, where it is known already.
    """

    def __init__(
        self,
        asked: Query,
        weight: Callable[[str], float],
        lexicon: StaticEncoder,
        vector: Vectors | None = None,
    ) -> None:
        self._lexicon = lexicon
        self._query: Vectors = lexicon.encode_queries([asked.text])[0] if vector is None else vector
        self._terms = [term for term in asked.words if term not in asked.replaced]
        weights = {term: weight(term) for term in self._terms}
        self._weights = np.asarray([weights[term] for term in self._terms], dtype=np.float64)
        self._total = sum(weights[t] for t in dict.fromkeys(asked.content) if t in weights)
        self._tokens = np.unique(lexicon.rows([" ".join(asked.content)])[0])
        self._directions = lexicon.directions(self._tokens)
        self._grams = Grams(sorted(set(ngrams("".join(asked.content)))))

    def weigh(self, text: str, context: str = "") -> tuple[Evidence, Support] | None:
        """The best candidate of a passage, and what the passage as a whole says.

        ``context`` words count as known: they support, but a candidate gets no credit for them.
        """
        spans = clauses(text)
        if not spans:
            return None
        pieces = [text[start:end] for start, end in spans]
        tokens = self._lexicon.rows([context, *pieces])
        # Every token's vector is looked up once, for the runs' cosines and for the passage's.
        vectors = self._lexicon.vectors[np.concatenate(tokens)]
        plain = [skeleton(piece) for piece in pieces]
        before = skeleton(context)
        grams = self._grams.held(before + "".join(plain))
        folded = fold(text)
        folded_context = fold(context)
        known = np.asarray([term in folded_context for term in self._terms], dtype=np.bool_)
        bounds = np.cumsum([len(before), *map(len, plain)])
        evidence = self._best(folded, known, spans, _Held(tokens, vectors, grams, bounds))
        found = known | np.asarray([term in folded for term in self._terms], dtype=np.bool_)
        return evidence, self._support(found, grams, tokens, vectors)

    def _best(
        self, folded: str, known: NDArray[np.bool_], spans: list[tuple[int, int]], held: _Held
    ) -> Evidence:
        first, last = np.asarray(runs(folded, spans)).T
        starts, ends = np.asarray(spans)[first, 0], np.asarray(spans)[last, 1]
        found = _present(folded, self._terms, starts, ends)
        coverage = self._share(found)
        grams = self._grams.share(held.grams, held.bounds[first], held.bounds[last + 1])
        cosines = self._cosines(held, first, last)
        lengths = np.maximum(0, ends - starts - _COMFORTABLE_CHARS) / 1000
        scores = coverage + 0.5 * grams + cosines - lengths
        best = int(np.lexsort((starts, -scores))[0])
        return Evidence(
            int(starts[best]), int(ends[best]), float(scores[best]),
            float(self._share(found[:, best] | known)), float(grams[best]), float(cosines[best]),
        )  # fmt: skip

    def _support(
        self,
        found: NDArray[np.bool_],
        held: NDArray[np.int32],
        tokens: list[NDArray[np.int32]],
        vectors: Vectors,
    ) -> Support:
        grams = float((held[:, -1] > 0).sum() / max(1, len(held)))
        # The passage's vector as `StaticEncoder.pooled` makes it, of the vectors at hand.
        kinds, first, inverse, counts = np.unique(
            np.concatenate(tokens), return_index=True, return_inverse=True, return_counts=True
        )
        total = (1.0 / np.sqrt(counts, dtype=np.float32))[inverse] @ vectors
        length = float(np.linalg.norm(total))
        cosine = float(np.clip(total @ self._query / length, -1.0, 1.0)) if length > _SMALLEST else 0.0
        return Support(float(self._share(found)), grams, cosine, *self._soft(kinds, vectors[first]))

    def _soft(self, held: NDArray[np.int32], vectors: Vectors) -> tuple[float, float]:
        if not len(held) or not len(self._tokens):
            return 0.0, 0.0
        norms = self._lexicon.norms
        same = self._tokens[:, None] == held[None, :]
        similar = self._directions @ vectors[:, : self._directions.shape[1]].T
        similar /= np.maximum(norms[held], _SMALLEST)
        best = np.maximum(similar, same).max(axis=1)
        weights = norms[self._tokens] ** 2
        heavy = weights >= np.median(weights)
        return float(best @ weights / max(float(weights.sum()), 1e-9)), float(best[heavy].min())

    def _share(self, found: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The weighted share of the question's words, for flags of shape (terms,) or (terms, runs)."""
        if self._total <= 0:
            return np.zeros(found.shape[1:])
        share: NDArray[np.float64] = np.minimum(1.0, self._weights @ found / self._total)
        return share

    def _cosines(self, held: _Held, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cosines of runs to the question.

        A run's vector is the sum of its clauses': its product with the question is the sum of theirs, the square of
        its length the sum of all theirs with one another. Sums over runs are differences of running sums.
        """
        counts = np.fromiter(map(len, held.tokens), dtype=np.int64, count=len(held.tokens))
        there = (
            np.flatnonzero(counts[1:]) + 1
        )  # a clause of signs alone has no token; the first is the context
        pieces = np.zeros((len(counts) - 1, self._lexicon.dim), dtype=np.float32)
        if len(there):
            starts = (np.cumsum(counts) - counts)[there]
            pieces[there - 1] = np.add.reduceat(held.vectors, starts)
        size = len(pieces)
        toward, products = np.zeros(size + 1), np.zeros((size + 1, size + 1))
        toward[1:] = np.cumsum(pieces @ self._query, dtype=np.float64)
        products[1:, 1:] = (pieces @ pieces.T).astype(np.float64).cumsum(axis=0).cumsum(axis=1)
        end = last + 1
        squares = products[end, end] - 2 * products[first, end] + products[first, first]
        lengths = np.sqrt(np.maximum(squares, 0.0))
        cosines: NDArray[np.float64] = (toward[end] - toward[first]) / np.maximum(lengths, 1e-9)
        return np.clip(cosines, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a passage's clauses hold.

    ``tokens`` are those of the context and of each clause, ``vectors`` all of theirs; ``grams`` says where the
    question's grams stand (`Grams.held`), ``bounds`` where each clause begins there, and the end of the last.
    """

    tokens: list[NDArray[np.int32]]
    vectors: Vectors
    grams: NDArray[np.int32]
    bounds: NDArray[np.int64]


class Grams:
    """Finds the question's character n-grams, which are all of one length, all at once."""

    def __init__(self, grams: Sequence[str]) -> None:
        self._count = len(grams)
        self._length = len(grams[0]) if grams else NGRAM
        codes = _codes("".join(grams), self._length)[:: self._length]
        self._order = np.argsort(codes)
        self._codes = codes[self._order]

    def held(self, plain: str) -> NDArray[np.int32]:
        """How many of each gram begin before each place of a skeleton, shape (grams, places + 1)."""
        codes = _codes(plain, self._length)
        held = np.zeros((self._count, len(codes) + 1), dtype=np.int32)
        if self._count and len(codes):
            near = np.minimum(np.searchsorted(self._codes, codes), self._count - 1)
            places = np.flatnonzero(self._codes[near] == codes)
            held[self._order[near[places]], places + 1] = 1
            np.cumsum(held, axis=1, out=held)
        return held

    def share(
        self, held: NDArray[np.int32], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The share of the grams that stand wholly inside each stretch, given `held`, shape (stretches,)."""
        last = held.shape[1] - 1
        low = np.minimum(starts, last)
        high = np.clip(ends - self._length + 1, low, last)
        share: NDArray[np.float64] = (held[:, high] > held[:, low]).sum(axis=0) / max(1, self._count)
        return share


def _codes(text: str, length: int) -> NDArray[np.int64]:
    """A number for each stretch of so many characters (at most three), the same for the same ones."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
    places = max(0, len(points) - length + 1)
    codes = points[:places]
    for offset in range(1, length):
        codes = codes << 21 | points[offset : offset + places]
    return codes


def _present(
    text: str, needles: Sequence[str], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which needle stands wholly inside which stretch of the text, shape (needles, stretches)."""
    found = np.zeros((len(needles), len(starts)), dtype=np.bool_)
    for row, needle in enumerate(needles):
        places = []
        at = text.find(needle)
        while at >= 0:
            places.append(at)
            at = text.find(needle, at + 1)
        if places:
            held = np.asarray([*places, len(text) + 1])
            found[row] = held[np.searchsorted(held[:-1], starts)] + len(needle) <= ends
    return found
