"""The engine behind the service: opened late, renewed quietly, never on the event loop.

A search is a few milliseconds of pure computing. It runs on a small pool of threads, so that
``/livez`` and other requests go on; beyond ``settings.queue`` waiting requests new ones are refused at
once instead of piling up.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from index.engine import Engine
from index.opening import NoIndexError
from service.corpora import Corpora
from service.edge.observing import OBSERVER, Observer
from service.problems import ProblemError
from service.settings import ServiceSettings

T = TypeVar("T")
OpenEngine = Callable[[], Engine]
#: Suggestions follow a new generation after so long without a newer one, and within this even so.
_QUIET_SECONDS, _CATCH_UP_WITHIN_SECONDS = 1.0, 30.0
_log = logging.getLogger("karani.service")


class Serving:
    """Owns the worker threads and, where it opened it itself, the engine."""

    def __init__(
        self,
        settings: ServiceSettings,
        engine: Engine | None,
        open_engine: OpenEngine | None,
        corpora: Corpora | None = None,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._corpora = corpora
        self._open_engine = corpora.open if corpora is not None else open_engine
        self._opened_here: list[Engine] = []
        self._renewing = asyncio.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._fault = ""
        self._watcher: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        #: Told of every search that work on the threads reports with `service.edge.observing.observed`.
        self.observer: Observer | None = None

    async def start(self) -> None:
        """Open the engine if none was given, then watch for newer generations."""
        self._pool = ThreadPoolExecutor(self._settings.threads, thread_name_prefix="karani")
        await self.renew()
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Let running calls finish, then close what was opened here."""
        for task in (self._watcher, self._catching_up):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, wait=True)
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
        return self._waiting

    async def call(self, work: Callable[[Engine], T]) -> T:
        """Run ``work`` with the engine on a worker thread.

        Raises:
            ProblemError: 503, there is no index, or too many requests wait already.
        """
        engine = self.engine
        if self._waiting >= self._settings.queue:
            thai, english = "มีผู้ใช้งานมาก กรุณาลองใหม่ในอีกสักครู่", "too many requests wait: try again shortly"
            raise ProblemError(503, "busy", thai, english, headers={"Retry-After": "1"})
        self._waiting += 1
        context = contextvars.copy_context()  # so that the thread knows the request: its id, its span
        context.run(OBSERVER.set, self.observer)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, work, engine)
        finally:
            self._waiting -= 1

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
                    self._let_catch_up(self.engine)
                self._fault = ""
            except Exception as error:  # noqa: BLE001 - whatever the new one's fault, the old one goes on serving
                self._report(error)

    def _let_catch_up(self, engine: Engine) -> None:
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.create_task(self._catch_up(engine))

    async def _catch_up(self, engine: Engine) -> None:
        """Let the engine make what can follow later, once a stream of new generations is over or long enough."""
        while engine.lags:
            deadline, generation = time.monotonic() + _CATCH_UP_WITHIN_SECONDS, None
            while generation != engine.generation and time.monotonic() < deadline:
                generation = engine.generation
                await asyncio.sleep(_QUIET_SECONDS)
            work = asyncio.ensure_future(asyncio.to_thread(engine.catch_up))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.wait([work])  # it reads what is closed next
                raise
            except Exception:  # noqa: BLE001 - the earlier generation's go on helping
                _log.exception("what helps to type could not be made for generation %s", engine.generation)
                return

    def _renewed(self) -> bool:
        """Whether another generation serves now; blocks while it is opened."""
        engine, corpora = self._engine, self._corpora
        if engine is not None and (corpora is None or not corpora.moved(engine)):
            return engine.reload(warm=True)
        if self._open_engine is None:
            return False
        opened = _opened_warm(self._open_engine)
        # The one before stays open until the end: requests still run with it, and it happens once.
        self._opened_here.append(opened)
        self._engine = opened
        return True

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
