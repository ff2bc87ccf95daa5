"""`karani restore`: a backup becomes a data directory again, whole and checked, or nothing happens at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import disk_usage

from corpus.copying import reading_file
from corpus.settings import Settings
from corpus.sqlite import DamagedError
from corpus.store import Store
from corpus.syncing import sync
from index.care.archive import About, ArchiveReader, BackupError, damaged, unpacking
from index.care.databases import CORPUS, existing, integrity
from index.care.files import RESTORE_STAGING
from index.care.problems import Progress
from index.care.staging import abandoned, staging
from index.encoders import EncoderError, load_encoder
from index.interfaces import Encoder
from index.manifest import FormatError, GenerationError, Manifest, is_folder, reason, verify
from index.opening import open_newest
from index.publish import discard, name_current

_LOST_AND_FOUND = "lost+found"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored data directory holds, and why its index cannot serve as it is (empty where it can)."""

    about: About
    index_fault: str = ""


def restore(
    backup: Path,
    settings: Settings,
    *,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Make a data directory from a backup.

    Args:
        backup: the file that `karani backup` wrote; it is not trusted.
        settings: names the data directory, which must be absent or empty, and the encoder.
        encoder: opens the index to try it; ``None`` loads the one that the settings name.
        progress: called with (bytes read, bytes in all, current file).

    Raises:
        BackupError: the target is not empty, the backup is not whole or holds what it must not, or there is no room.
        corpus.sqlite.SchemaError: a newer Karani made it.
        corpus.sqlite.StoreError: the PostgreSQL that the settings name holds documents already, or cannot be written.
    """
    target = settings.data
    try:
        with _workplace(target) as folder, backup.open("rb") as file, unpacking(file) as stream:
            staged = replace(settings, data=folder / "data", server=None)
            reader = ArchiveReader(stream)
            _room(reader.about, folder)
            _extract(reader, staged.data, progress)
            fault = _tried(staged, reader.about, encoder)
            with _into_server(staged, settings):
                _put(staged.data, target)
            return Restored(reader.about, fault)
    except FileNotFoundError as error:
        if backup.exists():
            raise
        raise BackupError(f"{backup}: ไม่พบไฟล์ / there is no such file") from error
    except OSError as error:
        raise BackupError(f"{target}: กู้คืนไม่สำเร็จ / nothing was restored: {reason(error)}") from error


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A folder on the target's own file system; leftovers of restores that died go first."""
    inside = os.path.ismount(target)
    parent = target if inside else target.absolute().parent
    prefix = RESTORE_STAGING if inside else f".{target.name}{RESTORE_STAGING}"
    parent.mkdir(parents=True, exist_ok=True)
    for leftover in abandoned(parent, prefix):
        discard(leftover)
    if target.is_symlink() or (target.exists() and not _is_empty(target)):
        raise BackupError(
            f"{target} ไม่ว่าง กู้คืนลงโฟลเดอร์ใหม่ เช่น --data {target}-restored / "
            f"{target} is not empty: restore into a new folder, such as --data {target}-restored"
        )
    with staging(parent, prefix) as folder:
        yield folder


def _is_empty(target: Path, besides: Path | None = None) -> bool:
    """Whether nothing lies there, but for what a new file system brings."""
    if not is_folder(target):
        return False
    for path in target.iterdir():
        brought = path.name == _LOST_AND_FOUND and is_folder(path) and not any(path.iterdir())
        if not brought and path != besides:
            return False
    return True


def _room(about: About, folder: Path) -> None:
    free = disk_usage(folder).free
    if about.total_bytes > free:
        raise BackupError(
            f"ที่ว่างไม่พอ ต้องใช้ {about.total_bytes:,} ไบต์ มี {free:,} / not enough room: {about.total_bytes:,} bytes needed, {free:,} free"
        )


def _extract(reader: ArchiveReader, target: Path, progress: Progress | None) -> None:
    done = 0
    name = ""

    def written(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, reader.about.total_bytes, name)

    target.mkdir()
    for name, member in reader.members():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            reader.copy(name, member, out, written)
            out.flush()
            os.fsync(out.fileno())


def _tried(staged: Settings, about: About, encoder: Encoder | None) -> str:
    """Open everything once; why the index cannot serve as it is."""
    for path in existing(staged):
        _check_database(path)
    if not staged.database.exists():
        return ""
    try:
        with Store.open(staged.database, create=False) as store:
            return _tried_index(staged, about, store, encoder)
    except DamagedError as error:
        raise damaged(str(error)) from error


def _check_database(path: Path) -> None:
    lines = integrity(path)
    if not lines:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            sql = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"
            lines = [f"{name} is none of Karani's" for (name,) in connection.execute(sql)]
    if lines:
        raise damaged(f"{path.name}: {lines[0]}")


def _tried_index(staged: Settings, about: About, store: Store, encoder: Encoder | None) -> str:
    if about.generation is None:
        return "ไม่มีดัชนีในไฟล์สำรอง สั่ง karani build / the backup holds no index: run karani build"
    folder = staged.generations / about.generation
    try:
        verify(folder, Manifest.read(folder))
    except FormatError as error:
        return str(error)
    except GenerationError as error:
        raise damaged(str(error)) from error
    name_current(about.generation, staged)
    try:
        encoder = encoder or load_encoder(staged.encoder, revision=staged.encoder_revision)
        open_newest(staged, store, encoder)
    except (EncoderError, GenerationError) as error:
        return str(error)
    return ""


@contextmanager
def _into_server(staged: Settings, settings: Settings) -> Iterator[None]:
    """Where the settings name a PostgreSQL, the corpus goes there, for good once the rest has its name, too."""
    if settings.server is None or not staged.database.exists():
        yield
        return
    with Store.of(settings) as store, reading_file(staged.database, store):
        staged.database.unlink()
        yield


def _put(made: Path, target: Path) -> None:
    """Give the folder its name in one step; where the target is a file system of its own, file by file, the store last."""
    try:
        made.rename(target)
    except OSError:
        if not _is_empty(target, besides=made.parent):
            raise
        for path in sorted(made.iterdir(), key=lambda path: path.name == CORPUS):
            path.rename(target / path.name)
    for folder in (target, target.absolute().parent):
        sync(folder)
