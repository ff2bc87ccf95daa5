"""What lives beside the requests: keys, counters, traces, and the task that writes down what was used and asked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from service.asked import Asked
from service.database import Database
from service.edge.access import Access
from service.edge.hosts import Hosts
from service.edge.keys import Keys
from service.edge.logs import RequestLog
from service.edge.metrics import Metrics
from service.edge.middleware import Answer, EdgeParts, Lifecycle
from service.edge.observing import Observer
from service.edge.rates import RateLimits
from service.edge.sizes import sizes_of
from service.edge.tracing import Tracing
from service.serving import Serving
from service.settings import ServiceSettings
from service.workers.board import Board

_FLUSH_SECONDS = 20.0
_log = logging.getLogger("karani.service")


class Upkeep:
    """Made once for an application; what others need lies in ``app.state``: ``keys``, ``metrics``, ``lifecycle``."""

    def __init__(
        self,
        app: FastAPI,
        settings: ServiceSettings,
        serving: Serving,
        database: Database,
        asked: Asked,
        answer: Answer,
        board: Board,
    ) -> None:
        self._keys = app.state.keys = Keys(database)
        self._asked = asked
        metrics = app.state.metrics = Metrics(board)
        lifecycle = app.state.lifecycle = Lifecycle()
        self._tracing = Tracing(settings) if settings.tracing else None
        serving.observer = Observer(metrics, self._tracing)
        self.parts = EdgeParts(
            lifecycle=lifecycle,
            hosts=Hosts(settings.answered_hosts),
            sizes=sizes_of(settings),
            access=Access(settings, self._keys),
            rates=RateLimits(settings, board.windows),
            metrics=metrics,
            log=RequestLog(settings, board.secret),
            tracing=self._tracing,
            answer=answer,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the application serves; what waits to be written or sent is, at the end."""
        task = asyncio.create_task(self._flush_often())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(self._flush)
            if self._tracing is not None:
                await asyncio.to_thread(self._tracing.close)

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await asyncio.to_thread(self._flush)

    def _flush(self) -> None:
        for what, flush in (("use of keys", self._keys.flush), ("questions asked", self._asked.flush)):
            try:
                flush()
            except sqlite3.Error:
                _log.exception("the %s could not be written down", what)
