"""What Milvus holds follows the data directory's generations: alias, old collections, rows that nobody sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.settings import Settings
from index.interfaces import UnavailableError
from index.manifest import GenerationError, Manifest
from index.milvus import collections
from index.milvus.connection import Connection, MilvusError, connect
from index.milvus.filtering import seen_at
from index.milvus.reading import count
from index.milvus.served import Served


def follow(settings: Settings, kept: Sequence[Path], *, forget: bool) -> None:
    """Point the alias at the collection that serves, drop those that no kept generation names, forget rows.

    Args:
        settings: name the data directory and where Milvus is.
        kept: folders of the generations that stay, current first.
        forget: delete rows that were gone before the oldest of them.

    Raises:
        UnavailableError: Milvus does not answer; not raised once the embedded engine serves alone, for which a
            server that is switched off is none of its business.
        MilvusError: Milvus refuses.
    """
    number = collections.known_number(settings)
    if number is None:
        return
    manifests = [Manifest.read(folder) for folder in kept]
    served = [(Served.of(one.milvus).collection, one.change) for one in manifests if one.milvus]
    try:
        _follow(connect(settings), number, served, forget=forget)
    except (UnavailableError, MilvusError):
        if served or settings.engine == "milvus":
            raise


def _follow(connection: Connection, number: str, served: Sequence[tuple[str, int]], *, forget: bool) -> None:
    own = [(name, change) for name, change in served if collections.is_own(name, number)]
    if own:
        collections.point(connection, number, own[0][0])
    collections.drop_others(connection, number, [name for name, _ in own])
    if forget:
        there = set(connection("list_collections"))
        for collection in there.intersection(name for name, _ in own):
            collections.forget(connection, collection, min(at for name, at in own if name == collection))


def can_continue(manifest: Manifest, settings: Settings) -> bool:
    """Whether a new generation may go into the collection of another: this corpus' own, and complete.

    Raises:
        UnavailableError: Milvus does not answer, so nobody knows.
    """
    served = Served.of(manifest.milvus)
    if not collections.is_own(served.collection, collections.known_number(settings)):
        return False  # copied or restored from another data directory, which may still use it
    connection = connect(settings)
    if not connection("has_collection", served.collection):
        return False
    try:
        connection("load_collection", served.collection)
        return count(connection, served.collection, seen_at(manifest.change)) == manifest.passages
    except GenerationError:
        return False
