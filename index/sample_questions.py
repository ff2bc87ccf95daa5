"""Questions that a corpus itself suggests, to measure with where nobody has asked any."""

from __future__ import annotations

import numpy as np

from corpus.store import Store, StoredPassage
from index.delta import Rows
from index.interfaces import Encoder, Vectors

_PIECE_CHARS = 60


def sample_questions(snapshot: Store, rows: Rows, encoder: Encoder, count: int) -> Vectors:
    """Query vectors of titles, headings and pieces of sentences, in turn, evenly from all over the corpus.

    Args:
        snapshot: holds the passages.
        rows: their row numbers.
        encoder: encodes them as queries.
        count: how many to make at most.

    Returns:
        Shape (at most ``count``, dim), without zero vectors.
    """
    places = np.unique(np.linspace(0, len(rows) - 1, num=min(count, len(rows)), dtype=np.int64))
    stored = snapshot.stored(rows[places].tolist()) if len(rows) else {}
    texts = [_question(stored[row], number) for number, row in enumerate(sorted(stored))]
    vectors = encoder.encode_queries(texts)
    return vectors[np.any(vectors, axis=1)]


def _question(stored: StoredPassage, number: int) -> str:
    lines = stored.context.split("\n")
    if number % 3 < 2 and lines[0]:
        return lines[0 if number % 3 else -1]
    text = stored.passage.text
    start = max(0, len(text) // 2 - _PIECE_CHARS // 2)
    return text[start : start + _PIECE_CHARS]
