"""Training batches: which text is asked for which, drawn anew for every step."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.training import data as sources
from index.training.bags import Bags, Ids, beside, offsets_within
from index.training.slips import noisy
from index.training.table import Batch

Random = np.random.Generator
Maker = Callable[[int, Random], Batch]
Places = NDArray[np.int64]
Kind = tuple[str, float, Maker]
"""A kind of batch: its name, how often it is drawn, its maker."""

SCALE = 20.0
NATURAL_SCALE = 14.0
"""A softer temperature for the natural questions: a sharp one learns their few thousand by heart."""
_DROP = 0.3
_NOISY = 0.25
_NATURAL_BATCH = 512
_NEGATIVES = 1024
_PASSAGES_A_DOCUMENT = 14
_CLOZE_TOKENS = (6, 22)
_SYNONYMS = 256
"""Few enough that a batch rarely holds two pairs of one group, each the other's wrong answer."""
_SHORTEST_PROVISION = 60


def cut(text: str, size: int = 450) -> list[str]:
    """Cut a text at blanks into passages of about ``size`` characters."""
    text = unicodedata.normalize("NFC", text)
    passages, start = [], 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            blank = max(text.rfind(" ", start + size // 2, end), text.rfind("\n", start + size // 2, end))
            end = blank if blank > 0 else end
        if len(text) - end < size // 4:
            end = len(text)
        if passage := text[start:end].strip():
            passages.append(passage)
        start = end
    return passages


@dataclass(frozen=True, slots=True)
class Encode:
    """Texts to bags of rows, with the slips that the questions get."""

    tokenizer: Tokenizer
    mapping: Ids
    rng: random.Random

    def __call__(self, texts: Sequence[str]) -> Bags:
        """Bags of clean texts."""
        return Bags.of(texts, self.tokenizer, self.mapping)

    def slipped(self, texts: Sequence[str], variants: int = 1) -> Bags:
        """Bags of ``variants`` mistyped copies of every text, copy after copy."""
        return self([noisy(text, self.rng) for _ in range(variants) for text in texts])


@dataclass(frozen=True, slots=True)
class Documents:
    """Titles and passages; passages of document ``i`` are ``first[i]`` up to ``first[i + 1]``."""

    titles: Bags
    slipped: Bags
    passages: Bags
    first: NDArray[np.int64]

    @classmethod
    def of(cls, documents: Iterable[tuple[str, str]], encode: Encode) -> Documents:
        """Cut (title, text) pairs into passages of varied length; long texts are sampled."""
        titles, passages, first = [], [], [0]
        for title, text in documents:
            cuts = cut(text, encode.rng.randint(320, 560))
            if not cuts:
                continue
            if len(cuts) > _PASSAGES_A_DOCUMENT:
                chosen = encode.rng.sample(range(1, len(cuts)), _PASSAGES_A_DOCUMENT - 1)
                cuts = [cuts[0], *(cuts[place] for place in sorted(chosen))]
            titles.append(unicodedata.normalize("NFC", title))
            passages += cuts
            first.append(len(passages))
        return cls(
            encode(titles), encode.slipped(titles), encode(passages), np.asarray(first, dtype=np.int64)
        )

    def some(self, size: int, rng: Random) -> NDArray[np.int64]:
        """Distinct documents."""
        return rng.choice(len(self.titles), min(size, len(self.titles)), replace=False)

    def passage_of(self, documents: NDArray[np.int64], rng: Random) -> NDArray[np.int64]:
        """A random passage of each document."""
        counts = np.diff(self.first)[documents]
        return self.first[documents] + (rng.random(len(documents)) * counts).astype(np.int64)

    def titled(self, places: Places) -> Bags:
        """Some passages with their titles."""
        owners = np.searchsorted(self.first, places, side="right") - 1
        return beside(self.titles.take(owners), self.passages.take(places))

    def negatives(self, size: int, rng: Random) -> Bags:
        """Random passages with their titles."""
        return self.titled(rng.integers(0, len(self.passages), size))

    def title_batch(self, size: int, rng: Random) -> Batch:
        """The title asks, any passage of its text answers, title withheld."""
        chosen = self.some(size, rng)
        queries = _either(self.titles, self.slipped, chosen, chosen, rng.random(len(chosen)) < _NOISY)
        passages = self.passages.take(self.passage_of(chosen, rng)).thinned(_DROP, rng)
        return Batch(queries, passages, SCALE, symmetric=True)

    def cloze_batch(self, size: int, rng: Random) -> Batch:
        """A stretch of a passage asks; the rest of it, or another passage of the text, answers.

        Half the time most words that question and answer share are taken out of the answer (inverse cloze,
        Lee et al. 2019), so that meaning must do what overlap would do for free.
        """
        chosen = self.some(size, rng)
        asked = self.passage_of(chosen, rng)
        whole = self.passages.take(asked)
        lengths = np.minimum(rng.integers(*_CLOZE_TOKENS, len(chosen)), np.maximum(whole.lengths // 2, 1))
        starts = (rng.random(len(chosen)) * (whole.lengths - lengths + 1)).astype(np.int64)
        queries = whole.keep(_inside(whole, starts, lengths))
        other = rng.random(len(chosen)) < 0.5
        answering = np.where(other, self.passage_of(chosen, rng), asked)
        body = self.passages.take(answering)
        own = (answering == asked)[body.owners] & _inside(body, starts, lengths)
        body = body.keep(~own)
        titles = self.titles.take(chosen)
        titles = titles.keep((rng.random(len(chosen)) >= 0.3)[titles.owners])
        answers = beside(titles, body)
        bare = (rng.random(len(chosen)) < 0.5)[answers.owners] & (rng.random(len(answers.ids)) < 0.7)
        answers = answers.keep(~(bare & _shared(answers, queries)))
        return Batch(queries, answers.thinned(_DROP, rng), SCALE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions with the passage that answers each, and mistyped copies of the questions."""

    questions: Bags
    slipped: Bags
    answers: Bags
    negatives: Callable[[Random], Bags]
    scale: float
    noisy: float
    most: int = 1 << 20
    """Questions a batch may hold: where few exist, large batches hold near-duplicates as negatives."""
    hard: Callable[[Places, Random], Bags] | None = None
    """One more negative for each of some questions (see `index.training.mining`)."""

    def batch(self, size: int, rng: Random) -> Batch:
        """Questions, their passages, and further passages as negatives."""
        chosen = rng.choice(len(self.questions), min(size, self.most, len(self.questions)), replace=False)
        copies = len(self.slipped) // len(self.questions)
        copy = rng.integers(0, copies, len(chosen)) * len(self.questions) + chosen
        queries = _either(self.questions, self.slipped, chosen, copy, rng.random(len(chosen)) < self.noisy)
        passages = self.answers.take(chosen) + self.negatives(rng)
        if self.hard is not None:
            passages += self.hard(chosen, rng)
        return Batch(queries, passages.thinned(_DROP * 0.7, rng), self.scale)

    def harder(self, mined: Places, documents: Documents) -> Asked:
        """The same with one of each question's mined passages, shape (questions, n), in every batch."""

        def hard(chosen: Places, rng: Random) -> Bags:
            return documents.titled(mined[chosen, rng.integers(0, mined.shape[1], len(chosen))])

        return replace(self, hard=hard)


@dataclass(frozen=True, slots=True)
class Texts:
    """All training texts as bags of rows."""

    news: Documents
    natural: Asked
    english: Asked
    encyclopedia: Asked
    parallel: Maker
    synonyms: Maker
    laws: Maker

    @classmethod
    def read(cls, data: Path, encode: Encode) -> Texts:
        """Read and tokenize everything; minutes.

        Raises:
            DataError: a file is missing.
        """
        news = Documents.of(((title, text) for _, title, text in sources.government(data)), encode)
        written = sources.written(data)
        thai_questions = [*sources.natural(data), *(pair for pair in written if not pair.english)]
        english_questions = [pair for pair in written if pair.english]
        encyclopedia = sources.questions(data)
        english, thai = (encode(side) for side in zip(*sources.parallel(data), strict=True))
        sections, provisions = (encode(side) for side in zip(*_laws(data), strict=True))
        left, right = (encode(side) for side in zip(*sources.synonyms(), strict=True))
        return cls(
            news,
            _natural(thai_questions, encode, news),
            _natural(english_questions, encode, news),
            _questions([*encyclopedia, *sources.translated(encyclopedia)], encode),
            _pairs(english, thai, (0.1, 0.1), symmetric=True),
            _pairs(left, right, (0.0, 0.0), symmetric=True, most=_SYNONYMS),
            _pairs(sections, provisions, (0.0, _DROP), symmetric=False),
        )

    def kinds(self) -> list[Kind]:
        """Every kind of batch that there are texts for."""
        kinds: list[Kind] = [
            ("title", 3.0, self.news.title_batch),
            ("cloze", 3.0, self.news.cloze_batch),
            ("natural", 4.0, self.natural.batch),
            ("english", 1.0, self.english.batch),
            ("encyclopedia", 2.0, self.encyclopedia.batch),
            ("parallel", 4.0, self.parallel),
            ("synonyms", 0.3, self.synonyms),
            ("laws", 0.2, self.laws),
        ]
        return [kind for kind in kinds if kind[0] != "english" or len(self.english.questions)]


def _laws(data: Path) -> Iterator[tuple[str, str]]:
    for title, text in sources.laws(data):
        yield from ((title, passage) for passage in cut(text)[:2] if len(passage) > _SHORTEST_PROVISION)


def _natural(pairs: Sequence[sources.Pair], encode: Encode, news: Documents) -> Asked:
    queries = [pair.query for pair in pairs]
    answers = beside(encode([pair.title for pair in pairs]), encode([pair.passage for pair in pairs]))

    def negatives(rng: Random) -> Bags:
        return news.negatives(_NEGATIVES, rng)

    return Asked(
        encode(queries),
        encode.slipped(queries, 6),
        answers,
        negatives,
        NATURAL_SCALE,
        _NOISY + 0.1,
        _NATURAL_BATCH,
    )


def _questions(pairs: Sequence[sources.Pair], encode: Encode) -> Asked:
    contexts = {pair.passage: cut(pair.passage) for pair in pairs}
    queries = [pair.query for pair in pairs]
    titles = encode([pair.title for pair in pairs])
    answers = encode([_best(pair, contexts[pair.passage]) for pair in pairs])
    title_of = {pair.passage: pair.title for pair in pairs}
    others = [(title_of[context], passage) for context, cuts in contexts.items() for passage in cuts]
    other = beside(encode([title for title, _ in others]), encode([passage for _, passage in others]))

    def negatives(rng: Random) -> Bags:
        return other.take(rng.integers(0, len(other), _NEGATIVES // 2))

    return Asked(
        encode(queries), encode.slipped(queries, 3), beside(titles, answers), negatives, SCALE, _NOISY
    )


def _best(pair: sources.Pair, passages: Sequence[str]) -> str:
    """The passage of a context that holds the answer and shares most with the question (and the answer)."""
    holding = [p for p in passages if pair.answer in p] or passages
    asked = _trigrams(f"{pair.query} {pair.answer}" if pair.english else pair.query)
    return max(holding, key=lambda passage: len(asked & _trigrams(passage)))


def _trigrams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}


def _pairs(
    left: Bags, right: Bags, drop: tuple[float, float], *, symmetric: bool, most: int = 1 << 20
) -> Maker:
    def make(size: int, rng: Random) -> Batch:
        chosen = rng.choice(len(left), min(size, most, len(left)), replace=False)
        queries, passages = left.take(chosen), right.take(chosen)
        return Batch(queries.thinned(drop[0], rng), passages.thinned(drop[1], rng), SCALE, symmetric)

    return make


def _either(
    clean: Bags,
    slipped: Bags,
    at: NDArray[np.int64],
    slipped_at: NDArray[np.int64],
    mistyped: NDArray[np.bool_],
) -> Bags:
    both = clean.take(at) + slipped.take(slipped_at)
    return both.take(np.arange(len(at)) + len(at) * mistyped)


def _inside(bags: Bags, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    places = offsets_within(bags.lengths)
    begin = starts[bags.owners]
    inside: NDArray[np.bool_] = (places >= begin) & (places < begin + lengths[bags.owners])
    return inside


def _shared(answers: Bags, queries: Bags) -> NDArray[np.bool_]:
    """Which tokens of each answer its own question holds too."""
    width = int(max(answers.ids.max(initial=0), queries.ids.max(initial=0))) + 1
    held = queries.owners * width + queries.ids
    shared: NDArray[np.bool_] = np.isin(answers.owners * width + answers.ids, held)
    return shared
