"""The engine behind the service: opened late, renewed quietly, never on the event loop.

A search is a few milliseconds of pure computing. It runs on a small pool of threads (`service.threads`), so that
``/livez`` and other requests go on; beyond ``settings.queue`` waiting requests new ones are refused at
once instead of piling up, and none waits longer than ``settings.queue_seconds``.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable
from functools import cached_property, partial
from typing import TypeVar

from index.engine import Engine
from index.interfaces import UnavailableError
from index.manifest import GenerationError
from index.opening import NoIndexError
from service.corpora import Corpora
from service.edge.current import CURRENT
from service.edge.observing import OBSERVER, Observer
from service.memory import give_back
from service.problems import ProblemError
from service.settings import ServiceSettings
from service.threads import Threads
from service.workers.board import Board, Field

T = TypeVar("T")
OpenEngine = Callable[[], Engine]
_log = logging.getLogger("karani.service")
_MISSING = (
    "ยังไม่มีดัชนีให้ค้น ให้ผู้ดูแลสั่ง karani ingest แล้ว karani build",
    "no index is open: run karani ingest, then karani build",
)
_UNUSABLE = (
    "ดัชนีที่มีใช้ไม่ได้ ให้ผู้ดูแลดูสาเหตุในบันทึกแล้วสั่ง karani build",
    "the index that is there cannot be used: the log says why; run karani build",
)


class Serving:
    """Owns the worker threads and, where it opened it itself, the engine."""

    def __init__(
        self,
        settings: ServiceSettings,
        engine: Engine | None,
        open_engine: OpenEngine | None,
        corpora: Corpora | None = None,
        board: Board | None = None,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._corpora = corpora
        self._board = board or Board()
        self._open_engine = corpora.open if corpora is not None else open_engine
        self._opened_here: list[Engine] = []
        self._renewing = asyncio.Lock()
        self._threads: Threads | None = None
        self._fault = ""
        self._unusable = False
        self._watcher: asyncio.Task[None] | None = None
        #: Told of every search that work on the threads reports with `service.edge.observing.observed`.
        self.observer: Observer | None = None

    async def start(self) -> None:
        """Open the engine if none was given, then watch for newer generations."""
        settings = self._settings
        self._threads = Threads(
            settings.threads,
            settings.queue,
            settings.queue_seconds,
            partial(self._board.put, Field.WAITING),
        )
        await self.renew()
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Let running calls finish, then close what was opened here."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        if self._threads is not None:
            await self._threads.close()
        for engine in self._opened_here:
            engine.close()
        if self._opened_here:
            self._opened_here, self._engine = [], None

    @property
    def settings(self) -> ServiceSettings:
        """The service's settings; ``demo`` says whether the demo cases are served just now."""
        corpora, engine = self._corpora, self._engine
        if corpora is None or engine is None or not corpora.is_demo(engine):
            return self._settings
        return self._with_demo

    @cached_property
    def _with_demo(self) -> ServiceSettings:
        return self._settings.model_copy(update={"demo": True})

    @property
    def engine(self) -> Engine:
        """The open engine.

        Raises:
            ProblemError: 503, there is no index yet.
        """
        if self._engine is None:
            thai, english = _UNUSABLE if self._unusable else _MISSING
            raise ProblemError(503, "no-index", thai, english, headers={"Retry-After": "5"})
        return self._engine

    @property
    def is_open(self) -> bool:
        """Whether an engine is open."""
        return self._engine is not None

    @property
    def fault(self) -> str:
        """Why an older index serves than the one that should; empty when all is well or none is open."""
        return "" if self._engine is None else self._engine.fault

    @property
    def waiting(self) -> int:
        """How many calls wait or run on the threads."""
        return 0 if self._threads is None else self._threads.waiting

    async def call(self, work: Callable[[Engine], T]) -> T:
        """Run ``work`` with the engine on a worker thread.

        Raises:
            ProblemError: 503, there is no index, or too many requests wait already, or this one waited too long;
                499, its caller has gone.
        """
        engine = self.engine
        assert self._threads is not None  # noqa: S101 - started with the application
        current = CURRENT.get()
        context = contextvars.copy_context()  # so that the thread knows the request: its id, its span
        context.run(OBSERVER.set, self.observer)
        run: Callable[[], T] = partial(context.run, work, engine)
        return await self._threads.run(run, None if current is None else current.left)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.reload_seconds)
            await self.renew()

    async def renew(self) -> None:
        """Open a first engine or move to a newer generation or corpus; trouble is logged, not raised.

        Not on the pool: opening a large index must not take a thread from searches.
        """
        async with self._renewing:
            try:
                if await asyncio.to_thread(self._renewed):
                    _log.info("serving generation %s", self.engine.generation)
                self._fallen_back()
                self._board.put(Field.CHANGE, self._change())
            except Exception as error:  # noqa: BLE001 - whatever the new one's fault, the old one goes on serving
                self._report(error)

    def _change(self) -> int:
        """The own corpus' change that this process answers from; -1 where it answers from something else."""
        engine, corpora = self._engine, self._corpora
        if engine is None or corpora is None or engine.settings.data != corpora.own.data:
            return -1
        return engine.manifest.change

    def _renewed(self) -> bool:
        """Whether another generation serves now; blocks while it is opened."""
        engine, corpora = self._engine, self._corpora
        if engine is not None and (corpora is None or not corpora.moved(engine)):
            renewed = engine.reload(warm=True)
            if renewed:
                give_back()
            return renewed
        if self._open_engine is None:
            return False
        opened = _opened_warm(self._open_engine)
        # The one before stays open until the end: requests still run with it, and it happens once.
        self._opened_here.append(opened)
        self._engine = opened
        return True

    def _fallen_back(self) -> None:
        """Log once why an older index serves."""
        self._unusable = False
        if self.fault and self.fault != self._fault:
            _log.error("an older index serves: %s", self.fault)
        self._fault = self.fault

    def _report(self, error: Exception) -> None:
        """Log a fault once, not at every look."""
        self._unusable = isinstance(error, GenerationError | UnavailableError)
        if str(error) == self._fault:
            return
        self._fault = str(error)
        if isinstance(error, NoIndexError):
            _log.warning("waiting for an index: %s", error)
        elif isinstance(error, GenerationError | UnavailableError):
            _log.error("waiting for an index that can be used: %s", error)
        else:
            _log.error("the newest index could not be opened; serving goes on as before", exc_info=error)


def _opened_warm(open_engine: OpenEngine) -> Engine:
    """An open engine that has answered once, so that nobody's first question waits for what loads late."""
    engine = open_engine()
    engine.warm()
    return engine
