"""Pure ASGI middleware that bounds what one request may bring, and how long each of its stages may take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.edge.current import CURRENT
from service.problems import ProblemError, response

#: A body has `body_seconds`, and as much longer as this many bytes a second take.
SLOWEST_BYTES_A_SECOND = 16_384
#: How long an answer may lie before its reader takes more of it, in seconds.
UNREAD_SECONDS = 60.0


class BodyLimit:
    """Refuses request bodies over a limit with 413, slow ones with 408, and gives up answers that do not begin.

    Args:
        app: what answers.
        limit_bytes: of a body, declared or streamed, at every address but those in ``own_limits``.
        own_limits: by method and path.
        body_seconds: for a body, and for each pause in it.
        answer_seconds: from the request's last byte to the answer's first.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit_bytes: int,
        own_limits: Mapping[tuple[str, str], int] | None = None,
        body_seconds: float = 10.0,
        answer_seconds: float = 30.0,
    ) -> None:
        self.app = app
        self.limit_bytes = limit_bytes
        self.own_limits = own_limits or {}
        self.body_seconds = body_seconds
        self.answer_seconds = answer_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit_bytes = self.own_limits.get((scope["method"], scope["path"]), self.limit_bytes)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit_bytes:
            await _refuse(_too_large(limit_bytes), scope, receive, send)
            return
        begun = False

        async def send_bounded(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                answering.reschedule(None)
            async with asyncio.timeout(UNREAD_SECONDS):
                await send(message)

        try:
            async with asyncio.timeout(self.answer_seconds) as answering:
                await self.app(scope, _Body(self, limit_bytes, receive, answering).receive, send_bounded)
        except TimeoutError:
            if begun or not answering.expired():
                raise
            await _refuse(_too_long(), scope, receive, send)


async def _refuse(problem: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    await response(problem, scope["path"])(scope, receive, send)


class _Body:
    """A request's body as it comes: counted, and timed while somebody waits for it."""

    def __init__(
        self, limits: BodyLimit, limit_bytes: int, receive: Receive, answering: asyncio.Timeout
    ) -> None:
        self._limits = limits
        self._limit_bytes = limit_bytes
        self._receive = receive
        self._answering = answering
        self._received = 0
        self._whole = False
        self._began = asyncio.get_running_loop().time()

    async def receive(self) -> Message:
        """The server's next message.

        Raises:
            ProblemError: 413, there is too much of it; 408, it comes too slowly.
        """
        if self._whole:  # nothing can come any more but the news that the caller has gone
            return await self._receive()
        clock, patience = asyncio.get_running_loop().time, self._limits.body_seconds
        latest = self._began + patience + self._received / SLOWEST_BYTES_A_SECOND
        self._answering.reschedule(None)
        try:
            async with asyncio.timeout_at(min(latest, clock() + patience)):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow() from None
        self._answering.reschedule(clock() + self._limits.answer_seconds)
        self._received += len(message.get("body", b""))
        if self._received > self._limit_bytes:
            raise _too_large(self._limit_bytes)
        if not message.get("more_body"):
            self._whole = True
            current = CURRENT.get()
            if current is not None:
                current.receive = self._receive
        return message


def _too_large(limit_bytes: int) -> ProblemError:
    thai = f"เนื้อหาคำขอยาวเกิน {limit_bytes:,} ไบต์"
    english = f"the request's body is over {limit_bytes:,} bytes"
    return ProblemError(413, "body-too-large", thai, english, headers={"Connection": "close"})


def _too_slow() -> ProblemError:
    thai, english = "ส่งเนื้อหาคำขอช้าเกินไป กรุณาลองใหม่", "the request's body came too slowly: send it again"
    return ProblemError(408, "body-too-slow", thai, english, headers={"Connection": "close"})


def _too_long() -> ProblemError:
    thai, english = "ตอบไม่ทันในเวลาที่กำหนด กรุณาลองใหม่", "no answer in the time that one may take: try again"
    return ProblemError(503, "timed-out", thai, english, headers={"Retry-After": "5"})
