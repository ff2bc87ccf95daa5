"""LanceDB's hybrid search: its native full-text index, vectors, and its default reranker (reciprocal rank fusion).

Above 100,000 rows its documentation tells to make a vector index; below that it searches exactly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import lancedb
from lancedb.pydantic import LanceModel, Vector

from eval.peers.encoder import sentence_transformer
from eval.peers.runner import PASSAGES, installed, serve
from eval.peers.windows import batches

_TABLE = "passages"
_INDEX_FROM = 100_000


class Lance:
    """One table; the encoder is asked here, so that queries take the same way as in the other systems."""

    def __init__(self) -> None:
        self._model = sentence_transformer()
        self._table: Any = None

    def versions(self) -> Mapping[str, str]:
        """The library and what encodes."""
        return installed("lancedb", "sentence-transformers")

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Write the table in batches, then its indexes."""
        dim = self._model.get_embedding_dimension()

        class Passage(LanceModel):  # type: ignore[misc]  # its package is not in this environment
            document: str
            text: str
            vector: Vector(dim)  # type: ignore[valid-type]

        self._table = lancedb.connect(str(folder)).create_table(_TABLE, schema=Passage)
        for rows in self._rows(corpus):
            self._table.add(rows)
        self._table.create_fts_index("text")
        count = self._table.count_rows()
        if count >= _INDEX_FROM:
            self._table.create_index(metric="cosine")
        return {"passages": count}

    def _rows(self, corpus: Path) -> Iterator[list[dict[str, Any]]]:
        for batch in batches(corpus, 10_000):
            vectors = self._model.encode([window.text for window in batch], show_progress_bar=False)
            yield [
                {"document": window.document_id, "text": window.text, "vector": vector}
                for window, vector in zip(batch, vectors, strict=True)
            ]

    def open(self, folder: Path) -> None:
        """Open the table."""
        self._table = lancedb.connect(str(folder)).open_table(_TABLE)

    def ask(self, question: str) -> Any:
        """Rows as its reranker orders them."""
        vector = self._model.encode([question], show_progress_bar=False)[0]
        query = self._table.search(query_type="hybrid").vector(vector).text(question)
        return query.distance_type("cosine").limit(PASSAGES).select(["document"]).to_list()

    def documents(self, answer: Any) -> Iterable[str]:
        """A column."""
        return [row["document"] for row in answer]

    def close(self) -> None:
        """All is on disk."""


if __name__ == "__main__":
    sys.exit(serve(Lance))
