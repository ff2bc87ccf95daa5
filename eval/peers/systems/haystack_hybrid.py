"""Haystack's hybrid retrieval over its in-memory store: BM25 and embeddings in one pipeline, joined by rank.

As its tutorial on hybrid retrieval builds it; the tutorial's last part, a cross-encoder from a model hub, is left
out because it cannot be had without a network, and the joiner's reciprocal rank fusion orders instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from eval.peers.encoder import FOLDER
from eval.peers.runner import PASSAGES, installed, serve
from eval.peers.windows import batches

_FILE = "haystack.json"


class Haystack:
    """A pipeline of three components and a joiner."""

    def __init__(self) -> None:
        self._store = InMemoryDocumentStore()
        self._pipeline = Pipeline()

    def versions(self) -> Mapping[str, str]:
        """The library and what encodes."""
        return installed("haystack-ai", "sentence-transformers")

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Embed and write in batches, then its JSON file."""
        embedder = SentenceTransformersDocumentEmbedder(
            model=str(FOLDER), trust_remote_code=True, progress_bar=False
        )
        embedder.warm_up()
        for batch in batches(corpus, 5000):
            made = [
                Document(
                    id=f"{window.document_id} {window.number}",
                    content=window.text,
                    meta={"document": window.document_id},
                )
                for window in batch
            ]
            self._store.write_documents(embedder.run(documents=made)["documents"])
        self._store.save_to_disk(str(folder / _FILE))
        self._connect()
        return {"passages": self._store.count_documents()}

    def open(self, folder: Path) -> None:
        """Load the JSON file."""
        self._store = InMemoryDocumentStore.load_from_disk(str(folder / _FILE))
        self._connect()

    def _connect(self) -> None:
        pipeline = Pipeline()
        embedder = SentenceTransformersTextEmbedder(
            model=str(FOLDER), trust_remote_code=True, progress_bar=False
        )
        pipeline.add_component("embedder", embedder)
        pipeline.add_component("dense", InMemoryEmbeddingRetriever(self._store, top_k=PASSAGES))
        pipeline.add_component("words", InMemoryBM25Retriever(self._store, top_k=PASSAGES))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=PASSAGES))
        pipeline.connect("embedder.embedding", "dense.query_embedding")
        pipeline.connect("dense", "joiner")
        pipeline.connect("words", "joiner")
        pipeline.warm_up()
        self._pipeline = pipeline

    def ask(self, question: str) -> Any:
        """Documents as the joiner orders them."""
        found = self._pipeline.run({"embedder": {"text": question}, "words": {"query": question}})
        return found["joiner"]["documents"]

    def documents(self, answer: Any) -> Iterable[str]:
        """Their metadata."""
        return [found.meta["document"] for found in answer]

    def close(self) -> None:
        """All is in memory."""


if __name__ == "__main__":
    sys.exit(serve(Haystack))
