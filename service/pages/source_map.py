"""From a span of a cleaned page back to the source text it came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from corpus.records import Piece


def source_spans(pieces: Sequence[Piece], source_text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where ``text[start:end]`` of a cleaned page stands in its source text.

    Ascending, not overlapping; spans with only white space between them are joined. There may be several:
    a sentence wrapped over an interleaved column stands in pieces in the source.
    """
    joined: list[tuple[int, int]] = []
    for low, high in sorted(_mapped(pieces, start, end)):
        if joined and (low <= joined[-1][1] or source_text[joined[-1][1] : low].isspace()):
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _mapped(pieces: Sequence[Piece], start: int, end: int) -> Iterator[tuple[int, int]]:
    first = max(0, bisect_right(pieces, start, key=lambda piece: piece.start) - 1)
    for piece in pieces[first:]:
        if piece.start >= end:
            return
        low, high = max(start, piece.start), min(end, piece.start + piece.length)
        if low >= high or not piece.source_length:
            continue
        if piece.length == piece.source_length:
            shift = piece.source_start - piece.start
            yield low + shift, high + shift
        else:  # an indivisible repair: all of it
            yield piece.source_start, piece.source_start + piece.source_length
