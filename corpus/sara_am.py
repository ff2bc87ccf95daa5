"""ำ whose circle a PDF writer lost: ``ค าน า`` for คำนำ, ``จ านวน`` for จำนวน.

No Thai word begins with า, so a space before it is a fault. It may stand for the
circle that was lost, or for nothing (``ท าง`` for ทาง): the longer dictionary word
decides, and the circle where both are words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from corpus.tracing import Traced

_LOST = re.compile("(?<=[\u0e01-\u0e2e])([\u0e48-\u0e4b]?) +\u0e32")
_AA, _AM = "\u0e32", "\u0e33"
_REACH_CHARS = 10
_THAI_END = re.compile("[\u0e01-\u0e4e]*\\Z")
_THAI_START = re.compile("[\u0e01-\u0e4e]*")


def restore(traced: Traced) -> Traced:
    """Close the gap before every า that stands alone, as ำ where it lost its circle."""
    text = traced.text

    def spelled(match: re.Match[str]) -> str:
        before = _THAI_END.search(text, max(0, match.start() - _REACH_CHARS), match.start())
        behind = _LOST.sub(lambda other: other[1] + _AM, text[match.end() : match.end() + _REACH_CHARS])
        after = _THAI_START.match(behind)
        return match[1] + _vowel(before[0] if before else "", match[1], after[0] if after else "")

    return traced.sub(_LOST, spelled)


@lru_cache(maxsize=4096)
def _vowel(before: str, tone: str, after: str) -> str:
    aa, am = _longest(before + tone, _AA, after), _longest(before + tone, _AM, after)
    return _AA if aa > am else _AM


def _longest(before: str, vowel: str, after: str) -> int:
    """The length of the longest word that holds the vowel."""
    words = _words()
    text, at = before + vowel + after, len(before)
    return max(
        (
            end - start
            for start in range(at)
            for end in range(at + 1, len(text) + 1)
            if text[start:end] in words
        ),
        default=0,
    )


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    from pythainlp.corpus import thai_words

    return frozenset(map(str, thai_words()))
