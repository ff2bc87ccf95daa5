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
from corpus.trie import code_points
from index import evidence_kernel as kernel
from index import feature_kernel as features
from index.encoders import StaticEncoder
from index.interfaces import Integers, Vectors
from index.lexical import NGRAM, ngrams, skeleton_points
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
        leading = lexicon.leading[0].shape[1]
        self._directions = np.concatenate(
            [lexicon.directions(self._tokens), self._query[None, :leading].astype(np.float32)]
        )
        self._token_weights = lexicon.norms[self._tokens] ** 2
        self._weighty = (
            self._token_weights >= np.median(self._token_weights) if len(self._tokens) else self._tokens
        )
        self._grams = Grams(sorted(set(ngrams("".join(asked.content)))))

    def weigh(self, text: str, context: str = "") -> tuple[Evidence, Support] | None:
        """The best candidate of a passage, and what the passage as a whole says.

        ``context`` words count as known: they support, but a candidate gets no credit for them.
        """
        spans = clauses(text)
        if not spans:
            return None
        folded, folded_context = fold(text), fold(context)
        rows = self._lexicon.rows([context, *(text[start:end] for start, end in spans)])
        tokens = _Tokens(np.concatenate(rows), np.cumsum([0, *map(len, rows)]))
        grams = self._grams.held(folded_context, folded)
        known = np.asarray([term in folded_context for term in self._terms], dtype=np.bool_)
        evidence = self._best(folded, known, spans, tokens, grams)
        found = known | np.asarray([term in folded for term in self._terms], dtype=np.bool_)
        return evidence, self._support(found, tokens.rows, grams)

    def _best(
        self,
        folded: str,
        known: NDArray[np.bool_],
        spans: list[tuple[int, int]],
        tokens: _Tokens,
        grams: HeldGrams,
    ) -> Evidence:
        first, last = np.asarray(runs(folded, spans)).T.copy()
        bounds = np.asarray(spans).T.copy()
        starts, ends = bounds[0][first], bounds[1][last]
        found = kernel.held(*_occurrences(folded, self._terms), starts, ends)
        coverage = kernel.weighed_shares(self._weights, self._total, found)
        shares = grams.shares(starts, ends)
        quantised, scale = self._lexicon.vectors.stored_rows
        cosines = kernel.cosines(quantised, scale, tokens.rows, tokens.bounds[1:], self._query, first, last)
        lengths = np.maximum(0, ends - starts - _COMFORTABLE_CHARS) / 1000
        scores = coverage + 0.5 * shares + cosines - lengths
        best = int(np.lexsort((starts, -scores))[0])
        total = kernel.weighed_shares(self._weights, self._total, (found[:, best] | known)[:, None])
        return Evidence(
            int(starts[best]), int(ends[best]), float(scores[best]),
            float(total[0]), float(shares[best]), float(cosines[best]),
        )  # fmt: skip

    def _support(self, found: NDArray[np.bool_], tokens: Integers, grams: HeldGrams) -> Support:
        leading, scale = self._lexicon.leading
        kinds, _, number = features.kinds(tokens, self._tokens, len(scale))
        cosine = float(np.clip(self._lexicon.pooled(tokens) @ self._query, -1.0, 1.0))
        similar, _ = features.similarities(
            leading, scale, self._lexicon.norms, kinds, number, self._directions
        )
        coverage = kernel.weighed_shares(self._weights, self._total, found[:, None])
        return Support(float(coverage[0]), grams.share, cosine, *self._soft(similar))

    def _soft(self, similar: Vectors) -> tuple[float, float]:
        """How well the question's tokens are matched: on average, and the worst of the weighty half."""
        if len(similar) < 2 or not len(self._tokens):  # the last row is nobody's
            return 0.0, 0.0
        best = similar.max(axis=0)
        weights = self._token_weights
        return float(best @ weights / max(float(weights.sum()), 1e-9)), float(best[self._weighty].min())


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Token rows of a context and of each clause, end to end, and where each of these begins, and the end."""

    rows: Integers
    bounds: NDArray[np.int64]


class Grams:
    """Finds the question's character n-grams, which are all of one length, all at once."""

    def __init__(self, grams: Sequence[str]) -> None:
        self._length = len(grams[0]) if grams else NGRAM
        self._codes = np.sort(kernel.gram_codes(code_points(grams)[0], self._length))

    def held(self, context: str, text: str) -> HeldGrams:
        """Where they stand in a folded context with a folded text after it."""
        before, (letters, kept) = skeleton_points(context)[0], skeleton_points(text)
        found = kernel.gram_places(np.concatenate([before, letters]), self._codes, self._length)
        bounds = np.zeros(len(kept) + 1, dtype=np.int64)
        np.cumsum(kept, out=bounds[1:])
        return HeldGrams(found, len(self._codes), self._length, bounds + len(before))


@dataclass(frozen=True, slots=True)
class HeldGrams:
    """Where the question's n-grams stand in a passage.

    ``found`` is what `index.evidence_kernel.gram_places` gave for the skeleton of context and text, ``bounds`` where in
    it each character of the text stands, and the end of the last.
    """

    found: Integers
    count: int
    length: int
    bounds: NDArray[np.int64]

    def shares(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
        """The share of the n-grams that stand wholly inside each stretch of the text, shape (stretches,)."""
        return kernel.gram_shares(self.found, self.count, self.length, self.bounds[starts], self.bounds[ends])

    @property
    def share(self) -> float:
        """The share of them that stand anywhere."""
        return len(np.unique(self.found[self.found >= 0])) / max(1, self.count)


def _occurrences(
    text: str, needles: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Which needle stands where in the text, by number, and each one's length."""
    found, places = [], []
    for number, needle in enumerate(needles):
        at = text.find(needle)
        while at >= 0:
            found.append(number)
            places.append(at)
            at = text.find(needle, at + 1)
    lengths = [len(needle) for needle in needles]
    return (
        np.asarray(found, dtype=np.int64),
        np.asarray(places, dtype=np.int64),
        np.asarray(lengths, dtype=np.int64),
    )
