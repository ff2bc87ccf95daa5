"""Text with marked spans, cut into pieces that a template can escape one by one.

No HTML is made here: a template prints each piece's text, escaped, inside the
element its kind asks for. So nothing in a document or a question can ever become markup.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_HEADING = re.compile(r"^(#{1,6} +)(.+)$", re.MULTILINE)

Spans = Iterable[tuple[int, int]]


class Segment(NamedTuple):
    """A run of text under the same marks; ``kinds`` are in the order they were given."""

    text: str
    kinds: tuple[str, ...] = ()


def segments(text: str, layers: Mapping[str, Spans]) -> list[Segment]:
    """Cut ``text`` wherever a span of a layer starts or ends.

    Spans may overlap and may reach outside the text. Joined, the segments' texts
    are ``text`` again.
    """
    clipped = {
        kind: [(max(0, start), min(len(text), end)) for start, end in spans] for kind, spans in layers.items()
    }
    clipped = {kind: [span for span in spans if span[0] < span[1]] for kind, spans in clipped.items()}
    cuts = sorted({0, len(text), *(edge for spans in clipped.values() for span in spans for edge in span)})
    # Counting who opens and closes at each cut keeps a page of ten thousand marks linear.
    changes = {kind: Counter(a for a, _ in spans) for kind, spans in clipped.items()}
    for kind, spans in clipped.items():
        changes[kind].subtract(Counter(b for _, b in spans))
    open_now = dict.fromkeys(clipped, 0)
    found = []
    for start, end in itertools.pairwise(cuts):
        for kind, change in changes.items():
            open_now[kind] += change[start]
        found.append(Segment(text[start:end], tuple(kind for kind, count in open_now.items() if count)))
    return found


def layout_spans(text: str) -> dict[str, list[tuple[int, int]]]:
    """Lines that a Markdown source marks as headings: their marks, and the titles behind them."""
    found = list(_HEADING.finditer(text))
    return {"hash": [m.span(1) for m in found], "title": [m.span(2) for m in found]}


def laid_out(text: str, layers: Mapping[str, Spans]) -> list[Segment]:
    """`segments` with the text's own headings told apart as well."""
    return segments(text, {**layers, **layout_spans(text)})


def window(text: str, spans: Sequence[tuple[int, int]], size_chars: int) -> tuple[int, int]:
    """The part of ``text``, about ``size_chars`` long, that holds the most of ``spans``.

    It begins and ends at white space where there is some near, and never inside a cluster.
    """
    if len(text) <= size_chars * 1.25:
        return 0, len(text)
    starts = [0, *(max(0, start - size_chars // 4) for start, _ in spans)]
    low = max(
        starts,
        key=lambda at: (sum(min(b, at + size_chars) - a for a, b in spans if at <= a < at + size_chars), -at),
    )
    high = min(len(text), low + size_chars)
    low = max(0, high - size_chars)
    return whole_clusters(text, _space_after(text, low, spans), _space_before(text, high, spans))


def _space_after(text: str, low: int, spans: Sequence[tuple[int, int]]) -> int:
    limit = min([start for start, _ in spans if start >= low] + [low + 60])
    found = re.search(r"\s+", text[low:limit]) if low else None
    return low + found.end() if found else low


def _space_before(text: str, high: int, spans: Sequence[tuple[int, int]]) -> int:
    limit = max([end for _, end in spans if end <= high] + [high - 60])
    found = text.rfind(" ", limit, high) if high < len(text) else -1
    return found if found > 0 else high


def whole_clusters(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span, clipped to the text, so that it cuts no vowel or tone mark off its consonant."""
    start = min(max(0, start), len(text))
    end = min(max(start, end), len(text))
    while 0 < start < len(text) and _combines(text[start]):
        start -= 1
    while end < len(text) and _combines(text[end]):
        end += 1
    return start, end


def _combines(char: str) -> bool:
    return char == "\u0e33" or unicodedata.category(char).startswith("M")
