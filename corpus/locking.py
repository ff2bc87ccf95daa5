"""One writer at a time: whoever changes the store or a data directory's generations holds this lock.

It is the kernel's own (``flock``), so that it is gone with the process that held it, however that ended. Where the
corpus lies in PostgreSQL, its server's lock is held besides (`corpus.postgres.lock`): one writer over all machines.
Readers need none: the database gives each its snapshot, and generations are immutable.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from corpus.settings import DatabaseServer, Settings

LOCK = "build.lock"
#: How long commands wait for another writer before they give up, in seconds.
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_held = threading.local()


class CorpusLockedError(RuntimeError):
    """Another process is changing this data directory; says which and what to do."""


class _Lock(Protocol):
    """Something that one process at a time can hold."""

    def take(self) -> bool:
        """Whether it is held now; does not wait."""

    def sign(self, what: str) -> None:
        """Say who holds it, for others that wait."""

    def holder(self) -> str:
        """Who holds it, as it signed; for a person to find the process by."""

    def check(self) -> None:
        """Raise an error where it was lost meanwhile."""

    def release(self) -> None:
        """Let it go, held or not."""


@contextmanager
def corpus_lock(
    settings: Settings,
    what: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    talk: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the data directory's one lock; a thread that holds it already passes.

    Args:
        settings: names the data directory, which is made where it is missing, and the server that has a lock, too.
        what: what this process is about to do, told to those who wait, such as ``karani build``.
        patience_seconds: how long to wait for another writer.
        talk: told once, when it begins to wait, for whom.

    Raises:
        CorpusLockedError: the other one was not done in time.
        corpus.sqlite.StoreError: the server cannot be reached, or went away while its lock was held.
    """
    path = (settings.data / LOCK).resolve()
    holding: set[Path] = _held.__dict__.setdefault("paths", set())
    if path in holding:
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    waiting = _Waiting(str(settings.data), time.monotonic() + patience_seconds, talk)
    with ExitStack() as held:
        held.enter_context(_holding(_FileLock(path), what, waiting))
        if settings.server is not None:
            held.enter_context(_holding(_server_lock(settings.server), what, waiting))
        holding.add(path)
        held.callback(holding.discard, path)
        yield


def _server_lock(server: DatabaseServer) -> _Lock:
    from corpus.postgres.lock import ServerLock

    return ServerLock(server)


@contextmanager
def _holding(lock: _Lock, what: str, waiting: _Waiting) -> Iterator[None]:
    try:
        waiting.wait(lock)
        lock.sign(what)
        yield
        lock.check()
    finally:
        lock.release()


class _Waiting:
    """Waits for locks until a deadline (of ``time.monotonic``), and says so once."""

    def __init__(self, place: str, deadline: float, talk: Callable[[str], None] | None) -> None:
        self._place = place
        self._deadline = deadline
        self._talk = talk

    def wait(self, lock: _Lock) -> None:
        while not lock.take():
            if time.monotonic() >= self._deadline:
                raise _locked(lock.holder(), self._place)
            if self._talk is not None:
                who = lock.holder()
                self._talk(f"รอโปรเซสอื่นที่กำลังแก้ไขคลัง {who} / waiting for another process: {who}")
                self._talk = None
            time.sleep(_LOOK_SECONDS)


class _FileLock:
    """The lock of a data directory on this machine."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        self._held = False

    def take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._held = True
        return True

    def sign(self, what: str) -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        signature = json.dumps({"pid": os.getpid(), "what": what, "since": since})
        # The lock holds without a signature, too, which only tells others whom they wait for.
        with suppress(OSError):
            os.ftruncate(self._file.fileno(), 0)
            os.write(self._file.fileno(), signature.encode())

    def holder(self) -> str:
        self._file.seek(0)
        try:
            signed = json.loads(self._file.read())
            return f"{signed['what']} (pid {signed['pid']}, {signed['since']})"
        except (ValueError, KeyError, TypeError):
            return "?"

    def check(self) -> None:
        pass  # the kernel takes it from nobody

    def release(self) -> None:
        if self._held:
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), 0)
        self._file.close()


def _locked(holder: str, place: str) -> CorpusLockedError:
    return CorpusLockedError(
        f"มีโปรเซสอื่นกำลังแก้ไขคลังใน {place} อยู่: {holder} รอให้เสร็จแล้วลองใหม่ / "
        f"another process is changing {place}: {holder}; wait until it ends, then try again"
    )
