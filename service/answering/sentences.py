"""A stream of words cut into sentences, each with the numbers that it cites.

Thai marks no sentence ends. The prompt asks for one sentence a line that ends with its citations, so a
sentence ends at a line's end or where a citation is followed by anything that does not go on with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Possessive, and a run of citations bounded: the endpoint's text must not be able to make matching slow.
_NUMBER = "[0-9๐-๙]{1,3}+"
_GROUP = rf"[\[【] ?+{_NUMBER}(?: {{0,2}}+[,–-] {{0,2}}+{_NUMBER}){{0,20}}+ ?+[\]】]"
_MARK = re.compile(_GROUP)
#: A run of citations, closing signs, and then what begins something else.
_END = re.compile(
    rf"(?:{_GROUP}[^\S\n]{{0,3}}+){{1,8}}+[.!?。)”\"']{{0,3}}+(?=[^\S\n]{{0,3}}+(?:\n|[^\s\[【,;:a-z.!?。)”\"'])|\s{{4}})|\n"
)
_RANGE = re.compile(r"([0-9]{1,3}) {0,2}[–-] {0,2}([0-9]{1,3})")
_DIGITS = {ord("๐") + value: str(value) for value in range(10)}
_BEGINNING = re.compile(r"^(?:[#>*•·–-]+|[0-9๐-๙]{1,2}[.)])(?=\s)\s*|^\*\*")
_EMPHASIS = re.compile(r"\*\*|__|`+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_GAP = re.compile(r"\s+")
_BEFORE_STOP = re.compile(r"\s+(?=[.,;!?。](?:\s|$))")
#: A line longer than this is no sentence; nothing that long is kept waiting.
MAX_CHARS = 1500
_SHOWN_CHARS = 100
_MAX_RANGE = 30


@dataclass(frozen=True, slots=True)
class Sentence:
    """Plain text without its citations, and the numbers it cites, ascending. None cited: an empty tuple."""

    text: str
    citations: tuple[int, ...]


class Sentences:
    """Takes words as they come and gives sentences as they are whole."""

    def __init__(self) -> None:
        self._left = ""
        self._thinking: bool | None = None

    def feed(self, words: str) -> Iterator[Sentence]:
        """The sentences that these words complete."""
        self._left += words
        if not self._past_thoughts():
            return
        while found := _END.search(self._left):
            piece, self._left = self._left[: found.end()], self._left[found.end() :]
            yield from _sentence(piece)
        if len(self._left) > MAX_CHARS:
            piece, self._left = self._left, ""
            yield from _sentence(piece)

    def finish(self) -> Iterator[Sentence]:
        """What is left when no more words come."""
        if self._thinking is not True:
            yield from self.feed("\n")

    def _past_thoughts(self) -> bool:
        """Whether the answer itself has begun: some models think aloud first, between ``<think>`` marks."""
        if self._thinking is None:
            start = self._left.lstrip()
            if len(start) < len("<think>") and "<think>".startswith(start) and "\n" not in self._left:
                return False
            self._thinking = start.startswith("<think>")
        if self._thinking:
            _, ended, after = self._left.partition("</think>")
            self._left = after if ended else self._left[-len("</think>") :]
            self._thinking = not ended
        return not self._thinking


def _sentence(piece: str) -> Iterator[Sentence]:
    if len(piece) > MAX_CHARS:
        shown = plain(piece[:_SHOWN_CHARS])
        if shown:
            yield Sentence(shown, ())
        return
    cited = sorted({number for mark in _MARK.findall(piece) for number in _numbers(mark)})
    text = plain(_MARK.sub(" ", piece))
    if text:
        yield Sentence(text, tuple(cited))


def _numbers(mark: str) -> Iterator[int]:
    folded = mark.translate(_DIGITS)
    for low, high in _RANGE.findall(folded):
        yield from range(int(low), min(int(high), int(low) + _MAX_RANGE))
    yield from map(int, re.findall(r"[0-9]+", folded))


def plain(text: str) -> str:
    """One line of text: no control or direction marks, no list mark, no emphasis.

    >>> plain(" - **เทศบาล** ทำ  MOU .")
    'เทศบาล ทำ MOU.'
    """
    text = _EMPHASIS.sub("", _UNSEEN.sub(" ", text)).strip()
    text = _BEGINNING.sub("", text)
    return _BEFORE_STOP.sub("", _GAP.sub(" ", text)).strip()
