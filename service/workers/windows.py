"""A table of counts in memory that several processes may share: who called how often in the window that runs.

Of fixed size, so that no flood of callers takes more memory: a hash table of places for eight entries each. Where all
eight are taken, the entry that ends first goes. Each place has a lock of its own, the kernel's record lock on that
byte of the shared file: it is gone with a process that dies holding it.
"""

from __future__ import annotations

import fcntl
import mmap
import secrets
from hashlib import blake2b
from struct import Struct

_WAYS = 8
_ENTRY = Struct("<16sdq")  # whose, when it ends, how many
_PLACE = Struct("<" + "16sdq" * _WAYS)
_NOBODY = bytes(16)


def table_bytes(places: int) -> int:
    """The memory that a table takes; untouched places cost nothing."""
    return places * _PLACE.size


class Windows:
    """Counts by caller, each in a window that begins with its first call. For one thread of each process.

    Args:
        memory: where the table lies; ``None`` for memory of its own.
        at: the table's first byte there.
        places: a power of two; there is room for up to eight times as many counts.
        file: descriptor of the file behind ``memory`` where other processes count, too; -1 where none does.
        key: what callers are hashed with, so that nobody can choose whose place to share; none: a random one.
    """

    def __init__(
        self,
        memory: mmap.mmap | None = None,
        at: int = 0,
        places: int = 1 << 15,
        file: int = -1,
        key: bytes = b"",
    ) -> None:
        self._memory = mmap.mmap(-1, table_bytes(places)) if memory is None else memory
        self._at = at
        self._mask = places - 1
        self._file = file
        self._key = key or secrets.token_bytes(16)

    def count(self, who: str, ends: float, now: float, *, displace: bool = True) -> tuple[int, float]:
        """Count one call.

        Args:
            who: caller and what is counted.
            ends: when the window ends if this call begins it, in seconds since 1970.
            now: the same clock's time.
            displace: whether it may take another's room where there is none.

        Returns:
            How many this window has counted, this call among them, and when it ends; zeros where it found no room.
        """
        digest = blake2b(who.encode("utf-8", "replace"), digest_size=16, key=self._key).digest()
        at = self._at + (int.from_bytes(digest[:4], "little") & self._mask) * _PLACE.size
        if self._file < 0:
            return self._counted(at, digest, ends, now, displace)
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, at)
        try:
            return self._counted(at, digest, ends, now, displace)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, at)

    def _counted(self, at: int, digest: bytes, ends: float, now: float, displace: bool) -> tuple[int, float]:
        held = _PLACE.unpack_from(self._memory, at)
        owners = held[::3]
        if digest in owners:
            way = owners.index(digest)
            until, count = held[3 * way + 1], held[3 * way + 2]
            if until > now:
                ends, count = until, count + 1
            else:
                count = 1
        else:
            until, way = min(zip(held[1::3], range(_WAYS), strict=True))
            if until > now and not displace:
                return 0, 0.0
            count = 1
        _ENTRY.pack_into(self._memory, at + way * _ENTRY.size, digest, ends, count)
        return count, ends

    def running(self, now: float) -> int:
        """How many windows run."""
        entries = _ENTRY.iter_unpack(self._memory[self._at : self._at + (self._mask + 1) * _PLACE.size])
        return sum(owner != _NOBODY and ends > now for owner, ends, _ in entries)
