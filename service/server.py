"""The server process: uvicorn on uvloop and httptools, stopped gently."""

from __future__ import annotations

import asyncio
import signal
from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from corpus.settings import Settings
from service.app import create_app
from service.corpora import Corpora
from service.edge.connections import guarded
from service.edge.hosts import LOOPBACK, is_loopback
from service.edge.logs import log_config
from service.edge.middleware import Lifecycle
from service.settings import ServiceSettings


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
        self._lifecycle.stopping = True
        if self._drains:
            await asyncio.sleep(self._drain_seconds)
        await super().shutdown(sockets)


def server(app: FastAPI, settings: ServiceSettings, *, whole_process: bool = False) -> uvicorn.Server:
    """Make a server for ``app``, not yet running; ``whole_process`` takes other libraries' log lines too."""
    return GentleServer(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=guarded(settings.connections, settings.head_seconds),
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
        ),
        app.state.lifecycle,
        settings.drain_seconds,
    )


def run(
    settings: Settings,
    *,
    own: Settings | None = None,
    host: str | None = None,
    port: int | None = None,
    service: ServiceSettings | None = None,
    sockets: list[socket] | None = None,
) -> None:
    """Serve a data directory until SIGINT or SIGTERM; running requests have time to finish.

    Args:
        settings: names the data directory that is served first, and the encoder.
        own: the operator's data directory, where that is another one because the demo stands in for it: keys,
            feedback and changes to the corpus go there.
        host: address to listen on; ``None`` leaves it to ``service``.
        port: TCP port; ``None`` leaves it to ``service``.
        service: the HTTP edge's settings; ``None`` reads them from the environment.
        sockets: already bound sockets to serve instead.

    Raises:
        SystemExit: the address is taken or the application could not start.
    """
    service = service or ServiceSettings()
    given = {"host": host, "port": port}
    service = service.model_copy(update={name: value for name, value in given.items() if value is not None})
    if not service.hosts and is_loopback(service.host):
        service = service.model_copy(update={"hosts": LOOPBACK})  # no page of another name may read it
    corpora = Corpora(own or settings, settings if own is not None and own != settings else None)
    app = create_app(service, corpora=corpora)
    # Nobody's first page, and no first refused call, waits for what is made once.
    app.state.pages.warm()
    app.openapi()
    server(app, service, whole_process=True).run(sockets)
