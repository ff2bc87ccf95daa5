"""What a good engineer writes in an afternoon: bm25s over newmm's words, FAISS over vectors, reciprocal rank fusion.

Fusion: Cormack, Clarke and Büttcher 2009, with their k = 60.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import bm25s
import faiss
from pythainlp.tokenize import word_tokenize

from eval.peers.encoder import sentence_transformer
from eval.peers.runner import PASSAGES, installed, serve
from eval.peers.windows import windows

_WORDS, _VECTORS, _IDS = "bm25s", "vectors.faiss", "ids.json"
_K = 60


def words(text: str) -> list[str]:
    """Thai words, white space left out."""
    return [word for word in word_tokenize(text, engine="newmm", keep_whitespace=False) if word.strip()]


class ByHand:
    """Two indexes and a list of document ids."""

    def __init__(self) -> None:
        self._model = sentence_transformer()
        self._words: Any = None
        self._vectors: Any = None
        self._ids: list[str] = []

    def versions(self) -> Mapping[str, str]:
        """All that takes part."""
        return installed("bm25s", "faiss-cpu", "pythainlp", "sentence-transformers")

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Everything in memory, then three files."""
        found = list(windows(corpus))
        self._ids = [window.document_id for window in found]
        self._words = bm25s.BM25()
        self._words.index([words(window.text) for window in found], show_progress=False)
        vectors = self._model.encode([window.text for window in found], show_progress_bar=False)
        self._vectors = faiss.IndexFlatIP(vectors.shape[1])
        self._vectors.add(vectors)
        self._words.save(str(folder / _WORDS))
        faiss.write_index(self._vectors, str(folder / _VECTORS))
        (folder / _IDS).write_text(json.dumps(self._ids), encoding="utf-8")
        return {"passages": len(found)}

    def open(self, folder: Path) -> None:
        """Read the three files."""
        self._words = bm25s.BM25.load(str(folder / _WORDS))
        self._vectors = faiss.read_index(str(folder / _VECTORS))
        self._ids = json.loads((folder / _IDS).read_text(encoding="utf-8"))

    def ask(self, question: str) -> Any:
        """Rows by fused rank."""
        depth = min(PASSAGES, len(self._ids))
        scores: dict[int, float] = defaultdict(float)
        _, near = self._vectors.search(self._model.encode([question], show_progress_bar=False), depth)
        for ranking in (near[0], self._by_words(question, depth)):
            for rank, row in enumerate(ranking, start=1):
                scores[int(row)] += 1 / (_K + rank)
        return sorted(scores, key=lambda row: -scores[row])

    def _by_words(self, question: str, depth: int) -> list[int]:
        rows, scores = self._words.retrieve([words(question)], k=depth, show_progress=False)
        # bm25s fills up with rows that share no word with the question.
        return [int(row) for row, score in zip(rows[0], scores[0], strict=True) if score > 0]

    def documents(self, answer: Any) -> Iterable[str]:
        """The rows' documents."""
        return [self._ids[row] for row in answer]

    def close(self) -> None:
        """Nothing is held open."""


if __name__ == "__main__":
    sys.exit(serve(ByHand))
