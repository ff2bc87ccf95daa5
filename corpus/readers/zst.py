"""Zstandard files as byte streams that notice when they were cut short."""

from __future__ import annotations

import io
from typing import IO, Any

import zstandard

# Small, because one packed block may unpack to thousands of times its size.
_CHUNK_BYTES = 1 << 11


class ZstReader(io.RawIOBase):
    """The unpacked bytes of an open ``.zst`` file, frame after frame; who opened it closes it.

    Reading raises EOFError where the file ends inside a frame, which zstandard's own
    reader takes for the end, and zstandard.ZstdError where it is damaged or asks for more than
    ``most_window_bytes`` of memory.
    """

    def __init__(self, file: IO[bytes], most_window_bytes: int) -> None:
        super().__init__()
        self._most_window_bytes = most_window_bytes
        self._file = file
        self._unpacker = self._new()
        self._begun = False
        self._ready = memoryview(b"")

    def _new(self) -> Any:
        return zstandard.ZstdDecompressor(max_window_size=self._most_window_bytes).decompressobj()

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next packed chunk goes; 0 at the end."""
        while not self._ready:
            packed = self._file.read(_CHUNK_BYTES)
            if not packed:
                if self._begun:
                    raise EOFError("the last frame is not complete")
                return 0
            self._ready = memoryview(self._unpack(packed))  # taken in pieces, which are no copies
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _unpack(self, packed: bytes) -> bytes:
        parts = []
        while packed:
            self._begun = True
            parts.append(self._unpacker.decompress(packed))
            packed = b""
            if self._unpacker.eof:
                packed = self._unpacker.unused_data
                self._unpacker = self._new()
                self._begun = False
        return b"".join(parts)
