"""Where uploads lie until their job is done: ``<data>/spool/<job id>/``, synced before a caller is told.

A folder that is being written is hidden (``.partial-<job id>``) and its writer holds the kernel's lock on it, so that
several services may share a data directory and each clean up after those that died.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from corpus.syncing import sync
from service.changing.jobs import new_id

_PARTIAL = ".partial-"
LOCK = "worker.lock"


class Spool:
    """The folder of a data directory; made with the first upload.

    Args:
        folder: ``<data>/spool``.
        free_bytes: what uploads leave free on that disk.
    """

    def __init__(self, folder: Path, free_bytes: int = 0) -> None:
        self.folder = folder
        self._free_bytes = free_bytes

    def path(self, job_id: str) -> Path:
        """A job's folder."""
        return self.folder / job_id

    @contextmanager
    def incoming(self, expected_bytes: int = 0) -> Iterator[Incoming]:
        """A new job's folder to write into; it is gone afterwards unless it was `Incoming.keep`-t.

        Raises:
            OSError: it cannot be written; ``ENOSPC`` also where the disk would get too full.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.check_space(expected_bytes)
        job_id = new_id()
        folder = self.folder / f"{_PARTIAL}{job_id}"
        folder.mkdir()
        lock = os.open(folder, os.O_RDONLY)
        incoming = Incoming(self, job_id, folder)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield incoming
        finally:
            if not incoming.kept:
                for leftover in (folder, self.path(job_id)):
                    shutil.rmtree(leftover, ignore_errors=True)
            os.close(lock)

    def check_space(self, wanted_bytes: int = 0) -> None:
        """Raise ``ENOSPC`` where ``wanted_bytes`` more would leave too little."""
        if shutil.disk_usage(self.folder).free - wanted_bytes < self._free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))

    def remove(self, job_id: str) -> None:
        """Delete a finished job's files."""
        shutil.rmtree(self.path(job_id), ignore_errors=True)

    def clean(self, wanted: Callable[[str], bool]) -> None:
        """Delete the folders of nobody: half written ones, and those whose job is not ``wanted``."""
        if not self.folder.is_dir():
            return
        for folder in self.folder.iterdir():
            if folder.is_dir() and not wanted(folder.name):
                self._clean(folder, wanted)

    def _clean(self, folder: Path, wanted: Callable[[str], bool]) -> None:
        with contextlib.suppress(OSError), _locked(folder):
            # Looked again: its writer may have stored the job and let go since.
            if not wanted(folder.name):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; raises ``BlockingIOError`` while another process writes there."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


class Incoming:
    """One job's files while they come. The names that files were sent with are never used here."""

    def __init__(self, spool: Spool, job_id: str, folder: Path) -> None:
        self.job_id = job_id
        self.kept = False
        self._spool = spool
        self._folder = folder
        self._count = 0

    def create(self, suffix: str) -> tuple[str, IO[bytes]]:
        """A new file to write; its name in the folder, and the stream."""
        self._count += 1
        stored = f"{self._count:04d}{suffix}"
        return stored, (self._folder / stored).open("xb")

    def check_space(self) -> None:
        """Raise ``ENOSPC`` where the disk has become too full."""
        self._spool.check_space()

    def sync(self) -> None:
        """Everything so far is on the disk, under the job's own name, whatever happens next."""
        for path in self._folder.iterdir():
            sync(path)
        sync(self._folder)
        self._folder.rename(self._spool.path(self.job_id))
        sync(self._spool.folder)

    def keep(self) -> None:
        """The job is stored: its files stay."""
        self.kept = True


def worker_is_free(folder: Path) -> bool:
    """Whether no worker works on this spool just now."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
