"""Marking a question's words in a text, never inside a Thai cluster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from corpus.segment import fold

_SARA_AM = "\u0e33"


def spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Find where words stand in a text, ascending and apart; letter case and Thai digits do not matter.

    A match that a mark or sara am follows is another word, and is passed over.
    """
    folded = fold(text)
    if not words or len(folded) != len(text):
        return []
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(folded):
        start, end = match.span()
        if _is_mark(text, start) or _is_mark(text, end):
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _is_mark(text: str, place: int) -> bool:
    return place < len(text) and (
        text[place] == _SARA_AM or unicodedata.category(text[place]) in ("Mn", "Me")
    )


def pieces(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Cut a text into runs, each with whether it is marked; together they are the text."""
    cut: list[tuple[str, bool]] = []
    place = 0
    for start, end in spans(text, words):
        cut += [(text[place:start], False), (text[start:end], True)]
        place = end
    cut.append((text[place:], False))
    return [(part, marked) for part, marked in cut if part]


def excerpt(text: str, words: Sequence[str], length: int = 280) -> str:
    """Cut out about ``length`` characters around the first marked word, at white space where there is some."""
    if len(text) <= length:
        return text
    first = next(iter(spans(text, words)), (0, 0))[0]
    start = max(0, min(first - length // 3, len(text) - length))
    if start:
        space = text.find(" ", start, start + 40)
        start = space + 1 if space >= 0 else _cluster_start(text, start)
    end = _cluster_start(text, min(len(text), start + length))
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")


def _cluster_start(text: str, place: int) -> int:
    while 0 < place < len(text) and _is_mark(text, place):
        place -= 1
    return place
