"""Prepared batches for tests that write parts of an index by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.records import Passage
from corpus.segment import default_segmenter
from corpus.store import StoredPassage
from index.encoders import load_encoder, load_lexicon
from index.preparing import Prepared, prepare


def passage(row: int, context: str, text: str) -> StoredPassage:
    """A passage of document ``d<row>`` that tells no case."""
    return StoredPassage(row, Passage(f"p{row}", f"d{row}", 1, None, "", text, 0, len(text)), context, None)


def prepared(passages: Sequence[StoredPassage]) -> Prepared:
    """A batch by the built-in encoder and the general dictionary."""
    encoder = load_encoder()
    return prepare(passages, encoder, load_lexicon(encoder), default_segmenter())
