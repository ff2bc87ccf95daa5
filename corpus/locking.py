"""One writer at a time in a data directory: whoever changes the store or its generations holds this lock.

It is the kernel's own (``flock``), so that it is gone with the process that held it, however that ended. Readers need
none: SQLite gives each its snapshot, and generations are immutable.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from corpus.settings import Settings

LOCK = "build.lock"
#: How long commands wait for another writer before they give up, in seconds.
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_held = threading.local()


class CorpusLockedError(RuntimeError):
    """Another process is changing this data directory; says which and what to do."""


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
        settings: names the data directory, which is made where it is missing.
        what: what this process is about to do, told to those who wait, such as ``karani build``.
        patience_seconds: how long to wait for another writer.
        talk: told once, when it begins to wait, for whom.

    Raises:
        CorpusLockedError: the other one was not done in time.
    """
    path = (settings.data / LOCK).resolve()
    holding: set[Path] = _held.__dict__.setdefault("paths", set())
    if path in holding:
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        _take(lock, settings, patience_seconds, talk)
        _sign(lock, what)
        holding.add(path)
        try:
            yield
        finally:
            holding.discard(path)
            with suppress(OSError):
                os.ftruncate(lock.fileno(), 0)


def _take(
    lock: IO[str], settings: Settings, patience_seconds: float, talk: Callable[[str], None] | None
) -> None:
    deadline = time.monotonic() + patience_seconds
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise _locked(lock, settings) from error
            if talk is not None and not told:
                told = True
                talk(f"รอโปรเซสอื่นที่กำลังแก้ไขคลัง {_holder(lock)} / waiting for another process: {_holder(lock)}")
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _sign(lock: IO[str], what: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    signature = json.dumps({"pid": os.getpid(), "what": what, "since": since})
    # The lock holds without a signature, too, which only tells others whom they wait for.
    with suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), signature.encode())


def _holder(lock: IO[str]) -> str:
    """Who holds it, as it signed; for a person to find the process by."""
    lock.seek(0)
    try:
        signed = json.loads(lock.read())
        return f"{signed['what']} (pid {signed['pid']}, {signed['since']})"
    except (ValueError, KeyError, TypeError):
        return "?"


def _locked(lock: IO[str], settings: Settings) -> CorpusLockedError:
    holder = _holder(lock)
    return CorpusLockedError(
        f"มีโปรเซสอื่นกำลังแก้ไขคลังใน {settings.data} อยู่: {holder} รอให้เสร็จแล้วลองใหม่ / "
        f"another process is changing {settings.data}: {holder}; wait until it ends, then try again"
    )
