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
from functools import partial
from typing import TypeVar

from index.engine import Engine
from index.opening import NoIndexError
from service.edge.current import CURRENT
from service.edge.observing import OBSERVER, Observer
from service.problems import ProblemError
from service.settings import ServiceSettings
from service.threads import Threads

T = TypeVar("T")
OpenEngine = Callable[[], Engine]
_log = logging.getLogger("karani.service")


class Serving:
    """Owns the worker threads and, where it opened it itself, the engine."""

    def __init__(
        self, settings: ServiceSettings, engine: Engine | None, open_engine: OpenEngine | None
    ) -> None:
        self.settings = settings
        self._engine = engine
        self._open_engine = open_engine
        self._opened_here = False
        self._threads: Threads | None = None
        self._fault = ""
        self._watcher: asyncio.Task[None] | None = None
        #: Told of every search that work on the threads reports with `service.edge.observing.observed`.
        self.observer: Observer | None = None

    async def start(self) -> None:
        """Open the engine if none was given, then watch for newer generations."""
        settings = self.settings
        self._threads = Threads(settings.threads, settings.queue, settings.queue_seconds)
        await self._renew()
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Let running calls finish, then close what was opened here."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        if self._threads is not None:
            await self._threads.close()
        if self._engine is not None and self._opened_here:
            self._engine.close()
            self._engine = None

    @property
    def engine(self) -> Engine:
        """The open engine.

        Raises:
            ProblemError: 503, there is no index yet.
        """
        if self._engine is None:
            thai = "ยังไม่มีดัชนีให้ค้น ให้ผู้ดูแลสั่ง karani ingest แล้ว karani build"
            english = "no index is open: run karani ingest, then karani build"
            raise ProblemError(503, "no-index", thai, english, headers={"Retry-After": "5"})
        return self._engine

    @property
    def is_open(self) -> bool:
        """Whether an engine is open."""
        return self._engine is not None

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
            await asyncio.sleep(self.settings.reload_seconds)
            await self._renew()

    async def _renew(self) -> None:
        """Open a first engine or move the open one to a newer generation; trouble is logged, not raised.

        Not on the pool: opening a large index must not take a thread from searches.
        """
        try:
            if self._engine is not None:
                if await asyncio.to_thread(self._engine.reload, warm=True):
                    _log.info("serving generation %s", self._engine.generation)
            elif self._open_engine is not None:
                self._engine = await asyncio.to_thread(_opened_warm, self._open_engine)
                self._opened_here = True
                _log.info("serving generation %s", self._engine.generation)
            self._fault = ""
        except Exception as error:  # noqa: BLE001 - whatever the new one's fault, the old one goes on serving
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Log a fault once, not at every look."""
        if str(error) == self._fault:
            return
        self._fault = str(error)
        if isinstance(error, NoIndexError):
            _log.warning("waiting for an index: %s", error)
        else:
            _log.error("the newest index could not be opened; serving goes on as before", exc_info=error)


def _opened_warm(open_engine: OpenEngine) -> Engine:
    """An open engine that has answered once, so that nobody's first question waits for what loads late."""
    engine = open_engine()
    engine.warm()
    return engine
