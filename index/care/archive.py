"""A backup's file: a tar of plain files, packed with Zstandard, that begins with a list of what must follow.

``tar --zstd -xf FILE`` reads it, too. The reader here trusts nothing of it: names, kinds and sizes must be those of the
list, the list those of a data directory, and no more is unpacked than was said.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import zstandard

FORMAT = 1
ABOUT = "backup.json"
_BLOCK = 512
_CHUNK_BYTES = 1 << 20
_MOST_ABOUT_BYTES = 1 << 26
_MOST_WINDOW_BYTES = 1 << 27
_MOST_PADDING_BYTES = 1 << 16
_LEVEL = 3
_GENERATION = r"[0-9A-Za-z][0-9A-Za-z-]*"
_PART = r"[0-9A-Za-z_.-]*[0-9A-Za-z_-][0-9A-Za-z_.-]*"
_NAME = re.compile(
    r"(?:corpus|service|judgements)\.sqlite|files/[0-9a-f]{64}"
    rf"|spool/{_PART}(?:/{_PART})?|generations/(?P<generation>{_GENERATION})/{_PART}(?:/{_PART}){{0,3}}"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")

Written = Callable[[int], None]


class BackupError(RuntimeError):
    """A backup cannot be made, or not be trusted; says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class About:
    """What a backup holds: its first member.

    Attributes:
        format: this layout's number.
        created: when, in ISO 8601.
        karani: the version that made it.
        generation: the index that it holds, or ``None``.
        counts: documents, pages, cases, passages, originals.
        members: every further file by name, in the order they follow.
    """

    format: int
    created: str
    karani: str
    generation: str | None
    counts: Mapping[str, int]
    members: Mapping[str, Member] = field(default_factory=dict)

    @property
    def total_bytes(self) -> int:
        """All members' bytes together."""
        return sum(member.bytes for member in self.members.values())

    def text(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def parse(cls, written: bytes) -> About:
        """Read and check the list.

        Raises:
            BackupError: it is damaged, of another format, or names what no data directory holds.
        """
        try:
            data: dict[str, Any] = json.loads(written)
            known = data["format"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise damaged(f"{ABOUT}: {error}") from error
        if known != FORMAT:
            raise BackupError(
                f"ไฟล์สำรองรูปแบบ {known!s:.20} แต่โปรแกรมนี้อ่านรูปแบบ {FORMAT} โปรดปรับรุ่น Karani / "
                f"the backup has format {known!s:.20}, this program reads {FORMAT}: upgrade Karani"
            )
        try:
            members = {name: Member(**member) for name, member in data.pop("members").items()}
            about = cls(**data, members=members)
            for name, member in members.items():
                _check(name, member, about.generation)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise damaged(f"{ABOUT}: {error}") from error
        return about


def is_member(name: str) -> bool:
    """Whether a file of this name, relative to the data directory, belongs into a backup."""
    hidden = name.endswith(".lock") or name.startswith("spool/.")
    return _NAME.fullmatch(name) is not None and not hidden


def _check(name: str, member: Member, generation: str | None) -> None:
    match = _NAME.fullmatch(name)
    if match is None or (match["generation"] is not None and match["generation"] != generation):
        raise ValueError(f"no file of a data directory: {name!r:.120}")
    size = member.bytes
    if (
        not isinstance(size, int)
        or isinstance(size, bool)
        or size < 0
        or not _SHA256.fullmatch(member.sha256)
    ):
        raise ValueError(f"no size or checksum: {name!r:.120}")


def damaged(reason: str) -> BackupError:
    """The error of a backup that is not what it says."""
    return BackupError(
        f"ไฟล์สำรองเสียหายหรือถูกแก้ไข ({reason}) ใช้ไฟล์สำรองอื่น / the backup is damaged or was changed ({reason}): use another one"
    )


class ArchiveWriter:
    """Writes members one after another; `finish` ends the archive."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def about(self, about: About) -> None:
        """Write the list; it comes first."""
        data = about.text().encode()
        self._stream.write(_header(ABOUT, len(data)) + data + _padding(len(data)))

    def add(self, name: str, path: Path, member: Member, written: Written) -> None:
        """Write a file.

        Raises:
            BackupError: its bytes are no longer those of ``member``.
        """
        self._stream.write(_header(name, member.bytes))
        digest, left = hashlib.sha256(), member.bytes
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                left -= len(chunk)
                self._stream.write(chunk)
                written(len(chunk))
        if left or digest.hexdigest() != member.sha256:
            raise BackupError(
                f"{name} เสียหาย จึงไม่ได้สำรอง สั่ง karani check --repair ก่อน / "
                f"{name} is damaged, no backup was made: run karani check --repair first"
            )
        self._stream.write(_padding(member.bytes))

    def finish(self) -> None:
        """Write the end."""
        self._stream.write(bytes(2 * _BLOCK))


def _header(name: str, size: int) -> bytes:
    about = tarfile.TarInfo(name)
    about.size, about.mode = size, 0o600
    return about.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


class ArchiveReader:
    """Reads members one after another; every fault is a `BackupError`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.about = About.parse(self._first())
        self._left = dict(self.about.members)

    def members(self) -> Iterator[tuple[str, Member]]:
        """Each member's name; `copy` it before the next."""
        while (found := self._next()) is not None:
            name, size = found
            member = self._left.pop(name, None)
            if member is None or member.bytes != size:
                raise damaged(f"{name!r:.120} is not as {ABOUT} says")
            yield name, member
        if self._left:
            raise damaged(f"{next(iter(self._left))} is missing")
        self._end()

    def copy(self, name: str, member: Member, out: IO[bytes], written: Written) -> None:
        """Write a member's bytes, and compare them with its checksum."""
        digest, left = hashlib.sha256(), member.bytes
        while left:
            chunk = self._exactly(min(left, _CHUNK_BYTES))
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
            written(len(chunk))
        if digest.hexdigest() != member.sha256:
            raise damaged(f"{name}: checksum differs")
        self._exactly(-member.bytes % _BLOCK)

    def _first(self) -> bytes:
        found = self._next()
        if found is None or found[0] != ABOUT or found[1] > _MOST_ABOUT_BYTES:
            raise BackupError("ไม่ใช่ไฟล์ที่ karani backup สร้าง / this is no file that karani backup made")
        data = self._exactly(found[1])
        self._exactly(-found[1] % _BLOCK)
        return data

    def _next(self) -> tuple[str, int] | None:
        block = self._exactly(_BLOCK)
        if not any(block):
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, ValueError) as error:
            raise damaged(str(error)) from error
        if info.type != tarfile.REGTYPE or info.size < 0:
            raise damaged(f"{info.name!r:.120} is no plain file")
        return info.name, info.size

    def _end(self) -> None:
        """Nothing may follow but the end's zeros."""
        rest = self._read(_MOST_PADDING_BYTES + 1)
        if any(rest) or len(rest) < _BLOCK or len(rest) > _MOST_PADDING_BYTES:
            raise damaged("the end is missing, or something follows it")

    def _exactly(self, size: int) -> bytes:
        data = self._read(size)
        if len(data) < size:
            raise damaged("cut short")
        return data

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self._stream.read(min(size, _CHUNK_BYTES))
            except zstandard.ZstdError as error:
                raise damaged(str(error)) from error
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


@contextmanager
def packing(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """What is written is packed into ``file``, with a checksum of its own."""
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with packer.stream_writer(file, closefd=False) as stream:
        yield stream


@contextmanager
def unpacking(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """What is read is unpacked as far as it is asked for, so that no small file fills the memory."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES)
    with unpacker.stream_reader(file, closefd=False) as stream:
        yield stream
