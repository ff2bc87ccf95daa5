"""The collections of one data directory in Milvus: their names, the alias of the one that serves, and which may go.

A corpus has collections of its own, so that it can be filled, swapped and dropped without touching another's; a server
may hold those of many. All names begin with ``karani_`` and the corpus' own number, drawn at its first build and kept
in the data directory's file ``milvus.id``: two data directories never share one, wherever they lie. The alias
``karani_<number>`` always stands for the collection of the generation that serves. It is for people and other programs:
a service opens the collection that its generation's manifest names.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from corpus.settings import Settings
from corpus.syncing import sync
from index.milvus import fields
from index.milvus.connection import WRITING_SECONDS, Connection, MilvusError
from index.milvus.filtering import NEVER
from index.publish import PARTIAL

IDENTITY = "milvus.id"
_NUMBER = re.compile(r"[0-9a-f]{12}")


def corpus_number(settings: Settings) -> str:
    """The number of a data directory's corpus in Milvus; drawn and kept where there is none yet."""
    path = settings.data / IDENTITY
    number = known_number(settings)
    if number is None:
        number = secrets.token_hex(6)
        partial = path.with_name(f".{IDENTITY}-{number}")
        partial.write_text(number + "\n", encoding="ascii")
        sync(partial)
        partial.replace(path)
        sync(settings.data)
    return number


def known_number(settings: Settings) -> str | None:
    """The number that was drawn; ``None`` where nothing was ever built into Milvus."""
    path = settings.data / IDENTITY
    if not path.is_file():
        return None
    number = path.read_text(encoding="ascii", errors="replace").strip()
    return number if _NUMBER.fullmatch(number) else None


def alias(number: str) -> str:
    """The alias of the collection that serves."""
    return f"karani_{number}"


def new_name(number: str, partial: Path) -> str:
    """The name of a new collection, after the folder of the generation in the making."""
    stamp = partial.name.removeprefix(PARTIAL).replace("-", "_")
    return f"{alias(number)}_{stamp}"


def is_own(name: str, number: str | None) -> bool:
    """Whether a collection is one of a corpus'."""
    return number is not None and name.startswith(f"{alias(number)}_")


def point(connection: Connection, number: str, collection: str) -> None:
    """Let the alias stand for a collection, in one step."""
    try:
        connection("alter_alias", collection, alias(number))
    except MilvusError:
        connection("create_alias", collection, alias(number))


def drop_others(connection: Connection, number: str, kept: Sequence[str]) -> list[str]:
    """Drop this corpus' collections that no generation names; which they were."""
    names = [name for name in connection("list_collections") if is_own(name, number) and name not in kept]
    if not names:
        return []
    if not kept:
        _drop_alias(connection, number)
    for name in names:
        connection("drop_collection", name, timeout=WRITING_SECONDS)
    return names


def forget(connection: Connection, collection: str, change: int) -> None:
    """Delete rows that were gone by a change; no generation that is kept sees them."""
    where = f"{fields.REMOVED} <= {change} and {fields.REMOVED} < {NEVER}"
    connection("delete", collection, filter=where, timeout=WRITING_SECONDS)


def _drop_alias(connection: Connection, number: str) -> None:
    try:
        connection("drop_alias", alias(number))
    except MilvusError:
        return  # there was none
