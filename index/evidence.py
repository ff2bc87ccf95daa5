"""The sentence that answers: the best run of clauses in a passage, with its offsets.

Thai marks no sentence ends, so candidates are runs of one to four consecutive
clauses (cut at spaces and newlines, never after an abbreviation). A candidate
scores by how much of the question's content it covers, by its cosine to the
question, and loses a little for length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.segment import fold
from index.features import TokenTable
from index.interfaces import Encoder, Vectors
from index.lexical import ngrams, skeleton
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


def candidates(text: str) -> list[tuple[int, int]]:
    """Runs of one to four clauses, at most `_MAX_CHARS` long unless a single clause is longer."""
    spans = clauses(text)
    runs = []
    for first, (start, before) in enumerate(spans):
        for begin, end in spans[first : first + _MAX_RUN]:
            if begin > before and (end - start > _MAX_CHARS or _new_line(text, before, begin)):
                break
            runs.append((start, end))
            before = end  # noqa: PLW2901 - the run grows
    return runs


class EvidenceFinder:
    """Scores candidates of many passages against one question.

    Args:
        asked: the question.
        weight: how much a content word matters (for example its inverse document frequency).
        lexicon: token vectors, for soft matches.
        encoder: gives cosines; ``None`` leaves them 0.
    """

    def __init__(
        self, asked: Query, weight: Callable[[str], float], lexicon: TokenTable, encoder: Encoder | None
    ) -> None:
        self._asked = asked
        self._encoder = encoder
        self._query: Vectors | None = encoder.encode_queries([asked.text])[0] if encoder else None
        self._weights = {term: weight(term) for term in asked.words}
        self._lexicon = lexicon
        self._tokens = np.unique(lexicon.rows([" ".join(asked.content)])[0])
        self._grams = set(ngrams("".join(asked.content)))
        self._total = sum(self._weights[t] for t in dict.fromkeys(asked.content) if t in self._weights)

    def best(self, text: str, context: str = "") -> Evidence | None:
        """The best candidate of a passage; ``context`` words count as known, not as evidence."""
        spans = candidates(text)
        if not spans:
            return None
        folded = fold(text)
        folded_context = fold(context)
        known = {term for term in self._weights if term in folded_context}
        cosines = self._cosines([text[start:end] for start, end in spans])
        scored = [
            self._score(folded, span, known, cosine) for span, cosine in zip(spans, cosines, strict=True)
        ]
        return max(scored, key=lambda e: (e.score, -e.start))

    def support(self, text: str, context: str) -> Support:
        """What a passage as a whole says, its context included."""
        whole = f"{context}\n{text}"
        folded = fold(whole)
        found = {term for term in self._weights if term in folded}
        plain = skeleton(whole)
        grams = sum(gram in plain for gram in self._grams) / len(self._grams) if self._grams else 0.0
        soft, weakest = self._soft(whole)
        return Support(self._share(found, self._weights), grams, self._cosines([whole])[0], soft, weakest)

    def _soft(self, text: str) -> tuple[float, float]:
        tokens = np.unique(self._lexicon.rows([text])[0])
        if not len(tokens) or not len(self._tokens):
            return 0.0, 0.0
        vectors, norms = self._lexicon.vectors, self._lexicon.norms
        asked = vectors[self._tokens] / np.maximum(norms[self._tokens], 1e-9)[:, None]
        there = vectors[tokens] / np.maximum(norms[tokens], 1e-9)[:, None]
        best = (asked @ there.T).max(axis=1)
        weights = norms[self._tokens] ** 2
        heavy = weights >= np.median(weights)
        return float(best @ weights / max(float(weights.sum()), 1e-9)), float(best[heavy].min())

    def _score(self, folded: str, span: tuple[int, int], known: set[str], cosine: float) -> Evidence:
        part = folded[span[0] : span[1]]
        found = {term for term in self._weights if term in part}
        coverage = self._share(found, self._weights)
        with_context = self._share(found | known, self._weights)
        plain = skeleton(part)
        grams = sum(gram in plain for gram in self._grams) / len(self._grams) if self._grams else 0.0
        length = max(0, span[1] - span[0] - _COMFORTABLE_CHARS) / 1000
        score = coverage + 0.5 * grams + cosine - length
        return Evidence(span[0], span[1], score, with_context, grams, cosine)

    def _share(self, found: set[str], weights: Mapping[str, float]) -> float:
        if self._total <= 0:
            return 0.0
        return min(1.0, sum(weights[term] for term in found) / self._total)

    def _cosines(self, texts: Sequence[str]) -> list[float]:
        if self._encoder is None or self._query is None:
            return [0.0] * len(texts)
        vectors = self._encoder.encode_passages(texts)
        return [float(value) for value in np.clip(vectors @ self._query, -1.0, 1.0)]
