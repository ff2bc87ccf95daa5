"""Making many documents at once: in this process, or in several that each make some.

Every other process is a program of its own (never a fork: FAISS and the segmenter have threads and locks) and has a
thread here that sends it documents and takes what became of them, so a process that dies is known with what it had.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from corpus.making import Draft, make
from corpus.store import DocumentRecord

#: What one process gets at a time: about a tenth of a second's work.
_PORTION_DOCUMENTS = 32
_PORTION_CHARS = 100_000
#: Below this many characters, about a second's work, other processes are not worth their start.
_FEWEST_CHARS = 400_000
_LAST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Lost:
    """A document at which the process that made it came to its end, alone and twice; ``how`` it ended."""

    document_id: str
    source: str
    how: str


Made = DocumentRecord | Lost


class _DiedError(RuntimeError):
    """The process ended before it answered; says how."""


class Makers:
    """Makes documents in batches; results come in the order of the drafts, the same for any number of workers.

    Args:
        workers: processes at most; 1 makes everything in this one.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._started: list[_Worker] = []
        self._closed = False

    @property
    def processes(self) -> list[int]:
        """The ids of the other processes that were started and have not ended."""
        return [worker.pid for worker in list(self._started) if worker.lives]

    def begin(self, drafts: Sequence[Draft], *, more: bool) -> Batch:
        """Begin to make documents; ``more`` says that others will follow, so that processes are worth their start."""
        large = sum(draft.chars for draft in drafts) >= _FEWEST_CHARS
        if self.workers > 1 and drafts and (more or large) and self._threads is None:
            self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="making")
        if self._threads is None:
            return Batch(iter([_done(map(make, drafts))]))
        return Batch(iter([self._threads.submit(self._made, portion) for portion in _portions(drafts)]))

    def close(self) -> None:
        """End the other processes, whatever they are doing."""
        self._closed = True
        for worker in self._started:
            worker.end()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _made(self, portion: Sequence[Draft]) -> list[Made]:
        try:
            return list(self._sent(portion))
        except _DiedError:
            return [self._alone(draft) for draft in portion]

    def _alone(self, draft: Draft) -> Made:
        """A draft of a portion in which a process died, by itself."""
        try:
            return self._sent([draft])[0]
        except _DiedError as error:
            return Lost(draft.document_id, draft.pages[0].source if draft.pages else "", str(error))

    def _sent(self, portion: Sequence[Draft]) -> list[DocumentRecord]:
        """What a process of its own makes of a portion.

        Raises:
            _DiedError: it ended before it answered.
        """
        if self._closed:
            raise _DiedError("closed")
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker()
            self._started.append(worker)
        made = worker.make(portion)
        self._idle.put(worker)
        return made


class Batch:
    """Documents that are being made."""

    def __init__(self, portions: Iterator[Future[list[Made]]]) -> None:
        self._portions = portions

    def made(self) -> Iterator[Made]:
        """What became of them, in order; waits for each."""
        for portion in self._portions:
            yield from portion.result()


def _done(made: Iterable[DocumentRecord]) -> Future[list[Made]]:
    found: Future[list[Made]] = Future()
    found.set_result(list(made))
    return found


def _portions(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    portion: list[Draft] = []
    chars = 0
    for draft in drafts:
        if portion and (len(portion) == _PORTION_DOCUMENTS or chars + draft.chars > _PORTION_CHARS):
            yield portion
            portion, chars = [], 0
        portion.append(draft)
        chars += draft.chars
    if portion:
        yield portion


class _Worker:
    """One other process: this module as a program, whatever program the ingest is called from."""

    def __init__(self) -> None:
        self._here, there = multiprocessing.Pipe()
        root = str(Path(__file__).resolve().parents[1])  # it finds `corpus` where this process did
        program = f"import sys; sys.path.insert(0, {root!r}); from corpus.makers import serve; serve({there.fileno()})"
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", program], stdin=subprocess.DEVNULL, pass_fds=(there.fileno(),)
        )
        there.close()  # so that its end is noticed here

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def make(self, portion: Sequence[Draft]) -> list[DocumentRecord]:
        """What the process makes of drafts; what goes wrong with them there is raised here.

        Raises:
            _DiedError: it ended before it answered; it is of no use any more.
        """
        try:
            self._here.send(portion)
            answer = self._here.recv()
        except (EOFError, OSError) as error:
            raise _DiedError(_named(self._process.wait(_LAST_SECONDS))) from error
        if isinstance(answer, BaseException):
            raise answer
        found: list[DocumentRecord] = answer
        return found

    def end(self) -> None:
        """End the process, whatever it is doing: it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait(_LAST_SECONDS)


def _named(ended: int) -> str:
    return signal.Signals(-ended).name if ended < 0 else f"exit {ended}"


def serve(descriptor: int) -> None:
    """What the other process does: make documents until nobody is left to ask for any."""
    requests = Connection(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too; the parent ends it
    os.environ.setdefault("PYTHAINLP_OFFLINE", "1")
    while True:
        try:
            portion: list[Draft] = requests.recv()
        except (EOFError, OSError):
            return
        try:
            answer: list[DocumentRecord] | Exception = [make(draft) for draft in portion]
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            answer = error
        try:
            requests.send(answer)
        except (BrokenPipeError, OSError):
            sys.exit(0)
