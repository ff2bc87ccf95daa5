"""`karani backup`: everything that cannot be made again, and the index, in one file, while serving goes on.

The corpus lock is held only while SQLite copies its files and the rest gets second names (hard links) in a folder of
its own; then packing takes as long as it takes. A corpus in PostgreSQL is written into an SQLite file, so that a backup
can be restored into either.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from corpus.copying import write_file
from corpus.locking import PATIENCE_SECONDS, corpus_lock
from corpus.settings import Settings
from corpus.store import Store
from corpus.syncing import sync
from index.care.archive import FORMAT, About, ArchiveWriter, BackupError, Member, is_member, packing
from index.care.databases import CORPUS, existing, integrity
from index.care.files import BACKUP_STAGING, SPOOL
from index.care.problems import Progress
from index.care.staging import staging
from index.manifest import MANIFEST, GenerationError, Manifest, file_sha256, is_plain_file, reason
from index.publish import current_name

_COUNTED = ("documents", "pages", "cases", "passages")


def backup(
    settings: Settings,
    out: Path,
    *,
    originals: bool = True,
    index: bool = True,
    progress: Progress | None = None,
    talk: Callable[[str], None] | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> About:
    """Write a backup of a data directory; what it holds.

    Args:
        settings: names the data directory.
        out: the file to write, usually ``….tar.zst``; it must not be there yet.
        originals: with the kept originals.
        index: with the generation that serves, unless it lies in Milvus; without it `karani build` is needed after a
            restore.
        progress: called with (bytes written, bytes in all, current file).
        talk: told for whom it waits.
        patience_seconds: how long to wait for another process that changes the data directory.

    Raises:
        BackupError: there is nothing to back up, the file is there, or something is damaged or cannot be written.
        corpus.locking.CorpusLockedError: another process is still changing the data directory.
    """
    if not existing(settings) and (settings.server is None or not Store.exists(settings)):
        raise BackupError(f"{settings.data}: ไม่มีข้อมูลให้สำรอง / nothing to back up")
    try:
        with _new_file(out) as file, staging(settings.data, BACKUP_STAGING) as folder:
            with corpus_lock(settings, "karani backup", patience_seconds=patience_seconds, talk=talk):
                generation = _packable(settings) if index else None
                _stage(settings, folder, generation, originals=originals)
            about = _about(folder, generation)
            _write(folder, about, file, progress)
            return about
    except OSError as error:
        raise BackupError(f"{out}: สำรองไม่สำเร็จ / no backup was made: {reason(error)}") from error


def _packable(settings: Settings) -> str | None:
    """The generation that serves; ``None`` for one whose passages lie in Milvus, as its folder alone answers nothing."""
    name = current_name(settings)
    try:
        away = name is not None and bool(Manifest.read(settings.generations / name).milvus)
    except GenerationError:
        away = False  # packing says what is wrong with it
    return None if away else name


def _stage(settings: Settings, folder: Path, generation: str | None, *, originals: bool) -> None:
    for path in existing(settings):
        _snapshot(path, folder / path.name)
    if settings.server is not None:
        with Store.of(settings, create=False) as store:
            write_file(store, folder / CORPUS)
    names = [f"generations/{generation}"] if generation else []
    names += ["files"] if originals else []
    for name in [*names, SPOOL]:  # uploads after the jobs' database: a job in it has its files
        for path in sorted((settings.data / name).rglob("*")):
            inside = path.relative_to(settings.data)
            if is_plain_file(path) and is_member(inside.as_posix()):
                target = folder / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # an upload whose job has just ended
                    _second_name(path, target)


def _snapshot(source: Path, target: Path) -> None:
    """SQLite's own copy of a database as of one moment, whoever writes to it."""
    uri = f"{source.resolve().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True, timeout=30)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        raise _broken(source, str(error)) from error


def _broken(path: Path, fault: str) -> BackupError:
    return BackupError(
        f"{path.name} เสียหาย จึงไม่ได้สำรอง ({fault}) ดู karani check / "
        f"{path.name} is damaged, no backup was made ({fault}): see karani check"
    )


def _second_name(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        shutil.copyfile(path, target)


def _about(folder: Path, generation: str | None) -> About:
    members: dict[str, Member] = {}
    known = _listed(folder, generation)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        kept = path.name if path.parent.name == "files" else None
        if path.parent == folder and (lines := integrity(path)):
            raise _broken(path, lines[0])
        digest = kept or known.get(name) or file_sha256(path)
        members[name] = Member(path.stat().st_size, digest)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return About(FORMAT, created, _version(), generation, _counts(folder, members), members)


def _listed(folder: Path, generation: str | None) -> dict[str, str]:
    """The checksums that a generation's manifest states; packing compares them."""
    if generation is None:
        return {}
    where = f"generations/{generation}"
    try:
        files = Manifest.read(folder / where).files
    except GenerationError as error:
        raise BackupError(f"{error}; {MANIFEST}: --no-index") from error
    return {f"{where}/{name}": digest for name, digest in files.items()}


def _counts(folder: Path, members: dict[str, Member]) -> dict[str, int]:
    counts = {"originals": sum(name.startswith("files/") for name in members)}
    if CORPUS in members:
        uri = f"{(folder / CORPUS).resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            for table in _COUNTED:
                sql = f"SELECT count(*) FROM {table} WHERE removed IS NULL"  # noqa: S608
                counts[table] = connection.execute(sql).fetchone()[0]
    return counts


def _version() -> str:
    try:
        return version("karani")
    except PackageNotFoundError:
        return ""


def _write(folder: Path, about: About, file: IO[bytes], progress: Progress | None) -> None:
    done = 0
    name = ""

    def written(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, about.total_bytes, name)

    with packing(file) as stream:
        archive = ArchiveWriter(stream)
        archive.about(about)
        for name, member in about.members.items():
            archive.add(name, folder / name, member, written)
        archive.finish()


@contextmanager
def _new_file(out: Path) -> Iterator[IO[bytes]]:
    """A file that has its name only once it is whole and on disk, and never in the place of another."""
    if out.exists() or out.is_symlink():
        raise _there(out)
    partial = out.with_name(f".{out.name}.partial")
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"{out}: มีโปรเซสอื่นกำลังสำรองอยู่ / another process is writing it") from error
        try:
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            _named(partial, out)
        finally:
            partial.unlink(missing_ok=True)


def _named(partial: Path, out: Path) -> None:
    try:
        os.link(partial, out)  # unlike a rename it fails where a file of that name has come meanwhile
    except FileExistsError as error:
        raise _there(out) from error
    except OSError:
        partial.rename(out)
    sync(out.parent)


def _there(out: Path) -> BackupError:
    return BackupError(f"{out}: มีไฟล์นี้อยู่แล้ว ใช้ชื่ออื่น / this file is there already: use another name")
