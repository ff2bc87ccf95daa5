"""The server process: uvicorn on uvloop and httptools, stopped gently."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from socket import socket

import uvicorn
from fastapi import FastAPI

from corpus.settings import DEMO_FOLDER, Settings
from index.engine import Engine
from service.app import create_app
from service.settings import ServiceSettings


def server(app: FastAPI, settings: ServiceSettings) -> uvicorn.Server:
    """Make a server for ``app``, not yet running."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            server_header=False,
            access_log=settings.access_log,
            log_level=settings.log_level,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    )


def run(
    settings: Settings,
    *,
    host: str | None = None,
    port: int | None = None,
    service: ServiceSettings | None = None,
    database: Path | None = None,
    sockets: list[socket] | None = None,
) -> None:
    """Serve a data directory until SIGINT or SIGTERM; running requests have time to finish.

    Args:
        settings: names the data directory and the encoder.
        host: address to listen on; ``None`` leaves it to ``service``.
        port: TCP port; ``None`` leaves it to ``service``.
        service: the HTTP edge's settings; ``None`` reads them from the environment.
        database: the file of keys, feedback and questions; ``None`` is the data directory's own.
        sockets: already bound sockets to serve instead.

    Raises:
        SystemExit: the address is taken or the application could not start.
    """
    service = service or ServiceSettings()
    given = {"host": host, "port": port, "demo": service.demo or settings.data.name == DEMO_FOLDER}
    service = service.model_copy(update={name: value for name, value in given.items() if value is not None})
    app = create_app(
        service,
        open_engine=partial(Engine.open, settings),
        database=database or settings.service_database,
    )
    server(app, service).run(sockets)
