"""Karani without its server: ``karani ingest`` and ``karani build``, then the engine in this process, everything on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eval.peers.runner import DOCUMENTS, installed, serve

DATA = "data"


def data_directory(folder: Path) -> Path:
    """The data directory within a system's folder."""
    return folder / DATA


def command(*arguments: str) -> list[str]:
    """The command line of ``karani``, run by this Python from the repository's root."""
    return [sys.executable, "-m", "karani", *arguments]


def make(corpus: Path, folder: Path) -> Mapping[str, float]:
    """Run ``karani ingest`` and ``karani build``; the seconds that each took."""
    seconds = {}
    for name, paths in (("ingest", [str(corpus)]), ("build", [])):
        began = time.perf_counter()
        subprocess.run(  # noqa: S603
            command(name, "--data", str(data_directory(folder)), *paths), check=True, stdout=sys.stderr
        )
        seconds[f"{name}_s"] = time.perf_counter() - began
    return seconds


class KaraniEngine:
    """`index.engine.Engine` on what the commands made."""

    def __init__(self) -> None:
        self._engine: Any = None

    def versions(self) -> Mapping[str, str]:
        """Karani and what searches for it."""
        return installed("karani", "faiss-cpu", "tantivy")

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Run both commands, then open."""
        seconds = make(corpus, folder)
        self.open(folder)
        return {"passages": self._engine.store.count("passages"), **seconds}

    def open(self, folder: Path) -> None:
        """Open the newest generation and make it ready."""
        from corpus.settings import Settings
        from index.engine import Engine

        self._engine = Engine.open(Settings.from_environment(data=data_directory(folder)))
        self._engine.warm()  # as the service does

    def ask(self, question: str) -> Any:
        """A whole result, its answer and highlights included."""
        return self._engine.search(question, k=DOCUMENTS)

    def documents(self, answer: Any) -> Iterable[str]:
        """Documents of the groups' best passages."""
        return [group.best.citation.document_id for group in answer.groups]

    def close(self) -> None:
        """Close the engine."""
        if self._engine is not None:
            self._engine.close()


if __name__ == "__main__":
    sys.exit(serve(KaraniEngine))
