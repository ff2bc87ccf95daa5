"""A service whose searches take a while and whose answers come in parts: for the tests of its end.

``python -m tests.service.slow_app SECONDS SHUTDOWN_SECONDS PORT``
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi.responses import StreamingResponse

from corpus.store import Store
from index.hits import SearchResult
from service.app import create_app
from service.server import server
from service.settings import ServiceSettings


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

    def search(self, query: str, **_: Any) -> SearchResult:
        time.sleep(self.seconds)
        return SearchResult(query, 0.0, "g", "slow", None, (), {})


def main() -> None:
    seconds, shutdown_seconds, port = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = ServiceSettings(
        reload_seconds=60, port=port, shutdown_seconds=shutdown_seconds, drain_seconds=1.0, log_format="json"
    )
    with tempfile.TemporaryDirectory(prefix="karani-slow-") as folder:
        engine: Any = SlowEngine(seconds, Path(folder))
        serve(engine, settings)


def serve(engine: Any, settings: ServiceSettings) -> None:
    app = create_app(settings, engine)

    @app.post("/v1/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for number in range(10):
                yield f"data: {number}\n\n"
                await asyncio.sleep(engine.seconds / 10)

        return StreamingResponse(parts(), media_type="text/event-stream")

    server(app, settings, whole_process=True).run()


if __name__ == "__main__":
    main()
