"""From texts to the vocabulary: count words, then repair what longest match would cut wrongly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from pythainlp.corpus import thai_syllables, thai_words

from corpus.newmm import Newmm
from index.encoders.matching import LongestMatch
from index.training import data as sources
from index.training.tokenizer import UNKNOWN, Sizes, Vocabulary, canonical, choose

_EVERY = 3
_PAIRS_EVERY = 6
_THAI = re.compile("[\u0e01-\u0e5b]{2,}")
_LATIN = re.compile("[a-z]+|[0-9]+")
_ROUNDS = 6
_REPAIR_FROM = 40
_REFUSE_FROM = 60
_RARE_PAIR = 20
_ALWAYS = 10**6
_SHORT_PARTS = frozenset({"ปี", "วัด", "ยา", "น้ำ", "งู", "ปู", "หู", "มา", "ไป", "ให้"})
_SUFFIXES = ("s", "es", "ed", "d", "ing", "ly", "er", "ers", "al", "ment", "ion", "ions")
_SHIPPED = Sizes(thai=28_500, latin=15_000, numbers=2_000, thai_pieces=2_500, latin_pieces=3_000)


@dataclass(slots=True)
class Counts:
    """Segmented, lower-cased words and the pairs of Thai words that stand side by side."""

    words: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, words: Sequence[str], weight: int) -> None:
        """Count a line's words; Latin and numbers are taken out of what the segmenter left together."""
        for word in words:
            for part in _LATIN.findall(word) if _LATIN.search(word) else (word,):
                self.words[part] += weight


class Segmenter:
    """Newmm over pythainlp's words."""

    def __init__(self) -> None:
        self._newmm = Newmm(dictionary())

    def __call__(self, text: str) -> Iterator[list[str]]:
        """Words of each line of the text in their canonical spelling, lower-cased.

        Folded before counting: else สําคัญ, frequent in old files, would win a row of its own.
        """
        for line in canonical(text.lower()).replace("\u200b", "").split("\n"):
            if line:
                yield self._newmm.words(line)


def dictionary() -> set[str]:
    """Pythainlp's Thai words without blanks, lower-cased (CC0)."""
    return {word.lower() for word in thai_words() if " " not in word}


def count(data: Path) -> Counts:
    """Count the words of all training texts (a third of the government news is enough)."""
    counts, segment = Counts(), Segmenter()
    for number, (_, title, text) in enumerate(sources.government(data)):
        if number % _EVERY == 0:
            for words in segment(f"{title}\n{text}"):
                counts.add(words, 3)
                if number % _PAIRS_EVERY == 0:
                    counts.pairs.update(pairwise(words))
    for text, weight in _other_texts(data):
        for words in segment(text):
            counts.add(words, weight)
    kept = {p: c for p, c in counts.pairs.items() if c >= _RARE_PAIR and all(map(_THAI.fullmatch, p))}
    return replace(counts, pairs=Counter(kept))


def _other_texts(data: Path) -> Iterator[tuple[str, int]]:
    for pair in (*sources.natural(data), *sources.written(data)):
        yield pair.query, 10
    for left, right in sources.synonyms():
        yield f"{left}\n{right}", 5
    pairs = sources.questions(data)
    yield from ((pair.query, 3) for pair in sources.translated(pairs))
    yield from ((pair.query, 3) for pair in pairs)
    yield from ((passage, 3) for passage in dict.fromkeys(pair.passage for pair in pairs))
    for english, thai in sources.parallel(data):
        yield english, 1
        yield thai, 1
    yield from ((text, 1) for _, text in sources.laws(data))


def settle(counts: Counts, sizes: Sizes = _SHIPPED) -> Vocabulary:
    """Choose a vocabulary whose longest match rarely cuts wrongly.

    Longest match takes ทางการ out of ทางการศึกษา. Where a frequent pair of words is cut otherwise than at
    its seam, a spelling that is to blame is refused, and if a real word is, the pair gets a row of its own.
    """
    known = dictionary()
    words = Counter(counts.words)
    joined: set[str] = set()
    refused: set[str] = set()
    for turn in range(_ROUNDS):
        roomy = replace(sizes, thai=sizes.thai + len(joined))
        vocabulary = choose(words, known | joined, thai_syllables(), roomy, refused)
        blamed: Counter[str] = Counter()
        for pair, times, tokens in _miscut(vocabulary, counts.pairs):
            aliases = [token for token in tokens if token in vocabulary.aliases]
            blamed.update(dict.fromkeys(aliases, times))
            if not aliases and times >= _REPAIR_FROM and turn > 1:
                joined.add(pair)
                words[pair] = _ALWAYS + times
        # ํา for ำ is never to blame: it is the same word in other code points.
        refused |= {
            token for token, times in blamed.items() if times >= _REFUSE_FROM and "\u0e4d" not in token
        }
    return vocabulary


def _miscut(
    vocabulary: Vocabulary, pairs: Mapping[tuple[str, str], int]
) -> Iterator[tuple[str, int, list[str]]]:
    tokens = [*vocabulary.rows, *vocabulary.aliases]
    match = LongestMatch({token: index for token, index in vocabulary.ids.items() if token != UNKNOWN})
    rows = set(vocabulary.rows)
    alone: dict[str, list[int]] = {}
    for (left, right), times in pairs.items():
        sides = [alone.setdefault(word, match.encode(word)) for word in (left, right)]
        found = match.encode(left + right)
        if found != sides[0] + sides[1] and all(len(s) == 1 for s in sides) and left + right not in rows:
            yield left + right, times, [tokens[index] for index in found]


def parts(vocabulary: Vocabulary) -> list[list[int]]:
    """For each row the rows of the fewest words it is made of; empty where it is no compound."""
    places = {word: row for row, word in enumerate(vocabulary.rows)}
    return [_parts(word, places) if row else [] for row, word in enumerate(vocabulary.rows)]


def _parts(word: str, places: Mapping[str, int]) -> list[int]:
    if len(word) < 5:
        return []
    if word.isascii():
        return _stem(word, places) if word.isalpha() else []
    return _fewest(word, places)


def _stem(word: str, places: Mapping[str, int]) -> list[int]:
    for suffix in _SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem != word and len(stem) >= 3 and stem in places:
            return [places[stem]]
    return []


def _fewest(word: str, places: Mapping[str, int]) -> list[int]:
    best: list[list[int] | None] = [[], *[None] * len(word)]
    for start in range(len(word)):
        begun = best[start]
        for end in range(start + 2, len(word) + 1) if begun is not None else ():
            part = word[start:end]
            if part == word or part not in places or (len(part) < 3 and part not in _SHORT_PARTS):
                continue
            current = best[end]
            if current is None or len(begun or []) + 1 < len(current):
                best[end] = [*(begun or []), places[part]]
    return best[-1] or []
