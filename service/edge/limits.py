"""Pure ASGI middleware that bounds what one request may bring."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import ProblemError, response


class BodyLimit:
    """Refuses request bodies over ``limit_bytes`` with 413, declared or streamed."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limit_bytes:
            await self._refuse(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit_bytes:
                raise self._problem()
            return message

        await self.app(scope, receive_counted, send)

    def _problem(self) -> ProblemError:
        limit = f"{self.limit_bytes:,}"
        thai, english = f"เนื้อหาคำขอยาวเกิน {limit} ไบต์", f"the request's body is over {limit} bytes"
        return ProblemError(413, "body-too-large", thai, english, headers={"Connection": "close"})

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await response(self._problem(), scope["path"])(scope, receive, send)
