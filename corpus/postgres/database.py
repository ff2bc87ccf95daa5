"""A corpus in a PostgreSQL schema: connections, transactions, long results.

Each call takes a connection from a small stock of this process, and gives it back. One that turns out to be broken,
because the server was started anew, is replaced, and what was only read is read again. The stock is a list and a
semaphore of our own: a connection that cannot be made fails in the thread that wanted it, with the reason.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import sql as quoting
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from corpus.database import Row, Transaction
from corpus.postgres import errors
from corpus.settings import DatabaseServer

T = TypeVar("T")
Connection = psycopg.Connection[Row]

#: How long to wait for a free connection of this process, and for another process that writes, in seconds.
PATIENCE_SECONDS = 30
_STREAM_ROWS = 2000
# Found out within a minute where the server's machine has gone without a word; an address may say otherwise.
_DEFAULTS = {
    "connect_timeout": "5", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
    "application_name": "karani",
}  # fmt: skip


class PostgresDatabase:
    """A `corpus.database.Database`; connects when first asked.

    Args:
        server: where it is.
    """

    like = "ILIKE"
    remote = True

    def __init__(self, server: DatabaseServer) -> None:
        self.server = server
        self._free: list[Connection] = []
        self._places = threading.BoundedSemaphore(server.connections)
        self._mine = threading.local()
        self._closed = False
        weakref.finalize(self, _close_all, self._free)  # whoever forgot to close it

    @property
    def name(self) -> str:
        """Host, port, database and schema."""
        return errors.shown(self.server)

    # -- reading -----------------------------------------------------------------

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """All that a query gives; inside the thread's transaction where it has one begun."""
        query, values = _query(sql), _values(parameters)

        def read(connection: Connection) -> list[Row]:
            return connection.execute(query, values).fetchall()

        with self.explained():
            begun = self._begun()
            return iter(read(begun) if begun is not None else self._again(read))

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """What a query gives, some thousands of rows at a time, all as of its beginning."""
        query, values = _query(sql), _values(parameters)
        with self.explained():
            begun = self._begun()
            if begun is not None:
                yield from self._cursor(begun, query, values)
                return
            self._again(lambda connection: connection.execute("SELECT 1"))  # so that it begins on a sound one
            with self._borrowed() as connection, connection.transaction():
                yield from self._cursor(connection, query, values)

    def _cursor(self, connection: Connection, query: bytes, values: Sequence[Any]) -> Iterator[Row]:
        self._mine.cursors = getattr(self._mine, "cursors", 0) + 1
        with connection.cursor(f"karani_{self._mine.cursors}") as cursor:
            cursor.itersize = _STREAM_ROWS
            yield from cursor.execute(query, values)

    def _again(self, read: Callable[[Connection], T]) -> T:
        """Read, and once more on a new connection where the one at hand turned out to be broken."""
        with self._borrowed() as connection:
            try:
                return read(connection)
            except psycopg.OperationalError:
                if not connection.broken:
                    raise
        self._drop_free()  # what broke one has broken all
        with self._borrowed() as connection:
            return read(connection)

    # -- writing -----------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One transaction; others that write wait, as they do for SQLite's.

        Raises:
            corpus.sqlite.StoreError: the server is away, full or read only, or another wrote for too long.
        """
        if self._begun() is not None:
            raise RuntimeError("a transaction inside a transaction")
        with self.explained():
            self._again(lambda connection: connection.execute("SELECT 1"))
            with self._borrowed() as connection, connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (self.number("write"),))
                self._mine.connection = connection
                try:
                    yield _Transaction(connection)
                finally:
                    self._mine.connection = None

    def insert(
        self, transaction: Transaction, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Add many rows by COPY."""
        begun = self._begun()
        assert begun is not None and isinstance(transaction, _Transaction)  # noqa: S101, PT018 - made by `writing`
        with (
            begun.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row(_values(row))

    def last_key(self, table: str, key: str) -> int:
        """The highest number given."""
        sql = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?, ?)::regclass), 0)"
        return int(next(self.rows(sql, (table, key)))[0])

    def go_on_after(self, transaction: Transaction, table: str, key: str, number: int) -> None:
        """Number further rows from there on."""
        if number:
            transaction.execute("SELECT setval(pg_get_serial_sequence(?, ?), ?)", (table, key, number))

    def storable(self, row: Row) -> Row:
        """The row with the one character that PostgreSQL keeps in no text, NUL, as another that nobody sees."""
        return tuple(_values(row))

    # -- connections -------------------------------------------------------------

    def number(self, what: str) -> int:
        """The advisory lock of this schema for something; the same on every machine."""
        digest = hashlib.blake2b(f"karani {what} {self.server.schema}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    def connect(self) -> Connection:
        """A connection of the caller's own, with every statement stored at once; the schema need not be there yet.

        Raises:
            psycopg.Error: it cannot be had.
        """
        given = conninfo_to_dict(self.server.url)
        address = make_conninfo(self.server.url, **{k: v for k, v in _DEFAULTS.items() if k not in given})
        connection: Connection = psycopg.connect(address, autocommit=True, client_encoding="utf8")
        try:
            schema = quoting.Identifier(self.server.schema)
            connection.execute(quoting.SQL("SET search_path TO {}").format(schema))
            encoding = connection.info.parameter_status("server_encoding")
            if encoding not in ("UTF8", None):
                raise errors.other_encoding(self.server, encoding)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connections that nobody uses just now; one in use is closed when it comes back."""
        self._closed = True
        self._drop_free()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn psycopg's errors into those of `corpus.sqlite`."""
        try:
            yield
        except psycopg.Error as error:
            raise errors.translated(self.server, error) from error

    def _begun(self) -> Connection | None:
        """The connection of the calling thread's transaction."""
        begun: Connection | None = getattr(self._mine, "connection", None)
        return begun

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise errors.waited_for_connection(self.server, PATIENCE_SECONDS)
        try:
            try:
                connection = self._free.pop()
            except IndexError:
                connection = self.connect()
            try:
                yield connection
            finally:
                self._given_back(connection)
        finally:
            self._places.release()

    def _given_back(self, connection: Connection) -> None:
        if (
            self._closed
            or connection.closed
            or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
        ):
            connection.close()
        else:
            self._free.append(connection)

    def _drop_free(self) -> None:
        _close_all(self._free)


def _close_all(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()


class _Transaction:
    """Statements with ``?`` for parameters on a connection that has begun."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> psycopg.Cursor[Row]:
        return self._connection.execute(_query(sql), _values(parameters))

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_query(sql), map(_values, parameters))


def _query(sql: str) -> bytes:
    """Our SQL as psycopg takes it; no text in it holds a question mark, and an empty list holds nothing, as in SQLite."""
    return sql.replace("IN ()", "IN (NULL)").replace("%", "%%").replace("?", "%s").encode()


def _values(row: Iterable[Any]) -> list[Any]:
    """NUL becomes U+0001: one character, too, which cleaning drops alike, so that all positions stay true."""
    return [value.replace("\0", "\1") if isinstance(value, str) else value for value in row]
