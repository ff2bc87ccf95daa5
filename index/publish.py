"""Generations on disk: complete, checksummed and immutable, or not there at all.

A generation is written into a hidden folder, synced, renamed into place, and
only then named by ``CURRENT``, itself replaced by an atomic rename. Whatever
moment the power goes, ``CURRENT`` names a complete generation.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus.settings import Settings

FORMAT = 2
MANIFEST = "manifest.json"
_PARTIAL = ".partial-"
KEPT_GENERATIONS = 2


class GenerationError(RuntimeError):
    """A generation is missing, damaged, or made by other settings; says which and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from and with; it opens against nothing else.

    ``change`` is the store's change number that it reads the texts as of. ``base_change`` and ``base_passages`` are those
    of its base files, which are older where it has a delta (`index.delta`).
    ``lexicon`` is the revision of the static encoder whose tokens the forward index holds.
    ``files`` maps each file's relative path to its SHA-256.
    """

    format: int
    encoder: str
    revision: str
    prefixes: tuple[str, str]
    dim: int
    cleaner: str
    segmenter: str
    change: int
    passages: int
    base_change: int
    base_passages: int
    corpus_sum: str
    truncated: int
    created: str
    lexical: str
    lexicon: str
    fusion: Mapping[str, float] = field(default_factory=dict)
    calibration: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read a generation's manifest.

        Raises:
            GenerationError: it is absent, unreadable or of another format.
        """
        path = folder / MANIFEST
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if data.get("format") != FORMAT:
                raise GenerationError(
                    _say(folder, f"format {data.get('format')}, this program reads {FORMAT}")
                )
            data["prefixes"] = tuple(data["prefixes"])
            return cls(**data)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise GenerationError(_say(folder, f"{MANIFEST}: {error}")) from error

    def write(self, folder: Path) -> None:
        """Write it beside the files that it lists."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _say(folder: Path, reason: str) -> str:
    return (
        f"ดัชนีรุ่น {folder.name} ใช้ไม่ได้: {reason} — สั่ง karani build เพื่อสร้างใหม่ / "
        f"generation {folder.name} cannot be used: {reason}; run karani build"
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Verified:
    """Digests of files that this process has hashed: a hard link in a newer generation is not hashed again.

    A file that anybody has written to since has another size or time, and is.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[int, int, str]] = {}

    def sha256(self, path: Path) -> str:
        """SHA-256 of a file of a generation."""
        status = path.stat()
        key, seen = (status.st_dev, status.st_ino), (status.st_size, status.st_mtime_ns)
        known = self._known.get(key)
        if known is not None and known[:2] == seen:
            return known[2]
        digest = file_sha256(path)
        self._known[key] = (*seen, digest)
        return digest

    def keep(self, files: Iterable[Path]) -> None:
        """Forget all but these, so that what is known does not grow with every generation."""
        statuses = (path.stat() for path in files)
        there = {(status.st_dev, status.st_ino) for status in statuses}
        self._known = {key: value for key, value in self._known.items() if key in there}


_verified = _Verified()


def listed_files(folder: Path) -> list[Path]:
    """The files a manifest lists: all but itself and locks, sorted by path."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST and not path.name.endswith(".lock")
    )


def verify(folder: Path, manifest: Manifest) -> None:
    """Check every file against its checksum.

    Raises:
        GenerationError: names the first file that is missing, extra or changed.
    """
    there = {path.relative_to(folder).as_posix(): path for path in listed_files(folder)}
    for name in sorted(set(there) ^ set(manifest.files)):
        reason = "file missing" if name in manifest.files else "file not in the manifest"
        raise GenerationError(_say(folder, f"{name}: {reason}"))
    for name, path in there.items():
        if _verified.sha256(path) != manifest.files[name]:
            raise GenerationError(_say(folder, f"{name}: checksum differs"))
    _verified.keep(there.values())


def current_name(settings: Settings) -> str | None:
    """The generation that ``CURRENT`` names, or ``None``."""
    try:
        return settings.current.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def complete_generations(settings: Settings) -> list[Path]:
    """Folders of complete generations: the current one first, then newest first."""
    if not settings.generations.is_dir():
        return []
    folders = [path for path in settings.generations.iterdir() if (path / MANIFEST).is_file()]
    folders = [path for path in folders if not path.name.startswith(".")]
    current = current_name(settings)
    return sorted(folders, key=lambda path: (path.name == current, path.name), reverse=True)


def start(settings: Settings) -> Path:
    """A new hidden folder to write a generation into; leftovers of dead builds are removed."""
    settings.generations.mkdir(parents=True, exist_ok=True)
    for leftover in settings.generations.glob(f"{_PARTIAL}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:18]
    folder = settings.generations / f"{_PARTIAL}{stamp}-{secrets.token_hex(2)}"
    folder.mkdir()
    return folder


def publish(partial: Path, settings: Settings) -> str:
    """Make a written generation (manifest included) the one that serves; its name."""
    for path in [*listed_files(partial), partial / MANIFEST]:
        _sync(path)
    for lock in partial.rglob("*.lock"):
        lock.unlink()
    for folder in [*(path for path in partial.rglob("*") if path.is_dir()), partial]:
        _sync(folder)
    name = partial.name.removeprefix(_PARTIAL)
    partial.rename(settings.generations / name)
    _sync(settings.generations)
    written = settings.current.with_name(f".CURRENT-{secrets.token_hex(4)}")
    written.write_text(name + "\n", encoding="utf-8")
    _sync(written)
    written.replace(settings.current)
    _sync(settings.data)
    return name


def drop_old(settings: Settings) -> list[Path]:
    """Delete all but the newest `KEPT_GENERATIONS`; the folders that stay, current first."""
    folders = complete_generations(settings)
    for folder in folders[KEPT_GENERATIONS:]:
        # Renamed first: a folder half deleted must not look complete.
        doomed = folder.with_name(f"{_PARTIAL}{folder.name}")
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    return folders[:KEPT_GENERATIONS]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
