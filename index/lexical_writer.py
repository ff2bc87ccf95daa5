"""Writing the two lexical rankings' index (`index.lexical`)."""

from __future__ import annotations

from pathlib import Path

from index.delta import Rows
from index.lexical import ATTRIBUTES, open_index
from index.preparing import Prepared
from index.writing import tantivy_files

_HEAP_BYTES = 192_000_000


class LexicalWriter:
    """Adds and removes passages; nothing is visible before `finish`."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with tantivy_files():
            self._index = open_index(folder)
            self._writer = self._index.writer(_HEAP_BYTES, threads)

    def add(self, batch: Prepared) -> None:
        """Index a batch of passages."""
        import tantivy

        for row, words, characters, attributes in zip(
            batch.rows.tolist(), batch.words, batch.characters, batch.attributes, strict=True
        ):
            document = tantivy.Document()
            document.add_unsigned("row", row)
            document.add_text("words", words)
            document.add_text("characters", characters)
            for name, value in zip(ATTRIBUTES, attributes, strict=True):
                if value is not None:
                    document.add_text(name, value)
            with tantivy_files():
                self._writer.add_document(document)

    def remove(self, rows: Rows) -> None:
        """Take rows out."""
        import tantivy

        schema = self._index.schema
        for row in rows.tolist():
            # By query: deleting by term takes the number for a signed one and misses silently.
            with tantivy_files():
                self._writer.delete_documents_by_query(tantivy.Query.term_query(schema, "row", row))

    def finish(self) -> None:
        """Write everything and wait for merges to end."""
        with tantivy_files():
            self._writer.commit()
            self._writer.wait_merging_threads()
