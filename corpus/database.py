"""The seam below `corpus.store`: one body of queries over SQLite (`corpus.sqlite`) or PostgreSQL (`corpus.postgres`).

Queries are written once, with ``?`` for parameters, in the SQL that both understand. What differs is here as a word
(``like``) or a call; beside SQL's own, both know the functions ``thai_order`` and ``document_year``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Result(Protocol):
    """What a statement gives: rows to iterate over, and how many it concerned."""

    @property
    def rowcount(self) -> int:
        """Rows changed."""

    def fetchone(self) -> Any:
        """The next row, or ``None``."""

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left."""


class Transaction(Protocol):
    """Where statements run that are stored together or not at all."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Result:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for many rows of parameters."""


class Database(Protocol):
    """A database that holds one corpus; threads may share it.

    Every call raises `corpus.sqlite.StoreError` where people can do something about what went wrong.
    """

    @property
    def name(self) -> str:
        """What messages call it; never with a password."""

    @property
    def like(self) -> str:
        """The operator that matches a pattern whatever the case of Latin letters."""

    @property
    def remote(self) -> bool:
        """Whether it is a server, which may be away while this process goes on."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """What a query gives, inside the calling thread's transaction where it has one begun."""

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """`rows` of a result that may be as large as the corpus: few of them are in memory at a time."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """One transaction: all of it is stored, or nothing. One at a time; others wait, within reason."""

    def insert(
        self, transaction: Transaction, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Add many rows, in their order, the fastest way there is."""

    def last_key(self, table: str, key: str) -> int:
        """The highest number that the table ever gave to a row, which none may get again; 0 where there was none."""

    def go_on_after(self, transaction: Transaction, table: str, key: str, number: int) -> None:
        """Number further rows from there on."""

    def storable(self, row: Row) -> Row:
        """The row as it will come back, where a text cannot be stored to the character."""

    def close(self) -> None:
        """Close every connection."""
