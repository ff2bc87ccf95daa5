"""The built-in encoder's tokenizer: dictionary words, corpus words, English, numbers and pieces.

One embedding row may be reached by several spellings. ``สำคัญ``, its decomposed form ``สําคัญ`` and its
mark-free form, ``๒๕๖๒`` and ``2562``, ``MOU`` and ``mou`` are *aliases*: separate tokens mapped to the same
row. Normalisation by alias costs nothing at run time and cannot differ between two loaders, because it
lies in the vocabulary itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from index.encoders.matching import INVISIBLE

UNKNOWN = "[UNK]"
MARKS = "\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
"""The marks that typists and bad extraction drop: maitaikhu, the four tones, thanthakhat."""

_TONES = "\u0e48\u0e49\u0e4a\u0e4b"
_THAI_DIGITS = {ord(str(n)): chr(0x0E50 + n) for n in range(10)}
_DROP_MARKS = {ord(mark): None for mark in MARKS}
_COMBINING = set("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e3a\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4d\u0e4e")
_FOLLOWING = _COMBINING | set("\u0e30\u0e32\u0e33\u0e45")
_LEADING = set("\u0e40\u0e41\u0e42\u0e43\u0e44")
_THAI_WORD = re.compile("[\u0e01-\u0e5b.]{2,30}")
_LATIN_WORD = re.compile("[a-z]{2,20}")
_NUMBER = re.compile("[0-9]{2,4}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``rows``: the spelling of each embedding row; ``aliases``: other spellings -> row."""

    rows: tuple[str, ...]
    aliases: Mapping[str, int]

    @property
    def ids(self) -> dict[str, int]:
        """Every token and its id: rows first, then the other spellings."""
        return {token: index for index, token in enumerate([*self.rows, *self.aliases])}

    @property
    def mapping(self) -> list[int]:
        """Token id -> embedding row."""
        return [*range(len(self.rows)), *self.aliases.values()]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows of each kind a vocabulary may hold."""

    thai: int = 28_000
    latin: int = 14_000
    numbers: int = 2_000
    thai_pieces: int = 4_000
    latin_pieces: int = 3_000


def choose(counts: Mapping[str, int], dictionary: Iterable[str], sizes: Sizes | None = None) -> Vocabulary:
    """Choose the rows from counts of segmented, lower-cased words.

    A word outside the dictionary must be twice as frequent as one inside to win a row: what the
    segmenter leaves over is mostly fragments of names.
    """
    sizes = sizes or Sizes()
    known = {word.lower() for word in dictionary}
    thai = {w: c if w in known else c // 2 for w, c in counts.items() if _THAI_WORD.fullmatch(w)}
    latin = {w: c for w, c in counts.items() if _LATIN_WORD.fullmatch(w)}
    numbers = {w: c for w, c in counts.items() if _NUMBER.fullmatch(w)}
    rows = {UNKNOWN: None}
    for kind, limit in ((thai, sizes.thai), (latin, sizes.latin), (numbers, sizes.numbers)):
        rows |= dict.fromkeys(_most_frequent(kind, limit))
    rows |= dict.fromkeys(_most_frequent(_piece_counts(thai, rows, _thai_pieces), sizes.thai_pieces))
    rows |= dict.fromkeys(_most_frequent(_piece_counts(latin, rows, _latin_pieces), sizes.latin_pieces))
    rows |= dict.fromkeys(_characters())
    return Vocabulary(tuple(rows), _aliases(tuple(rows)))


def build(vocabulary: Vocabulary) -> Tokenizer:
    """Return the tokenizer: the longest known token at each place, every other character a separator.

    It is a WordPiece model with an empty continuation mark, because that is longest match and loads
    everywhere; `index.encoders.matching` does the same faster.
    """
    ids = vocabulary.ids
    letters = "".join(sorted(token for token in ids if len(token) == 1))
    tokenizer = Tokenizer(
        models.WordPiece(
            ids, unk_token=UNKNOWN, continuing_subword_prefix="", max_input_chars_per_word=1_000_000
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(f"[{INVISIBLE}]"), "")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(f"[^{_escaped(letters)}]+"), "removed")
    return tokenizer


def without_marks(text: str) -> str:
    """The text as a hasty typist leaves it: no tone marks, ำ decomposed."""
    return text.translate(_DROP_MARKS).replace("\u0e33", "\u0e4d\u0e32")


def spellings(word: str) -> Iterator[str]:
    """Other ways in which the same word reaches us, the most trustworthy first."""
    if "\u0e33" in word:
        yield word.replace("\u0e33", "\u0e4d\u0e32")
        for tone in _TONES:
            if tone + "\u0e33" in word:
                yield word.replace(tone + "\u0e33", "\u0e4d" + tone + "\u0e32")
    if any("0" <= c <= "9" for c in word):
        yield word.translate(_THAI_DIGITS)
    if word.isascii() and word.isalpha():
        yield word.upper()
        yield word.capitalize()
    if any(mark in word for mark in MARKS):
        yield word.translate(_DROP_MARKS)
        yield without_marks(word)


def _aliases(rows: Sequence[str]) -> dict[str, int]:
    # In the rows' order (frequent first): a spelling belongs to the word that claims it first, and
    # never displaces a word of its own.
    taken = set(rows)
    aliases: dict[str, int] = {}
    for row, word in enumerate(rows):
        for other in spellings(word) if row else ():
            if other not in taken:
                taken.add(other)
                aliases[other] = row
    return aliases


def _most_frequent(counts: Mapping[str, int], limit: int) -> list[str]:
    return sorted(counts, key=lambda w: (-counts[w], w))[:limit]


def _piece_counts(counts: Mapping[str, int], chosen: Container[str], pieces: Callable[[str], Iterable[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for word, count in counts.items():
        # Words without a row of their own tell which pieces are needed; the others vote faintly.
        weight = count * 20 if word not in chosen else 1 + count // 1000
        for piece in pieces(word):
            if piece not in chosen:
                found[piece] += weight
    return found


def _thai_pieces(word: str) -> Iterator[str]:
    for start in range(len(word)):
        if word[start] in _FOLLOWING or word[start] == ".":
            continue
        for end in range(start + 2, min(start + 6, len(word)) + 1):
            if (end == len(word) or word[end] not in _FOLLOWING) and word[end - 1] not in _LEADING:
                yield word[start:end]


def _latin_pieces(word: str) -> Iterator[str]:
    for start in range(len(word) - 1):
        for end in range(start + 2, min(start + 5, len(word)) + 1):
            yield word[start:end]


def _escaped(letters: str) -> str:
    return "".join("\\" + letter if letter in r"\]^-[&~" else letter for letter in letters)


def _characters() -> Iterator[str]:
    yield from (chr(code) for code in range(0x0E01, 0x0E5C) if code not in range(0x0E3B, 0x0E3F))
    yield from "abcdefghijklmnopqrstuvwxyz0123456789.%"
