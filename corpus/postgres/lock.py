"""The corpus lock over all machines: a PostgreSQL advisory lock, which is gone with the connection that holds it.

Whoever holds it signs with what its connection is called, which PostgreSQL shows to all who wait.
"""

from __future__ import annotations

import os
import socket

from corpus.postgres.database import Connection, PostgresDatabase
from corpus.settings import DatabaseServer

_NAME_BYTES = 63  # what PostgreSQL keeps of an application's name
_HOST_CHARS = 16
_HOLDER = """
    SELECT a.application_name, to_char(a.state_change AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32) | l.objid::bigint = %s
"""


class ServerLock:
    """The lock of one schema; see `corpus.locking`, which takes it beside the data directory's own.

    Args:
        server: where the corpus is.
    """

    def __init__(self, server: DatabaseServer) -> None:
        self._database = PostgresDatabase(server)
        self._number = self._database.number("corpus")
        with self._database.explained():
            self._connection: Connection = self._database.connect()

    def take(self) -> bool:
        """Whether it is held now; does not wait."""
        with self._database.explained():
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (self._number,)).fetchone()
        return row is not None and bool(row[0])

    def sign(self, what: str) -> None:
        """Say who holds it, for others that wait."""
        where = f" (pid {os.getpid()} on {socket.gethostname()[:_HOST_CHARS]})"
        named = what.encode()[: _NAME_BYTES - len(where.encode())].decode(errors="ignore") + where
        with self._database.explained():
            self._connection.execute("SELECT set_config('application_name', %s, false)", (named,))

    def holder(self) -> str:
        """Who holds it, as it signed."""
        with self._database.explained():
            row = self._connection.execute(_HOLDER, (self._number,)).fetchone()
        return "?" if row is None else f"{row[0]}, {row[1]}"

    def check(self) -> None:
        """See that it is held still.

        Raises:
            corpus.sqlite.StoreError: its connection broke meanwhile, so that another may have written at the same time.
        """
        with self._database.explained():
            self._connection.execute("SELECT 1")

    def release(self) -> None:
        """Let it go, with its connection."""
        self._connection.close()
