"""Opening a corpus in PostgreSQL, and bringing its schema up to date, whoever else does so at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql as quoting

from corpus.postgres.database import PATIENCE_SECONDS, Connection, PostgresDatabase
from corpus.postgres.schema import MIGRATIONS
from corpus.settings import DatabaseServer
from corpus.sqlite import SchemaError


def opened(
    server: DatabaseServer, *, create: bool, migrations: Sequence[str] = MIGRATIONS
) -> PostgresDatabase | None:
    """The database with this version's schema; ``None`` where there is none yet and ``create`` is false.

    Raises:
        SchemaError: a newer Karani made it.
        corpus.sqlite.StoreError: the server cannot be reached or refuses.
    """
    database = PostgresDatabase(server)
    with database.explained(), database.connect() as connection:
        version = _version(connection, server)
        if not version and not create:
            return None
        if version > len(migrations):
            place = database.name
            raise SchemaError(
                f"{place} เป็นรุ่น {version} แต่โปรแกรมนี้รู้จักถึงรุ่น {len(migrations)} โปรดปรับรุ่น Karani / "
                f"{place} has schema {version}, this program knows {len(migrations)}: upgrade Karani"
            )
        for number, script in enumerate(migrations[version:], start=version + 1):
            _migrate(database, connection, number, script)
    return database


def _version(connection: Connection, server: DatabaseServer) -> int:
    """The number of the newest migration; 0 where there is nothing."""
    table = quoting.Identifier(server.schema, "migrations").as_string(connection)
    found = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    if found is None or found[0] is None:
        return 0
    row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    return 0 if row is None else int(row[0])


def _migrate(database: PostgresDatabase, connection: Connection, number: int, script: str) -> None:
    """One step in a transaction of its own, unless another process was faster."""
    schema = quoting.Identifier(database.server.schema)
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS * 10}s'")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (database.number("migrate"),))
        if _version(connection, database.server) >= number:
            return
        if number == 1:
            connection.execute(quoting.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            connection.execute(
                "CREATE TABLE migrations (number INTEGER PRIMARY KEY, made TIMESTAMPTZ NOT NULL DEFAULT now())"
            )
        connection.execute(script.encode())
        connection.execute("INSERT INTO migrations (number) VALUES (%s)", (number,))
