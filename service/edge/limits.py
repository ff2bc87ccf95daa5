"""Pure ASGI middleware that bounds what one request may bring."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import ProblemError, response


class BodyLimit:
    """Refuses request bodies over a limit with 413, declared or streamed.

    Args:
        app: what is wrapped.
        limit_bytes: for every address but those in ``own_limits``.
        own_limits: by method and path.
    """

    def __init__(
        self, app: ASGIApp, limit_bytes: int, own_limits: Mapping[tuple[str, str], int] | None = None
    ) -> None:
        self.app = app
        self.limit_bytes = limit_bytes
        self.own_limits = own_limits or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit_bytes = self.own_limits.get((scope["method"], scope["path"]), self.limit_bytes)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit_bytes:
            await response(_problem(limit_bytes), scope["path"])(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit_bytes:
                raise _problem(limit_bytes)
            return message

        await self.app(scope, receive_counted, send)


def _problem(limit_bytes: int) -> ProblemError:
    thai, english = (
        f"เนื้อหาคำขอยาวเกิน {limit_bytes:,} ไบต์",
        f"the request's body is over {limit_bytes:,} bytes",
    )
    return ProblemError(413, "body-too-large", thai, english, headers={"Connection": "close"})
