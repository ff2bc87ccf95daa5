"""Thai word segmentation for the word index, and the folding both sides of it share.

One segmenter serves queries and passages alike. Its dictionary is a file inside
the generation, so that a query is always cut as the passages were.
Algorithm: maximal matching over a dictionary within Thai character clusters
(newmm), in nlpo3's Rust form, called with ``safe=False`` because the safe mode
returns repeated text beyond 140 characters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

ENGINE = "nlpo3-newmm"
_DIGITS = {ord("๐") + i: str(i) for i in range(10)}
_THAI_DIGIT = re.compile("[๐-๙]")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2060\ufeff\ud800-\udfff\ue000-\uf8ff]")
_TERM = re.compile(r"[0-9A-Za-z\u00c0-\u024f\u0370-\u1fff\u0e01-\u0e2e\u2c00-\udfff\uf900-\U0001f000]")
_NUMBER_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_MAX_PIECE_CHARS = 2_000


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
    """Cuts text into words with one dictionary.

    Args:
        dictionary: a UTF-8 file with one word a line.

    Raises:
        FileNotFoundError: the dictionary is not there.
    """

    def __init__(self, dictionary: Path) -> None:
        from nlpo3 import load_dict

        data = dictionary.read_bytes()
        #: Pins engine and dictionary; recorded in a generation's manifest.
        self.name = f"{ENGINE}-{hashlib.sha256(data).hexdigest()[:16]}"
        load_dict(str(dictionary), self.name)  # loading the same name twice is a no-op

    def words(self, text: str) -> list[str]:
        """All words in order; joined they give the text without unsafe characters."""
        from nlpo3 import segment

        text = _UNSAFE.sub(" ", text)
        if len(text) <= _MAX_PIECE_CHARS:
            return list(segment(text, self.name, safe=False)) if text else []
        cut: list[str] = []
        for start in range(0, len(text), _MAX_PIECE_CHARS):
            cut += segment(text[start : start + _MAX_PIECE_CHARS], self.name, safe=False)
        return cut

    def terms(self, text: str) -> list[str]:
        """The folded words that carry content: no spaces, no bare punctuation.

        ``1,200`` and ``1200`` give the same term.
        """
        folded = _NUMBER_COMMA.sub("", fold(text))
        stripped = (
            word.strip() for word in self.words(folded)
        )  # some white space lies among the letters' ranges
        return [word for word in stripped if _TERM.search(word)]


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
