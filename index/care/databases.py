"""The SQLite files of a data directory: whether SQLite finds them whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from corpus.settings import Settings
from corpus.sqlite import DamagedError, store_error
from index.care.problems import RESTORE, Kind, Problem

CORPUS, SERVICE, JUDGEMENTS = "corpus.sqlite", "service.sqlite", "judgements.sqlite"
DATABASES = (CORPUS, SERVICE, JUDGEMENTS)
#: What `PRAGMA integrity_check` says of a damaged index, which REINDEX makes anew from its table.
_INDEX_SIGNS = ("missing from index", "wrong # of entries in index", "non-unique entry in index")


def existing(settings: Settings) -> list[Path]:
    """The SQLite files that are there and in use: with PostgreSQL an earlier `CORPUS` is not."""
    names = [name for name in DATABASES if settings.server is None or name != CORPUS]
    return [path for name in names if (path := settings.data / name).exists()]


def database_problems(path: Path) -> Iterator[Problem]:
    """What SQLite's own check finds wrong with a file."""
    lines = integrity(path)
    if not lines:
        return
    kind = Kind.DATABASE
    if only_indexes(lines):
        yield Problem(kind, path.name, f"ดัชนีของ SQLite เสีย: {lines[0]}", f"damaged SQLite index: {lines[0]}")
    else:
        yield Problem(kind, path.name, f"เสียหาย: {lines[0]}", f"damaged: {lines[0]}", RESTORE)


def integrity(path: Path) -> list[str]:
    """What ``PRAGMA integrity_check`` complains of; empty for a whole file.

    Raises:
        corpus.sqlite.StoreError: it cannot be read, which says nothing about the file.
    """
    try:
        try:
            return _complaints(path, "rw")  # SQLite first takes back what a killed process had begun
        except sqlite3.OperationalError:
            return _complaints(path, "ro")  # on a disk that may not be written
    except sqlite3.DatabaseError as error:
        found = store_error(path, error)
        if found is not None and not isinstance(found, DamagedError):
            raise found from error
        return [str(error)]


def _complaints(path: Path, mode: str) -> list[str]:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
        return [str(line) for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]


def only_indexes(lines: list[str]) -> bool:
    """Whether all complaints are about indexes, which can be made anew."""
    return all(any(sign in line for sign in _INDEX_SIGNS) for line in lines)


def reindex(path: Path) -> None:
    """Make all of a file's SQLite indexes anew from their tables."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("REINDEX")
        connection.commit()
