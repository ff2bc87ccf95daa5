"""A whole corpus from one database to another: rows, row numbers and changes as they are.

For backups of a corpus in PostgreSQL, which become an SQLite file, and for restoring any backup into PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.database import Row, Transaction
from corpus.rows import TABLES
from corpus.sqlite import StoreError
from corpus.store import Store

Progress = Callable[[int], None]
_TOLD = 1000


def write_file(store: Store, path: Path, progress: Progress | None = None) -> None:
    """Write what a store holds into a new SQLite file; whoever calls it holds the corpus lock.

    Args:
        store: the corpus.
        path: the file, which must not be there yet.
        progress: called with the number of rows as they are written.

    Raises:
        corpus.sqlite.StoreError: the store cannot be read, or the file cannot be written.
    """
    with Store.open(path) as made:
        with made.writing() as transaction:
            _copy(store, made, transaction, progress)
        next(made.rows("PRAGMA journal_mode = DELETE"))


@contextmanager
def reading_file(path: Path, store: Store, progress: Progress | None = None) -> Iterator[None]:
    """Store what an SQLite file holds in an empty store; for good only if all goes well inside the ``with``.

    Raises:
        corpus.sqlite.StoreError: the store holds documents already, or cannot be written.
    """
    with store.writing() as transaction:
        if any(True for table in TABLES for _ in store.rows(f"SELECT 1 FROM {table} LIMIT 1")):
            place = store.name
            raise StoreError(
                f"{place}: มีเอกสารอยู่แล้ว กู้คืนลงสคีมาใหม่ด้วย KARANI_DATABASE_SCHEMA / "
                f"{place} holds documents already: restore into another schema (KARANI_DATABASE_SCHEMA)"
            )
        with Store.open(path, create=False) as given:
            _copy(given, store, transaction, progress)
        yield


def _copy(source: Store, target: Store, transaction: Transaction, progress: Progress | None) -> None:
    for table, (key, columns) in TABLES.items():
        names = [key, "document_id", "added", "removed", *columns.split(", ")]
        rows = source.many_rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY {key}")
        target.database.insert(transaction, table, names, _counted(rows, progress))
        target.database.go_on_after(transaction, table, key, source.database.last_key(table, key))
    transaction.execute("UPDATE state SET value = ? WHERE name = 'change'", (source.change,))


def _counted(rows: Iterator[Row], progress: Progress | None) -> Iterator[Row]:
    count = 0
    for row in rows:
        yield row
        count += 1
        if progress and count % _TOLD == 0:
            progress(_TOLD)
    if progress and count % _TOLD:
        progress(count % _TOLD)
