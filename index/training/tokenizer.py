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
_ARABIC_DIGITS = {thai: str(n) for n, thai in enumerate(range(0x0E50, 0x0E5A))}
_BROKEN_AM = re.compile("(?:\u0e4d([\u0e48-\u0e4b]?)|([\u0e48-\u0e4b])\u0e4d)\u0e32")
_DROP_MARKS = {ord(mark): None for mark in MARKS}
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


def choose(
    counts: Mapping[str, int],
    dictionary: Iterable[str],
    syllables: Iterable[str] = (),
    sizes: Sizes | None = None,
    refused: Container[str] = (),
) -> Vocabulary:
    """Choose the rows from counts of segmented, lower-cased words.

    Args:
        counts: how often each segmented word stands in the training texts.
        dictionary: words that are real. Others are mostly fragments of names: they must be twice as
            frequent, and may not begin with a word (longest match would take ``การท`` out of การทำ).
        syllables: Thai syllables, from which the pieces of unknown words are taken.
        sizes: rows of each kind.
        refused: spellings that may not become aliases, because longest match finds them in other words.
    """
    sizes = sizes or Sizes()
    known = {word.lower() for word in dictionary}
    thai = {w: c for w, c in counts.items() if w in known and _THAI_WORD.fullmatch(w)}
    rest = {w: c // 2 for w, c in counts.items() if w not in known and _THAI_WORD.fullmatch(w)}
    spare = {w: c for w, c in rest.items() if not _swallows(w, thai)}
    latin = {w: c for w, c in counts.items() if _LATIN_WORD.fullmatch(w)}
    numbers = {w: c for w, c in counts.items() if _NUMBER.fullmatch(w)}
    rows: dict[str, None] = {UNKNOWN: None}
    for kind, limit in ((thai | spare, sizes.thai), (latin, sizes.latin), (numbers, sizes.numbers)):
        rows |= dict.fromkeys(_most_frequent(kind, limit))
    allowed = set(syllables)
    thai_pieces = _piece_counts(thai | rest, rows, lambda word: (p for p in _pieces(word, 6) if p in allowed))
    rows |= dict.fromkeys(_most_frequent(thai_pieces, sizes.thai_pieces))
    latin_pieces = _piece_counts(latin, rows, lambda word: _pieces(word, 5))
    rows |= dict.fromkeys(_most_frequent(latin_pieces, sizes.latin_pieces))
    rows |= dict.fromkeys(_characters())
    return Vocabulary(tuple(rows), _aliases(tuple(rows), refused))


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


def canonical(text: str) -> str:
    """The spelling that rows are named by: ำ composed and after its tone, Arabic digits."""
    return _BROKEN_AM.sub("\\1\\2\u0e33", text).translate(_ARABIC_DIGITS)


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


def _aliases(rows: Sequence[str], refused: Container[str]) -> dict[str, int]:
    # In the rows' order (frequent first): a spelling belongs to the word that claims it first, and
    # never displaces a word of its own.
    taken = set(rows)
    aliases: dict[str, int] = {}
    for row, word in enumerate(rows):
        for other in spellings(word) if row else ():
            if other not in taken and other not in refused:
                taken.add(other)
                aliases[other] = row
    return aliases


def _most_frequent(counts: Mapping[str, int], limit: int) -> list[str]:
    return sorted(counts, key=lambda w: (-counts[w], w))[:limit]


def _piece_counts(
    counts: Mapping[str, int], chosen: Container[str], pieces: Callable[[str], Iterable[str]]
) -> Counter[str]:
    found: Counter[str] = Counter()
    for word, count in counts.items():
        # Words without a row of their own tell which pieces are needed; the others vote faintly.
        weight = count * 20 if word not in chosen else 1 + count // 1000
        for piece in pieces(word):
            if piece not in chosen and not _swallows(piece, chosen):
                found[piece] += weight
    return found


def _swallows(piece: str, chosen: Container[str]) -> bool:
    # Under longest match การส would beat การ and break การสร้าง: a piece may not begin with a word.
    return any(piece[:size] in chosen for size in range(2, len(piece)))


def _pieces(word: str, longest: int) -> Iterator[str]:
    for start in range(len(word) - 1):
        for end in range(start + 2, min(start + longest, len(word)) + 1):
            yield word[start:end]


def _escaped(letters: str) -> str:
    return "".join("\\" + letter if letter in r"\]^-[&~" else letter for letter in letters)


def _characters() -> Iterator[str]:
    yield from (chr(code) for code in range(0x0E01, 0x0E5C) if code not in range(0x0E3B, 0x0E3F))
    yield from "abcdefghijklmnopqrstuvwxyz0123456789.%"
