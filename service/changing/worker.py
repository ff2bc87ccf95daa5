"""The process that changes the corpus: reads, cleans, stores and builds, so that no search waits for it.

``python -m service.changing.worker --data DIR``; a service starts it. It takes all waiting jobs together, builds once,
and says so in a line on standard output. It ends when its standard input does, when another worker works on the data
directory already, and after a while without a job. It may be killed at any moment: what it had begun is begun again.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.settings import Settings
from service.changing.jobs import Failure, Job, Jobs, Stage
from service.changing.spool import LOCK, Spool
from service.database import Database

if TYPE_CHECKING:
    from corpus.store import Store
    from index.interfaces import Encoder

NICE = 5
#: Ended because another worker has the data directory.
TAKEN = 0
_LOOK_SECONDS = 0.5
_PROGRESS_SECONDS = 0.3
#: A service opens what was built; only then the next is built, but it is not waited for longer than this.
_OPENING_SECONDS = 10.0
#: Another service may answer from an earlier generation for so long.
_FORGET_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until there is nothing to do for a while."""
    parser = argparse.ArgumentParser(prog="service.changing.worker", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--database", type=Path, help="the jobs' database (default: DIR/service.sqlite)")
    parser.add_argument("--idle-seconds", type=float, default=300.0)
    given = parser.parse_args(arguments)
    os.environ.setdefault("PYTHAINLP_OFFLINE", "1")
    settings = Settings.from_environment(data=given.data)
    spool = Spool(settings.data / "spool")
    with ExitStack() as stack:
        if not stack.enter_context(_alone(spool.folder)):
            return TAKEN
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # at a terminal it is meant for the service
        os.nice(NICE)
        database = Database(given.database or settings.service_database)
        stack.callback(database.close)
        jobs = Jobs(database)
        called = _end_with_input(jobs)
        Worker(settings, jobs, spool, called).run(given.idle_seconds)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the spool's lock, or give ``False``; the kernel's, so it is gone with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _end_with_input(jobs: Jobs) -> threading.Event:
    """End the process at once when standard input ends or at SIGTERM: its service has ended. Set by every line."""
    called = threading.Event()

    def end() -> None:
        jobs.release()
        os._exit(0)  # the main thread may be deep in a reader; everything it does may stop anywhere

    def listen() -> None:
        for _ in sys.stdin.buffer:
            called.set()
        end()

    threading.Thread(target=listen, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
    return called


@dataclass(slots=True)
class _Read:
    """A job whose files are in the store."""

    job: Job
    changed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    documents: int = 0


class Worker:
    """Does jobs, with encoder and store kept open between them.

    Args:
        settings: names the data directory and the encoder.
        jobs: what waits.
        spool: where uploads lie.
        called: set when there may be something to do.
    """

    def __init__(self, settings: Settings, jobs: Jobs, spool: Spool, called: threading.Event) -> None:
        self._settings = settings
        self._jobs = jobs
        self._spool = spool
        self._called = called
        self._store: Store | None = None
        self._encoder: Encoder | None = None
        self._told_at = 0.0
        self._published: deque[tuple[float, int]] = deque()

    def run(self, idle_seconds: float) -> None:
        """Do jobs until none came for ``idle_seconds``."""
        from corpus.locking import corpus_lock

        self._jobs.revive(_deadly)
        idle_since = time.monotonic()
        while time.monotonic() - idle_since <= idle_seconds:
            waiting = self._jobs.next()
            if waiting:
                talk = self._tell_of(waiting)
                with corpus_lock(self._settings, "karani serve", patience_seconds=math.inf, talk=talk):
                    self._do(self._jobs.next())  # more may have come while it waited
                self._wait_for_opening()
                idle_since = time.monotonic()
            else:
                self._called.wait(_LOOK_SECONDS)
                self._called.clear()
            self._forget()
        if self._store is not None:
            self._store.close()

    def _tell_of(self, waiting: Sequence[Job]) -> Callable[[str], None]:
        """Told when it begins to wait for another process: the jobs' stage says so."""
        return lambda _: self._jobs.progress(waiting, "waiting", 0, 1)

    def _do(self, waiting: Sequence[Job]) -> None:
        """Take on jobs, build once, and say what became of each."""
        read = []
        for job in waiting:
            self._jobs.begin(job)
            done = self._read(job)
            if done.documents or (job.kind == "delete" and not done.failures):
                read.append(done)
            else:
                self._jobs.failed(job, done.failures)
        if read:
            self._publish(read)
        print(json.dumps({"jobs": len(waiting)}), flush=True)  # noqa: T201 - what the service listens for

    def _read(self, job: Job) -> _Read:
        """One job's files into the store."""
        from corpus.ingest import remove

        done = _Read(job)
        try:
            if job.kind == "delete":
                done.changed = remove(self._opened(), job.documents)
            else:
                self._ingest(job, done)
        except Exception as error:  # noqa: BLE001 - one job's trouble is no other's
            done.failures.append(_trouble(error, self._settings.database))
            done.documents = 0
        return done

    def _ingest(self, job: Job, done: _Read) -> None:
        from corpus.ingest import ingest

        folder = self._spool.path(job.job_id)
        names = {folder / file.stored: file.name for file in job.files}
        report = ingest(
            self._opened(),
            list(names),
            self._settings,
            lambda at: self._progress([job], "reading", at.files, at.of_files),
            replace=job.kind == "replace",
            named=names,
        )
        done.changed, done.documents = report.changed, report.documents
        for failure in report.failures:
            done.failures.append(_said(failure, names))

    def _publish(self, read: Sequence[_Read]) -> None:
        from index.encoders import load_encoder
        from index.generations import build

        jobs, settings, store = [one.job for one in read], self._settings, self._opened()
        self._jobs.progress(jobs, "building", 0, 1)
        try:
            if self._encoder is None:
                self._encoder = load_encoder(settings.encoder, revision=settings.encoder_revision)
            change = store.change
            name = build(
                store,
                settings,
                lambda done, total: self._progress(jobs, "building", done, total),
                encoder=self._encoder,
                forget=False,
            )
        except Exception as error:  # noqa: BLE001 - the jobs say so; whoever comes next is served again
            for one in read:
                self._jobs.failed(
                    one.job, [*one.failures, _unbuilt(error, self._settings.database)], one.changed
                )
            return
        self._published.append((time.monotonic(), change))
        for one in read:
            self._jobs.published(one.job, one.changed, one.failures, name, change)

    def _opened(self) -> Store:
        from corpus.store import Store

        if self._store is None:
            self._store = Store.of(self._settings)
        return self._store

    def _progress(self, jobs: Sequence[Job], stage: Stage, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_at >= _PROGRESS_SECONDS:
            self._told_at = now
            self._jobs.progress(jobs, stage, done, total)

    def _wait_for_opening(self) -> None:
        """Generations that come faster than a service opens them would be gone before it does."""
        deadline = time.monotonic() + _OPENING_SECONDS
        while self._jobs.unfinished()[1] and time.monotonic() < deadline:
            self._called.wait(0.05)
            self._called.clear()

    def _forget(self) -> None:
        """Delete from the store what no service can still be answering from."""
        from corpus.locking import CorpusLockedError, corpus_lock
        from index.publish import GenerationError, Manifest, complete_generations

        before = None
        while self._published and self._published[0][0] < time.monotonic() - _FORGET_SECONDS:
            before = self._published.popleft()[1]
        if before is None:
            return
        try:
            with corpus_lock(self._settings, "karani serve", patience_seconds=0):
                kept = [Manifest.read(folder).change for folder in complete_generations(self._settings)]
                self._opened().forget(min([before, *kept]))
        except (CorpusLockedError, GenerationError, OSError):
            return  # the next build forgets it


def _said(failure: Exception, names: dict[Path, str]) -> Failure:
    """A reader's error without the spool's paths."""
    from corpus.readers import ReadError

    if not isinstance(failure, ReadError):
        return _trouble(failure)
    line_thai, line_english = (
        ("", "") if failure.line is None else (f"บรรทัด {failure.line}: ", f"line {failure.line}: ")
    )
    thai_reason, english_reason = _parted(failure.reason)
    thai_advice, english_advice = _parted(failure.advice)
    message = f"{line_thai}{thai_reason} → {thai_advice} / {line_english}{english_reason} → {english_advice}"
    return Failure(names.get(failure.path) or failure.path.as_posix(), message)


def _parted(text: str) -> tuple[str, str]:
    """``ไทย (English)`` as both."""
    thai, bracket, english = text.partition(" (")
    return (thai, english.removesuffix(")")) if bracket else (text, text)


def _trouble(error: Exception, database: Path | None = None) -> Failure:
    """An error that no reader explains."""
    thai, english = _words(error, database)
    return Failure(
        "",
        f"อ่านไม่สำเร็จ: {thai} แก้สาเหตุแล้วส่งใหม่ / reading broke off: {english}; mend the cause, then send it again",
    )


def _unbuilt(error: Exception, database: Path | None = None) -> Failure:
    thai, english = _words(error, database)
    return Failure(
        "",
        f"เก็บเอกสารแล้ว แต่สร้างดัชนีไม่ได้: {thai} แก้สาเหตุแล้วสั่ง karani build / "
        f"the documents are stored, but no index could be built: {english}; mend the cause, then run karani build",
    )


def _words(error: Exception, database: Path | None) -> tuple[str, str]:
    """What went wrong, in Thai and English and without this machine's paths."""
    from corpus.sqlite import SchemaError, StoreError
    from index.writing import GenerationWriteError

    if isinstance(error, StoreError | SchemaError | GenerationWriteError):
        told = str(error) if database is None else str(error).replace(f"{database.parent}{os.sep}", "")
        thai, _, english = told.partition(" / ")
        return thai, english or thai
    kind = type(error).__name__
    what = f"{kind} ({os.strerror(error.errno)})" if isinstance(error, OSError) and error.errno else kind
    return what, what


def _deadly(job: Job) -> Failure:
    return Failure(
        job.files[0].name if len(job.files) == 1 else "",
        f"ตัวประมวลผลหยุดทำงานกลางคัน {job.attempts} ครั้งกับงานนี้ จึงเลิกลอง แบ่งไฟล์หรือแปลงชนิดแล้วส่งใหม่ / "
        f"the worker died {job.attempts} times on this job, which is given up: send its files in parts, or in "
        "another format",
    )


if __name__ == "__main__":
    sys.exit(main())
