"""A generation's manifest: what it was made from and with, and whether every byte of it is still there.

The manifest lists each file's SHA-256 and carries one of itself; it is compared with what this program would write,
byte by byte, so that no flipped bit in it passes either.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 3
#: Formats that this program opens. 1 had no digest of the manifest, no names and word counts, and no delta; 2 kept ids
#: and vectors in one file and read all of a coarse index.
READ_FORMATS = (3,)
MANIFEST = "manifest.json"
_MOST_BYTES = 1 << 26
_HASHED_AT_ONCE = 4
_SETTLED_NS = 2_000_000_000
#: Empty files that tantivy makes where it reads and writes; nobody reads them.
_LOCKS = frozenset({".tantivy-meta.lock", ".tantivy-writer.lock"})


class GenerationError(RuntimeError):
    """A generation is missing, damaged, or made by other settings; says which and what to do."""


class FormatError(GenerationError):
    """A generation that another version of Karani wrote: it may be whole, but this program does not open it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from and with; it opens against nothing else.

    ``change`` is the store's change number that it reads the texts as of. ``base_change`` and ``base_passages`` are those
    of its base files, which are older where it has a delta (`index.delta`).
    ``lexicon`` is the revision of the static encoder whose tokens the forward index holds.
    ``vector_index`` says how its vectors are searched, and how well that finds what a search of all would (`index.coarse`).
    ``files`` maps each file's relative path to its SHA-256. ``milvus`` says where in Milvus the passages lie
    (`index.milvus.served`); it is empty, and not in the file, where the embedded engine's files are among ``files``.
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
    vector_index: Mapping[str, Any] = field(default_factory=dict)
    fusion: Mapping[str, float] = field(default_factory=dict)
    calibration: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    milvus: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read a generation's manifest.

        Raises:
            FormatError: it is of a format that this program does not open.
            GenerationError: it is absent, unreadable, or changed since it was written.
        """
        try:
            written = read_bytes(folder / MANIFEST)
            data: dict[str, Any] = json.loads(written)
            known = data.get("format")
            if known not in READ_FORMATS:
                raise FormatError(say(folder, f"format {known}, this program reads {_formats()}"))
            data.pop("digest", None)
            data["prefixes"] = tuple(data["prefixes"])
            manifest = cls(**data)
            whole = manifest.text().encode() == written
        except OSError as error:
            raise GenerationError(say(folder, f"{MANIFEST}: {reason(error)}")) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise GenerationError(say(folder, f"{MANIFEST}: damaged ({error})")) from error
        if not whole:
            raise GenerationError(say(folder, f"{MANIFEST}: checksum differs"))
        return manifest

    def text(self) -> str:
        """The file's one and only text, with the SHA-256 of the text without it."""
        data = asdict(self)
        if not self.milvus:
            del data["milvus"]
        data["digest"] = hashlib.sha256(_canonical(data).encode()).hexdigest()
        return _canonical(data) + "\n"

    def write(self, folder: Path) -> None:
        """Write it beside the files that it lists."""
        (folder / MANIFEST).write_text(self.text(), encoding="utf-8")


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True)


def _formats() -> str:
    return ", ".join(map(str, READ_FORMATS))


def say(folder: Path, reason: str) -> str:
    """What is wrong with a generation and what to do, for people; names no path outside the data directory."""
    return (
        f"ดัชนีรุ่น {folder.name} ใช้ไม่ได้: {reason} — สั่ง karani build เพื่อสร้างใหม่ / "
        f"generation {folder.name} cannot be used: {reason}; run karani build"
    )


def reason(error: OSError) -> str:
    """An operating system's error without the path that it names."""
    return error.strerror or type(error).__name__


def _opened(path: Path) -> int:
    """A plain file's descriptor: links are not followed, and a pipe is refused instead of waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a plain file")
    return descriptor


def read_bytes(path: Path) -> bytes:
    """A small plain file's bytes.

    Raises:
        OSError: it is absent, no plain file, unreadable, or far larger than any that Karani writes.
    """
    with os.fdopen(_opened(path), "rb") as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(0, "too large")
    return data


def file_sha256(path: Path) -> str:
    """SHA-256 of a plain file's bytes, hexadecimal."""
    with os.fdopen(_opened(path), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of(paths: Sequence[Path]) -> list[str]:
    """`file_sha256` of several files, some at once: hashing needs no Python."""
    with ThreadPoolExecutor(_HASHED_AT_ONCE) as pool:
        largest_first = sorted(paths, key=_size, reverse=True)
        digests = dict(zip(largest_first, pool.map(file_sha256, largest_first), strict=True))
    return [digests[path] for path in paths]


def listed_files(folder: Path) -> list[Path]:
    """The files a manifest lists: all but itself and locks, sorted by path."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST and not path.name.endswith(".lock")
    )


class _Verified:
    """Digests of files that this process has hashed: a hard link in a newer generation is not hashed again.

    A file that anybody has written to since has another size or time, and is. One so young that a second write might
    have left it the same time is never remembered. Of several threads that want a file's digest one reads it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[int, int, str]] = {}
        self._running: dict[tuple[int, ...], Future[str]] = {}
        self._lock = threading.Lock()

    def sha256(self, path: Path, *, anew: bool) -> str:
        """SHA-256 of a file of a generation; ``anew`` reads it whatever is known."""
        status = path.lstat()
        key, seen = (status.st_dev, status.st_ino), (status.st_size, status.st_mtime_ns)
        if anew:
            return self._read(path, key, seen)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[:2] == seen:
                return known[2]
            running = self._running.get((*key, *seen))
            mine = running is None
            if running is None:
                running = self._running[(*key, *seen)] = Future()
        if mine:
            try:
                running.set_result(self._read(path, key, seen))
            except BaseException as error:  # noqa: BLE001 - raised below, and for whoever else waits
                running.set_exception(error)
            finally:
                del self._running[(*key, *seen)]
        return running.result()

    def _read(self, path: Path, key: tuple[int, int], seen: tuple[int, int]) -> str:
        settled = time.time_ns() - seen[1] > _SETTLED_NS
        digest = file_sha256(path)
        if settled:
            self._known[key] = (*seen, digest)
        return digest

    def keep(self, files: Iterable[Path]) -> None:
        """Forget all but these, so that what is known does not grow with every generation."""
        statuses = (path.lstat() for path in files)
        there = {(status.st_dev, status.st_ino) for status in statuses}
        self._known = {key: value for key, value in self._known.items() if key in there}


_verified = _Verified()


def verify(folder: Path, manifest: Manifest, *, anew: bool = False) -> None:
    """Check every file against its checksum.

    Args:
        folder: the generation's.
        manifest: its manifest.
        anew: read files, too, that this process has read before and nobody has written to since.

    Raises:
        GenerationError: names the first file that is missing, extra, changed, unreadable, or no plain file.
    """
    if not is_folder(folder):
        raise GenerationError(say(folder, "not a folder of its own"))
    try:
        there = set(_plain_files(folder, manifest))
    except OSError as error:
        raise GenerationError(say(folder, reason(error))) from error
    for name in sorted(there ^ set(manifest.files)):
        fault = "file missing" if name in manifest.files else "file not in the manifest"
        raise GenerationError(say(folder, f"{name}: {fault}"))

    def fault_of(name: str) -> str:
        try:
            differs = _verified.sha256(folder / name, anew=anew) != manifest.files[name]
        except OSError as error:
            return reason(error)
        return "checksum differs" if differs else ""

    # The largest first, so that none of them is left alone at the end.
    names = sorted(there, key=lambda name: (-_size(folder / name), name))
    with ThreadPoolExecutor(_HASHED_AT_ONCE) as pool:
        faults = {name: found for name, found in zip(names, pool.map(fault_of, names), strict=True) if found}
    for name in sorted(faults):
        raise GenerationError(say(folder, f"{name}: {faults[name]}"))
    _verified.keep(folder / name for name in there)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def is_folder(path: Path) -> bool:
    """Whether this is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def is_plain_file(path: Path) -> bool:
    """Whether this is a file itself: no link, pipe, folder or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _plain_files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Relative names of what lies in a generation, without manifest and locks; nothing else may lie there."""
    folders = {parent.as_posix() for name in manifest.files for parent in Path(name).parents}
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                name = Path(entry.path).relative_to(folder).as_posix()
                if entry.is_dir(follow_symlinks=False) and name in folders:
                    waiting.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False):
                    raise GenerationError(say(folder, f"{name}: not a plain file of this generation"))
                elif name != MANIFEST and entry.name not in _LOCKS:
                    yield name
