"""Reading text that may be compressed, line by line; writing that never leaves half a file behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import zstandard

from eval.errors import DataError

COMPRESSED = ("", ".gz", ".zst")
# BEIR corpora packed with `zstd --long=27` need a window of 128 MB.
_MAX_WINDOW_BYTES = 1 << 27


def find(folder: Path, name: str) -> Path:
    """``folder/name`` as it is, gzipped or zstandard-compressed, whichever is there first."""
    for suffix in COMPRESSED:
        path = folder / f"{name}{suffix}"
        if path.is_file():
            return path
    raise DataError(folder, f"no {name}", expected=f"{name}, {name}.gz or {name}.zst in the folder")


def _open_bytes(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    raw = path.open("rb")
    if path.suffix != ".zst":
        return raw
    return io.BufferedReader(_Zstandard(raw), 1 << 20)


class _Zstandard(io.RawIOBase):
    """Unpacks a stream and notices when it ends inside a frame, which the library's own reader does not."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame: Any = None
        self._ready = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._packed.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = self._packed.read(1 << 17)
            if not chunk:
                if self._frame is not None and not self._frame.eof:
                    raise EOFError("it ends inside a compressed frame")
                return 0
            self._ready = b"".join(self._unpacked(chunk))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _unpacked(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._frame is None or self._frame.eof:
                unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
                self._frame = unpacker.decompressobj()
            yield self._frame.decompress(chunk)
            chunk = self._frame.unused_data if self._frame.eof else b""


def lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield line numbers from 1 and the lines without their ends; a byte order mark is no text.

    Lines end at ``\n`` alone: JSON and Thai texts may hold U+2028 and others of ``str.splitlines``.

    Raises:
        DataError: the file is missing, not UTF-8, or broken inside its compression.

    """
    number = 0
    try:
        with _open_bytes(path) as stream:
            for raw in stream:
                number += 1
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                yield number, text.rstrip("\r\n")
    except FileNotFoundError:
        raise DataError(path, "no such file", expected="a readable file") from None
    except UnicodeDecodeError as error:
        reason = f"byte {error.start + 1} of the line is not UTF-8"
        column = len(error.object[: error.start].decode("utf-8", "replace")) + 1
        raise DataError(path, reason, line=number, column=column, expected="UTF-8 text") from error
    except (EOFError, gzip.BadGzipFile, zstandard.ZstdError, OSError) as error:
        reason = f"cannot be read after line {number} ({error})"
        raise DataError(path, reason, expected="a complete, uncorrupted file") from error


def key_column(path: Path, line: int, *keys: str) -> int:
    """Find the character, from 1, where a JSON line names one of its keys; 1 where it names none.

    The file is read again up to that line, which only an error pays for.
    """
    text = next((text for number, text in lines(path) if number == line), "")
    return next((place + 1 for key in keys if (place := text.find(f'"{key}"')) >= 0), 1)


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the JSON object of every line that is not blank, with its line number.

    Raises:
        DataError: a line that is not one JSON object (line and column named).

    """
    for number, line in lines(path):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                path,
                f"not JSON: {error.msg}",
                line=number,
                column=error.colno,
                expected="one JSON object a line",
            ) from error
        if not isinstance(value, dict):
            reason = f"a JSON {type(value).__name__}"
            raise DataError(path, reason, line=number, column=1, expected="a JSON object")
        yield number, value


def sha256(*paths: Path) -> str:
    """Take one hash over the bytes of the files, in the order given; folders count with all their files."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file():
                continue
            if path.is_dir():
                digest.update(str(file.relative_to(path)).encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


@contextmanager
def written(path: Path) -> Iterator[IO[str]]:
    """Give a text stream that becomes ``path`` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Write readable JSON with Thai as it is written."""
    with written(path) as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1)
        stream.write("\n")
