"""SQLite FTS5 with its trigram tokenizer: rows found by any trigram of the question, ordered by its ``bm25``.

A whole question as FTS5 takes it would have to stand in the text letter by letter, so its trigrams are put together by OR.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eval.peers.runner import PASSAGES, serve
from eval.peers.windows import batches

_FILE = "fts5.sqlite"


class Fts5:
    """One file; a connection for each thread that asks."""

    def __init__(self) -> None:
        self._path = Path()
        self._own = threading.local()

    def versions(self) -> Mapping[str, str]:
        """The SQLite library."""
        return {"sqlite": sqlite3.sqlite_version}

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """One transaction, then the index put together."""
        self.open(folder)
        count = 0
        with self._connection() as connection:
            connection.execute(
                "CREATE VIRTUAL TABLE passages USING fts5(document UNINDEXED, text, tokenize='trigram')"
            )
            for batch in batches(corpus, 5000):
                rows = [(window.document_id, window.text) for window in batch]
                connection.executemany("INSERT INTO passages VALUES (?, ?)", rows)
                count += len(rows)
            connection.execute("INSERT INTO passages(passages) VALUES ('optimize')")
        return {"passages": count}

    def open(self, folder: Path) -> None:
        """Name the file."""
        self._path = folder / _FILE

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self._path)
        connection: sqlite3.Connection = self._own.connection
        return connection

    def ask(self, question: str) -> Any:
        """Document ids of the best rows."""
        plain = question.replace('"', " ")
        trigrams = dict.fromkeys(plain[at : at + 3] for at in range(len(plain) - 2))
        if not trigrams:
            return []
        rows = self._connection().execute(
            "SELECT document FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?",
            (" OR ".join(f'"{trigram}"' for trigram in trigrams), PASSAGES),
        )
        return [row[0] for row in rows]

    def documents(self, answer: Any) -> Iterable[str]:
        """As found."""
        return list(answer)

    def close(self) -> None:
        """Connections close with their threads."""


if __name__ == "__main__":
    sys.exit(serve(Fts5))
