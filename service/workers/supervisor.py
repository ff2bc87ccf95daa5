"""The process in front of several workers: starts them, starts anew those that die, stops them all.

`supervise` is what ``karani serve`` does where several workers are wanted. It holds the listening socket, so that no connection is lost while a worker is away, and loads nothing of
the search. uvicorn's own supervisor knows no back-off, starts anew what never worked, leaves its workers behind when
it is killed, and cannot tell one worker's end from the service's.
"""

from __future__ import annotations

import fcntl
import logging
import logging.config
import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.edge.logs import log_config
from service.settings import ServiceSettings
from service.workers import words
from service.workers.board import Board, Field, shared_file
from service.workers.listening import listening
from service.workers.place import Place

_TICK_SECONDS = 0.25
#: A worker that lived so long starts anew at once; others after a pause that doubles.
_LIVED_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 30.0
#: The event loop of a worker may stand still for so many ticks before the worker is ended.
_STUCK_TICKS = 240
#: How long the workers may take beyond what the settings allow for stopping.
_SPARE_SECONDS = 15.0
_COUNTS = "karani-counts-"
#: A folder that is not locked yet may have been made just now.
_NEW_SECONDS = 60.0
_log = logging.getLogger("karani.service")


@dataclass(slots=True)
class _Worker:
    """One of the numbered places for a worker, and the process in it."""

    slot: int
    process: subprocess.Popen[bytes] | None = None
    control: socket.socket | None = None
    up: bool = False
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0
    beat: int = 0
    still: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps ``settings.serve_workers`` workers.

    Args:
        settings: the HTTP edge's.
        command: starts a worker; `Place.arguments` is added.
        sockets: that listen.
        file: the board's.
        environment: the workers'.
    """

    settings: ServiceSettings
    command: Sequence[str]
    sockets: Sequence[socket.socket]
    file: int
    environment: dict[str, str]
    workers: list[_Worker] = field(init=False)
    _board: Board = field(init=False)
    _selector: selectors.BaseSelector = field(init=False)
    _heard: list[int] = field(default_factory=list)
    _to_replace: list[int] = field(default_factory=list)
    _ever_up: bool = False
    _stopping_since: float | None = None
    _status: int = 0

    def __post_init__(self) -> None:
        count = int(self.settings.serve_workers)
        self.workers = [_Worker(slot) for slot in range(count)]
        self._board = Board(self.file, -1)
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Serve until SIGINT or SIGTERM; gives the exit status, which is a signal's number below zero."""
        with ExitStack() as stack:
            stack.callback(self._selector.close)
            stack.enter_context(self._signals())
            while True:
                self._start_due()
                for key, _ in self._selector.select(_TICK_SECONDS):
                    self._hear(key.data)
                self._understand()
                self._bury()
                self._look_for_stuck()
                if self._stopping_since is not None and self._ended():
                    return self._status

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals wake the loop up and are understood there."""
        waking, woken = socket.socketpair()
        waking.setblocking(False)
        before = signal.set_wakeup_fd(waking.fileno())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda given, _: self._heard.append(given))
        self._selector.register(woken, selectors.EVENT_READ, woken)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            waking.close()
            woken.close()

    # -- starting ----------------------------------------------------------------------

    def _start_due(self) -> None:
        """Start who is missing; the first alone until it is up, so that it has all cores to open the index."""
        if self._stopping_since is not None:
            return
        for worker in self.workers if self._ever_up else self.workers[:1]:
            if worker.process is None and time.monotonic() >= worker.start_at:
                self._start(worker)

    def _start(self, worker: _Worker) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            listening_at = tuple(one.fileno() for one in self.sockets)
            place = Place(worker.slot, len(self.workers), self.file, theirs.fileno(), listening_at)
            worker.process = subprocess.Popen(  # noqa: S603 - this very program
                [*self.command, *place.arguments()],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                pass_fds=(place.board, place.control, *place.listening),
            )
        ours.setblocking(False)
        worker.control, worker.up, worker.still = ours, False, 0
        worker.started_at = time.monotonic()
        self._selector.register(ours, selectors.EVENT_READ, worker)

    # -- hearing -----------------------------------------------------------------------

    def _hear(self, who: _Worker | socket.socket) -> None:
        """What a worker says; of the other socket only that a signal came."""
        heard = who.control if isinstance(who, _Worker) else who
        if heard is None:
            return
        try:
            said = heard.recv(4096)
        except (BlockingIOError, ConnectionError):
            return
        if not isinstance(who, _Worker):
            return
        if not said:
            self._selector.unregister(heard)
        for word in dict.fromkeys(words.of(said)):
            if word == words.UP:
                self._is_up(who)
            elif word == words.LOOK:
                self._tell((one for one in self.workers if one is not who), word)

    def _is_up(self, worker: _Worker) -> None:
        assert worker.process is not None  # noqa: S101 - somebody spoke
        worker.up = self._ever_up = True
        _log.info("worker %d is up: process %d", worker.slot, worker.process.pid)
        if self._stopping_since is None and self._to_replace:
            self._replace()

    def _tell(self, workers: Iterator[_Worker] | Sequence[_Worker], word: bytes) -> None:
        for worker in workers:
            if worker.control is not None:
                with suppress(OSError):
                    worker.control.send(word)

    # -- signals -----------------------------------------------------------------------

    def _understand(self) -> None:
        heard, self._heard = self._heard, []
        for number in heard:
            if number == signal.SIGHUP:
                if self._stopping_since is None and not self._to_replace:
                    _log.info("replacing the workers, one after the other")
                    self._to_replace = [worker.slot for worker in self.workers]
                    self._replace()
            else:
                self._stop(number)

    def _replace(self) -> None:
        """Let the next worker that is to be replaced go, as soon as all are up."""
        if all(worker.up for worker in self.workers):
            self._tell([self.workers[self._to_replace.pop(0)]], words.RETIRE)

    def _stop(self, number: int) -> None:
        """SIGTERM tells callers for a while; SIGINT does not; a second one ends at once."""
        self._status = -number
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            for one in self.sockets:
                one.close()  # the workers close theirs once callers have been told
            self._tell(self.workers, words.STOP if number == signal.SIGTERM else words.QUIT)
            for worker in self.workers:
                if worker.process is not None and not worker.up:  # nobody waits for anything from it
                    worker.process.kill()
        elif number == signal.SIGINT:
            self._tell(self.workers, words.QUIT)

    # -- ends --------------------------------------------------------------------------

    def _bury(self) -> None:
        for worker in self.workers:
            if worker.process is None or worker.process.poll() is None:
                continue
            status = worker.process.returncode
            worker.process = None
            if worker.control is not None:
                with suppress(KeyError, ValueError):
                    self._selector.unregister(worker.control)
                worker.control.close()
            self._board.clear(worker.slot)
            if self._stopping_since is None:
                self._mourn(worker, status)

    def _mourn(self, worker: _Worker, status: int) -> None:
        """Decide when the next one begins in a place whose worker has ended."""
        if (
            not self._ever_up
        ):  # it would end the same way again: the address, the settings, the data directory
            self._stopping_since, self._status = time.monotonic(), max(1, status)
            return
        if status == 0 and worker.up:
            worker.deaths = 0
            _log.info("worker %d has retired; another begins", worker.slot)
        else:
            lived = time.monotonic() - worker.started_at
            worker.deaths = 0 if lived > _LIVED_SECONDS else worker.deaths + 1
            pause = (
                min(_LONGEST_PAUSE_SECONDS, 0.5 * (2.0 ** min(worker.deaths - 1, 10) - 1))
                if worker.deaths
                else 0.0
            )
            worker.start_at = time.monotonic() + pause
            _log.error(
                "worker %d ended with status %d after %.1f s; another begins in %.1f s",
                worker.slot, status, lived, pause,
            )  # fmt: skip
        worker.up = False

    def _look_for_stuck(self) -> None:
        """End a worker whose event loop does not turn; ticks are counted, not seconds, as this process may sleep, too."""
        for worker in self.workers:
            beat = self._board.of(worker.slot, Field.BEAT)
            worker.still = 0 if beat != worker.beat or not worker.up else worker.still + 1
            worker.beat = beat
            if worker.still >= _STUCK_TICKS and worker.process is not None:
                _log.error("worker %d does not move: it is ended", worker.slot)
                worker.process.kill()
                worker.still = 0

    def _ended(self) -> bool:
        """Whether all have ended; those that take too long are made to."""
        running = [worker for worker in self.workers if worker.process is not None]
        assert self._stopping_since is not None  # noqa: S101 - asked only then
        allowed = self.settings.drain_seconds + self.settings.shutdown_seconds + _SPARE_SECONDS
        if time.monotonic() - self._stopping_since > allowed:
            for worker in running:
                _log.error("worker %d does not stop: it is ended", worker.slot)
                worker.process.kill()  # type: ignore[union-attr]
        return not running


def supervise(settings: ServiceSettings, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Listen, and keep ``settings.serve_workers`` workers until a signal; gives the exit status as `Supervisor.run` does.

    Args:
        settings: the HTTP edge's.
        command: starts a worker; `Place.arguments` is added.
        environment: the workers'.

    Raises:
        SystemExit: the address is taken.
    """
    logging.config.dictConfig(log_config(settings, whole_process=True))
    try:
        sockets = listening(settings.host, settings.port)
    except OSError as error:
        _log.error("cannot listen on %s port %d: %s", settings.host, settings.port, error)
        raise SystemExit(1) from None
    for one in sockets:
        host, port = one.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        _log.info("%s workers serve http://%s:%d (Press CTRL+C to quit)", settings.serve_workers, shown, port)
    with shared_file() as file, _counts_folder() as counts:
        counted = {**environment, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
        return Supervisor(settings, command, sockets, file, counted).run()


@contextmanager
def _counts_folder() -> Iterator[Path]:
    """An empty folder for the numbers behind ``/metrics``, gone afterwards; those of killed supervisors go, too."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_COUNTS}*"):
        with suppress(OSError), _locked(folder):
            if time.time() - folder.stat().st_mtime > _NEW_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=_COUNTS))
    try:
        with _locked(made):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; raises ``BlockingIOError`` while another process does."""
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def end_with(status: int) -> None:
    """End this process as a supervisor's status says: by a signal where that ended it.

    Raises:
        SystemExit: it was no signal.
    """
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    raise SystemExit(
        128 - status if status < 0 else status
    )  # a container's first process outlives its signals
