"""What is known of the request being served: for its log line, its counters and its errors."""

from __future__ import annotations

import asyncio
import os
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive

_SANE = re.compile(rb"[A-Za-z0-9._:-]{8,64}")


@dataclass(slots=True)
class Current:
    """Filled while the request runs. Never holds a request's body; ``question`` only to be logged on demand."""

    request_id: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    key_id: str | None = None
    refused: str | None = None
    generation: str | None = None
    question: str | None = None
    hits: int | None = None
    answered: bool | None = None
    search_ms: float | None = None
    span: Any = None
    receive: Receive | None = None
    """The server's own, to learn that the caller has gone; only once nothing of the body is left to read."""

    async def left(self) -> None:
        """Return when the caller has gone; as long as its body is still to be read, that cannot be known."""
        while self.receive is not None:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return
            if message.get("body") or message.get("more_body"):
                break
        await asyncio.Event().wait()


#: Set by `service.edge.middleware` for every request, and seen by whatever the request calls, threads included.
CURRENT: ContextVar[Current | None] = ContextVar("karani_current", default=None)


def request_id(given: bytes | None) -> str:
    """The caller's ``X-Request-ID`` where it is sane (8 to 64 letters, digits, ``. _ : -``), else a new one."""
    if given is not None and _SANE.fullmatch(given):
        return given.decode()
    return os.urandom(8).hex()
