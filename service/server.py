"""The server process: uvicorn on uvloop and httptools, stopped gently; `service.workers` runs several of them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from corpus.settings import Settings
from service.app import create_app
from service.corpora import Corpora
from service.edge.connections import guarded
from service.edge.logs import log_config
from service.edge.middleware import Lifecycle
from service.memory import keep_little
from service.settings import ServiceSettings
from service.workers.board import Board


class GentleServer(uvicorn.Server):
    """Says that it stops before it does, so that a balancer looks elsewhere in time.

    At SIGTERM ``/readyz`` and everything new get 503 at once; after ``drain_seconds`` the port closes, and what
    runs may finish within ``shutdown_seconds``. SIGINT, a person at the terminal, skips the first part.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._drains = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop; a second one stops at once."""
        self._drains = sig == signal.SIGTERM and not self.should_exit
        self._lifecycle.stopping = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Refuse new requests for a while, then close the port and let the running ones finish."""
        if not self._lifecycle.retiring:
            self._lifecycle.stopping = True
        await self.drained()
        await super().shutdown(sockets)

    async def drained(self) -> None:
        """Wait while callers are sent elsewhere."""
        if self._drains:
            await asyncio.sleep(self._drain_seconds)


def server(app: FastAPI, settings: ServiceSettings, *, whole_process: bool = False) -> uvicorn.Server:
    """Make a server for ``app``, not yet running; ``whole_process`` takes other libraries' log lines too."""
    config = configured(app, settings, whole_process=whole_process)
    return GentleServer(config, app.state.lifecycle, settings.drain_seconds)


def configured(
    app: FastAPI,
    settings: ServiceSettings,
    *,
    whole_process: bool = False,
    counted: Callable[[int], None] | None = None,
) -> uvicorn.Config:
    """How uvicorn serves ``app``; ``counted`` hears how many connections there are."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=guarded(settings.connections, settings.head_seconds, counted),
        ws="none",
        lifespan="on",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        access_log=False,  # service.edge.logs writes a line that holds no question
        log_config=log_config(settings, whole_process=whole_process),
        log_level=settings.log_level,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_keep_alive=settings.keep_alive_seconds,
    )


def run(service: ServiceSettings, own: Settings, demo: Settings | None = None) -> None:
    """Serve by this process alone until SIGINT or SIGTERM; running requests have time to finish.

    Args:
        service: the HTTP edge's settings.
        own: the operator's data directory: keys, feedback and changes to the corpus go there.
        demo: the one that is served while there is nothing in the own one.

    Raises:
        SystemExit: the address is taken or the application could not start.
    """
    keep_little()
    server(app_of(service, Corpora(own, demo)), service, whole_process=True).run()


def app_of(service: ServiceSettings, corpora: Corpora, board: Board | None = None) -> FastAPI:
    """The application of a served data directory."""
    return create_app(service, corpora=corpora, board=board, warm=True)
