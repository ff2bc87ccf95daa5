"""Text with marked spans, cut into pieces that a template can escape one by one.

No HTML is made here: a template prints each piece's text, escaped, inside the
element its kind asks for. So nothing in a document or a question can ever become markup.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

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
    return [
        Segment(
            text[start:end],
            tuple(kind for kind, spans in clipped.items() if any(a <= start and end <= b for a, b in spans)),
        )
        for start, end in itertools.pairwise(cuts)
    ]


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
