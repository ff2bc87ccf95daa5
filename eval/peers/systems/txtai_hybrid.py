"""txtai with ``hybrid=True``: its own approximate index over vectors, its own BM25, its own mixture of both."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from txtai import Embeddings

from eval.peers.encoder import FOLDER
from eval.peers.runner import PASSAGES, installed, serve
from eval.peers.windows import windows

_FOLDER = "txtai"


class Txtai:
    """An embeddings database without content: ids are found."""

    def __init__(self) -> None:
        self._embeddings = Embeddings(
            path=str(FOLDER), method="sentence-transformers", vectors={"trust_remote_code": True}, hybrid=True
        )

    def versions(self) -> Mapping[str, str]:
        """The library and what encodes."""
        return installed("txtai", "sentence-transformers", "faiss-cpu")

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Index a stream, save a folder."""
        rows = ((f"{window.document_id} {window.number}", window.text, None) for window in windows(corpus))
        self._embeddings.index(rows)
        self._embeddings.save(str(folder / _FOLDER))
        return {"passages": self._embeddings.count()}

    def open(self, folder: Path) -> None:
        """Load the folder."""
        self._embeddings.load(str(folder / _FOLDER))

    def ask(self, question: str) -> Any:
        """Pairs of window id and score."""
        return self._embeddings.search(question, PASSAGES)

    def documents(self, answer: Any) -> Iterable[str]:
        """The window ids' first part."""
        return [name.split(" ", 1)[0] for name, _ in answer]

    def close(self) -> None:
        """Close its databases."""
        self._embeddings.close()


if __name__ == "__main__":
    sys.exit(serve(Txtai))
