"""What peers index: plain windows of the raw text, the title in front of each.

A search library leaves reading and cutting to its user; this is what its user would write first. Nothing is cleaned.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from eval.datasets import read_corpus

WINDOW_CHARS = 500


class Window(NamedTuple):
    """A piece of a document: ``number`` counts within it, ``text`` begins with the title."""

    document_id: str
    number: int
    text: str


def windows(corpus: Path) -> Iterator[Window]:
    """Every window of a BEIR corpus file, in its order."""
    for document in read_corpus(corpus):
        for number, piece in enumerate(cut(document.text)):
            yield Window(document.document_id, number, f"{document.title}\n{piece}".strip())


def cut(text: str) -> Iterator[str]:
    """Pieces of at most `WINDOW_CHARS` characters that end at white space where the second half has any.

    An empty text gives one empty piece, so that its title is found.
    """
    start = 0
    while True:
        end = start + WINDOW_CHARS
        if end < len(text):
            space = max(text.rfind(mark, start + WINDOW_CHARS // 2, end) for mark in " \n\t")
            end = space + 1 if space > 0 else end
        yield text[start:end]
        start = end
        if start >= len(text):
            return


def batches(corpus: Path, size: int) -> Iterator[list[Window]]:
    """The windows, so many at a time."""
    stream = windows(corpus)
    while batch := list(islice(stream, size)):
        yield batch
