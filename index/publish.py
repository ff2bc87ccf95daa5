"""Generations on disk: complete, checksummed and immutable, or not there at all.

A generation is written into a hidden folder, synced, renamed into place, and
only then named by ``CURRENT``, itself replaced by an atomic rename. Whatever
moment the power goes, ``CURRENT`` names a complete generation.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

from corpus.settings import Settings
from corpus.syncing import sync
from index.manifest import (
    FORMAT,
    MANIFEST,
    GenerationError,
    Manifest,
    file_sha256,
    is_folder,
    is_plain_file,
    listed_files,
    read_bytes,
    reason,
    sha256_of,
    verify,
)

__all__ = [
    "FORMAT",
    "MANIFEST",
    "GenerationError",
    "Manifest",
    "candidates",
    "complete_generations",
    "current_name",
    "discard",
    "drop",
    "drop_old",
    "file_sha256",
    "listed_files",
    "look",
    "name_current",
    "publish",
    "read_current",
    "sha256_of",
    "start",
    "verify",
    "verify_ahead",
]

PARTIAL = ".partial-"
CURRENT_PARTIAL = ".CURRENT-"
KEPT_GENERATIONS = 2
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*")


def current_name(settings: Settings) -> str | None:
    """The generation that ``CURRENT`` names, or ``None``."""
    return read_current(settings)[0]


def read_current(settings: Settings) -> tuple[str | None, str]:
    """The generation that ``CURRENT`` names, or ``None`` and why it names none."""
    try:
        written = read_bytes(settings.current).decode("ascii")
    except FileNotFoundError:
        return None, "CURRENT: file missing"
    except OSError as error:
        return None, f"CURRENT: {reason(error)}"
    except UnicodeDecodeError:
        return None, "CURRENT: damaged"
    name = written[:-1]
    if not written.endswith("\n") or not _NAME.fullmatch(name):
        return None, "CURRENT: damaged"
    return name, "" if is_folder(
        settings.generations / name
    ) else f"CURRENT: names {name}, which is not there"


def look(settings: Settings) -> tuple[object, ...]:
    """What changes whenever another generation may have to serve; some dozens of system calls, no index is read."""
    seen = [_state(settings.current), _state(settings.generations)]
    name = current_name(settings)
    if name is not None:
        seen += [_state(path) for path in sorted((settings.generations / name).rglob("*"))]
    return tuple(seen)


def _state(path: Path) -> tuple[object, ...]:
    try:
        status = path.lstat()
    except OSError as error:
        return (error.errno,)
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def candidates(settings: Settings) -> list[Path]:
    """All that may be a generation, damaged or not: the current one first, then newest first."""
    try:
        found = [path for path in settings.generations.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
    current = current_name(settings)
    return sorted(found, key=lambda path: (path.name == current, path.name), reverse=True)


def verify_ahead(settings: Settings) -> None:
    """Begin to read the files of the generation that will probably be opened, so that opening it finds them checked.

    Hashing takes a core but not Python's lock: it goes on while the caller loads what opening needs. Says nothing of
    what it finds.
    """

    def read() -> None:
        for folder in candidates(settings)[:1]:
            with contextlib.suppress(GenerationError, OSError):
                verify(folder, Manifest.read(folder))

    threading.Thread(target=read, name="karani-verify", daemon=True).start()


def complete_generations(settings: Settings) -> list[Path]:
    """Folders that hold a manifest: the current one first, then newest first."""
    return [path for path in candidates(settings) if is_folder(path) and is_plain_file(path / MANIFEST)]


def start(settings: Settings) -> Path:
    """A new hidden folder to write a generation into; leftovers of dead builds are removed."""
    settings.generations.mkdir(parents=True, exist_ok=True)
    for leftover in settings.generations.glob(f"{PARTIAL}*"):
        discard(leftover)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:18]
    folder = settings.generations / f"{PARTIAL}{stamp}-{secrets.token_hex(2)}"
    folder.mkdir()
    return folder


def publish(partial: Path, settings: Settings) -> str:
    """Make a written generation (manifest included) the one that serves; its name."""
    for path in [*listed_files(partial), partial / MANIFEST]:
        sync(path)
    for lock in partial.rglob("*.lock"):
        lock.unlink()
    for folder in [*(path for path in partial.rglob("*") if path.is_dir()), partial]:
        sync(folder)
    name = partial.name.removeprefix(PARTIAL)
    partial.rename(settings.generations / name)
    sync(settings.generations)
    name_current(name, settings)
    return name


def name_current(name: str, settings: Settings) -> None:
    """Let ``CURRENT`` name a generation."""
    written = settings.current.with_name(f"{CURRENT_PARTIAL}{secrets.token_hex(4)}")
    written.write_text(name + "\n", encoding="utf-8")
    sync(written)
    written.replace(settings.current)
    sync(settings.data)


def drop_old(settings: Settings) -> list[Path]:
    """Delete all but the newest `KEPT_GENERATIONS` that this program can read; the folders that stay, current first."""
    folders = complete_generations(settings)
    kept = [folder for folder in folders if _is_readable(folder)][:KEPT_GENERATIONS]
    for folder in folders:
        if folder not in kept:
            drop(folder)
    return kept


def _is_readable(folder: Path) -> bool:
    try:
        Manifest.read(folder)
    except GenerationError:
        return False
    return True


def drop(folder: Path) -> None:
    """Delete a generation, or what lies where one should; renamed first, so that none half deleted looks complete."""
    doomed = folder.with_name(f"{PARTIAL}{folder.name}-{secrets.token_hex(2)}")
    folder.rename(doomed)
    discard(doomed)


def discard(path: Path) -> None:
    """Delete a file, a link, or a folder and all in it; what cannot be deleted stays for the next start."""
    if is_folder(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()
