"""What the processes of one service know of each other: a file in memory that all of them have open.

A line for each worker, written by that worker alone, and the tables of counts (`service.workers.windows`). A service
of one process has a board of its own that nobody else sees.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import IntEnum

from service.workers.windows import Windows, table_bytes

MOST_WORKERS = 64
#: A worker whose event loop has not turned for so long counts for nothing in the others' sums.
SILENT_SECONDS = 5.0
_SECRET_BYTES = 32
_LINE_BYTES = 64
_TABLES_AT = 8192
_PLACES = 1 << 15


class Field(IntEnum):
    """The numbers of a worker's line."""

    PID = 0
    BEAT = 1  # time.monotonic_ns() of its event loop's last turn
    UP = 2  # 1 while it takes connections
    CONNECTIONS = 3
    WAITING = 4  # calls that wait or run on its threads
    WRITING = 5  # answers in sentences being written
    CHANGE = 6  # the corpus' change that it answers from; -1 where it answers from the demo or from nothing


class Board:
    """One process' view of it.

    Args:
        file: descriptor of the shared file; -1 for a service of one process.
        slot: the line of this process; -1 for the supervisor, which has none.

    Attributes:
        secret: the same in all processes and never on a disk that lasts: signs receipts, salts hashes.
        windows: calls by caller.
        askers: who asked what today.
    """

    def __init__(self, file: int = -1, slot: int = 0) -> None:
        size = _TABLES_AT + 2 * table_bytes(_PLACES)
        self._file = file
        self.slot = slot
        self._memory = mmap.mmap(file, size)
        self._numbers = memoryview(self._memory)[: _LINE_BYTES * (MOST_WORKERS + 1)].cast("q")
        if file < 0:
            self._memory[:_SECRET_BYTES] = secrets.token_bytes(_SECRET_BYTES)
        self.secret = self._memory[:_SECRET_BYTES]
        self.windows = Windows(self._memory, _TABLES_AT, _PLACES, file, self.secret)
        askers_at = _TABLES_AT + table_bytes(_PLACES)
        self.askers = Windows(self._memory, askers_at, _PLACES, file, self.secret)
        #: Asks every process of the service to look for changes of the corpus; set by whoever can reach them.
        self.call_all: Callable[[], None] = lambda: None

    @property
    def shared(self) -> bool:
        """Whether there are other processes."""
        return self._file >= 0

    def put(self, field: Field, number: int) -> None:
        """Write in this process' own line."""
        self._numbers[self._place(self.slot) + field] = number

    def mine(self, field: Field) -> int:
        """Read from this process' own line."""
        return self.of(self.slot, field)

    def of(self, slot: int, field: Field) -> int:
        """Read from a worker's line."""
        return self._numbers[self._place(slot) + field]

    def clear(self, slot: int) -> None:
        """A worker has ended: its line no longer counts."""
        for field in Field:
            self._numbers[self._place(slot) + field] = 0

    def beat(self) -> None:
        """Tell that the event loop of this process turns."""
        self.put(Field.BEAT, time.monotonic_ns())

    def living(self) -> Iterator[int]:
        """The slots of workers that take connections and are not stuck."""
        silent = time.monotonic_ns() - int(SILENT_SECONDS * 1e9)
        for slot in range(MOST_WORKERS):
            if self.of(slot, Field.UP) and self.of(slot, Field.BEAT) > silent:
                yield slot

    def others(self, field: Field) -> list[int]:
        """The numbers of the other living workers."""
        if not self.shared:
            return []
        return [self.of(slot, field) for slot in self.living() if slot != self.slot]

    @property
    def leads(self) -> bool:
        """Whether this process is the one that does what only one of them may; another is when it ends."""
        return not self.shared or next(self.living(), self.slot) == self.slot

    def sum(self, field: Field) -> int:
        """Over this process and the other living ones."""
        return self.mine(field) + sum(self.others(field))

    def _place(self, slot: int) -> int:
        return (slot + 1) * _LINE_BYTES // 8  # before the first line stands the secret


@contextlib.contextmanager
def shared_file() -> Iterator[int]:
    """A new board's file, with a secret in it; gone once no process has it open."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("karani-board")
    else:
        with tempfile.TemporaryFile() as unnamed:
            file = os.dup(unnamed.fileno())
    try:
        os.ftruncate(file, _TABLES_AT + 2 * table_bytes(_PLACES))
        os.pwrite(file, secrets.token_bytes(_SECRET_BYTES), 0)
        yield file
    finally:
        os.close(file)
