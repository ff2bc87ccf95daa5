"""Thai word segmentation for the word index, and the folding both sides of it share.

One segmenter serves queries and passages alike. Its dictionary is a file inside
the generation, so that a query is always cut as the passages were.
Algorithm: maximal matching over a dictionary within Thai character clusters
(`corpus.newmm`), which gives the same words as nlpo3 without its safe mode.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from corpus.newmm import UNSAFE_CHARACTER, Newmm

ENGINE = "nlpo3-newmm"
"""Whose words `corpus.newmm` gives, so that indexes made with nlpo3 itself stay what they are."""
_DIGITS = {ord("๐") + i: str(i) for i in range(10)}
_THAI_DIGIT = re.compile("[๐-๙]")
_NUMBER_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_MAX_PIECE_CHARS = 2_000
_NO_CHARACTER = "\x1f"
"""Unsafe, so that no term holds it."""


def fold(text: str) -> str:
    """Lower case and Arabic digits, character for character: offsets stay true.

    >>> fold("MOU ปี ๒๕๖๒")
    'mou ปี 2562'
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters grow when lowered; leave those alone
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_DIGITS) if _THAI_DIGIT.search(lowered) else lowered


class Segmenter:
    """Cuts text into words with one dictionary; safe to share between threads.

    Args:
        dictionary: a UTF-8 file with one word a line.

    Raises:
        FileNotFoundError: the dictionary is not there.
    """

    def __init__(self, dictionary: Path) -> None:
        data = dictionary.read_bytes()
        #: Pins algorithm and dictionary; recorded in a generation's manifest.
        self.name = f"{ENGINE}-{hashlib.sha256(data).hexdigest()[:16]}"
        self._newmm = _of(data)

    def words(self, text: str) -> list[str]:
        """All words in order; joined they give the text without unsafe characters."""
        return self._newmm.words(UNSAFE_CHARACTER.sub(" ", text))

    def terms(self, text: str) -> list[str]:
        """The folded words that carry content: no spaces, no bare punctuation.

        ``1,200`` and ``1200`` give the same term.
        """
        [joined] = self._newmm.terms([_counted(text)], _NO_CHARACTER)
        return joined.split(_NO_CHARACTER) if joined else []

    def joined_terms(self, texts: Sequence[str]) -> list[str]:
        """The `terms` of each text with a space between two; many texts at once are quicker."""
        return self._newmm.terms([_counted(text) for text in texts], " ")


@lru_cache(maxsize=2)
def _of(dictionary: bytes) -> Newmm:
    """The general dictionary and a generation's are open at a time; most generations have that of the one before."""
    return Newmm(dictionary.decode("utf-8").split("\n"), _MAX_PIECE_CHARS)


def _counted(text: str) -> str:
    """Folded, with numbers as they are counted."""
    folded = fold(text)
    return _NUMBER_COMMA.sub("", folded) if "," in folded else folded


def dictionary_words(extra: Iterable[str] = ()) -> list[str]:
    """Words of pythainlp (CC0), administrative terms, places and ``extra``; sorted, unique."""
    from pythainlp.corpus import thai_words

    from corpus import gazetteer

    words = set(thai_words()) | set(gazetteer.dictionary_terms())
    words |= {word.strip() for word in extra}
    return sorted(word for word in words if len(word) > 1)


def write_dictionary(path: Path, extra: Iterable[str] = ()) -> None:
    """Write the dictionary that a generation's segmenter reads."""
    path.write_text("\n".join(dictionary_words(extra)) + "\n", encoding="utf-8")


@lru_cache(maxsize=1)
def default_segmenter() -> Segmenter:
    """A segmenter over the general dictionary, for work outside any generation."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.txt"
        write_dictionary(path)
        return Segmenter(path)


def words(text: str) -> list[str]:
    """Cut with the general dictionary."""
    return default_segmenter().words(text)
