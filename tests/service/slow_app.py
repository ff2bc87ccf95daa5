"""A service whose searches take a while and whose answers come in parts: for the tests of its end.

``python -m tests.service.slow_app SECONDS SHUTDOWN_SECONDS PORT``; with ``KARANI_SERVE_WORKERS`` a number, that many
processes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from corpus.store import Store
from index.hits import SearchResult
from service.settings import ServiceSettings
from service.workers.board import Board
from service.workers.place import Place
from service.workers.supervisor import end_with, supervise


class Encoder:
    name = "slow"


class SlowEngine:
    """Answers every search after ``seconds``."""

    generation = "g"
    fault = ""
    encoder = Encoder()

    def __init__(self, seconds: float, folder: Path) -> None:
        self.seconds = seconds
        self.store = Store.open(folder / "corpus.sqlite")

    def reload(self, **_: Any) -> bool:
        return False

    def problem(self) -> str:
        return ""

    def search(self, query: str, **_: Any) -> SearchResult:
        time.sleep(self.seconds)
        return SearchResult(query, 0.0, "g", "slow", None, (), {})


def main() -> None:
    seconds, shutdown_seconds, port = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = ServiceSettings(
        reload_seconds=60, port=port, shutdown_seconds=shutdown_seconds, drain_seconds=1.0, log_format="json"
    )
    if settings.serve_workers != "auto" and "--place" not in sys.argv:
        command = [sys.executable, "-m", "tests.service.slow_app", *sys.argv[1:]]
        end_with(supervise(settings, command, os.environ))
    with tempfile.TemporaryDirectory(prefix="karani-slow-") as folder:
        engine: Any = SlowEngine(seconds, Path(folder))
        if "--place" in sys.argv:
            from service.workers.member import join

            join(partial(made, engine), Place.parse(sys.argv[-1]), settings)
        else:
            from service.server import server

            server(made(engine, settings), settings, whole_process=True).run()


def made(engine: Any, settings: ServiceSettings, board: Board | None = None) -> FastAPI:
    from service.app import create_app  # not for the supervisor, which needs nothing of it

    app = create_app(settings, engine, board=board)

    @app.post("/v1/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for number in range(10):
                yield f"data: {number}\n\n"
                await asyncio.sleep(engine.seconds / 10)

        return StreamingResponse(parts(), media_type="text/event-stream")

    return app


if __name__ == "__main__":
    main()
