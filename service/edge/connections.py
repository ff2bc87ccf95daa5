"""uvicorn's HTTP protocol with the bounds that it lacks: how many connections, how long and how large a request's head.

uvicorn itself waits for a request's head as long as it takes and as large as it comes, and its own limit of
connections answers those who watch the process like everybody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.edge.headers import security_headers
from service.problems import ProblemError, response

#: A request's head, address and headers together, in bytes; `service.edge.middleware` has finer limits.
MAX_HEAD_BYTES = 98_304
#: Connections beyond the limit that are still heard, as one of them may be a probe.
RESERVED = 32
#: How long what a caller does not take any more is kept for it, in seconds.
LINGER_SECONDS = 30.0
_OVER = "karani.over"


def is_over(scope: Scope) -> bool:
    """Whether the request came on a connection that is one too many."""
    return _OVER in scope


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `guarded` makes a class of it with an application's own limits."""

    most: ClassVar[int] = 512
    head_seconds: ClassVar[float] = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hear it, let go of an idle one for it, or turn it away."""
        super().connection_made(transport)
        self.counted(len(self.connections))
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head, self._in_body = True, False
        self._over = len(self.connections) > self.most and not self._idle_one_closed()
        if self._over and len(self.connections) > self.most + RESERVED:
            self._refuse(_too_many())
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, however it ended."""
        self._unwatch()
        super().connection_lost(exc)
        self.counted(len(self.connections))

    @staticmethod
    def counted(number: int) -> None:
        """Hears how many connections there are whenever that changes."""

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or of several."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        if self._in_head or self._answered_early():
            self._watch()
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(_head_too_large())

    def on_headers_complete(self) -> None:
        """A request's head has come whole."""
        self._unwatch()
        self._in_head, self._in_body = False, True
        if self._over:
            cast("dict[str, Any]", self.scope)[_OVER] = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request has come whole; the next one's head may follow."""
        self._unwatch()
        self._in_head, self._in_body = True, False
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is written; a reader who does not take it is let go of."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """The answer to what is no HTTP; uvicorn's own words stay out of it."""
        self._refuse(_unreadable())

    @property
    def idle(self) -> bool:
        """Whether it waits between two requests."""
        return (
            self.cycle is not None and self.cycle.response_complete and self._in_head and not self._head_bytes
        )

    def _answered_early(self) -> bool:
        """Whether the answer is out and its request's body still comes: nobody reads it any more."""
        return self._in_body and self.cycle is not None and self.cycle.response_complete

    def _idle_one_closed(self) -> bool:
        others = (one for one in self.connections if isinstance(one, GuardedProtocol) and one.idle)
        idle = next((one for one in others if not one.transport.is_closing()), None)
        if idle is None:
            return False
        idle.transport.close()
        return True

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._late)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """The head, or the rest of a body that nobody reads, did not come in time."""
        self._timer = None
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._watch()  # an earlier request of this connection is still being answered
            return
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        """A closed connection still waits for its reader to take what was written: not for ever."""
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _refuse(self, problem: ProblemError) -> None:
        """Answer without the application, and close."""
        self._unwatch()
        answer = response(problem, "")
        headers = {**security_headers(""), **answer.headers, "connection": "close"}
        lines = [
            f"HTTP/1.1 {problem.status_code} {problem.titles[1]}",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + bytes(answer.body))
        self.transport.close()
        self._abort_later()


def guarded(
    most: int, head_seconds: float, counted: Callable[[int], None] | None = None
) -> type[GuardedProtocol]:
    """The protocol with an application's limits: connections, and seconds for a request's head.

    ``counted`` hears how many connections there are whenever that changes.
    """
    own: dict[str, Any] = {"most": most, "head_seconds": head_seconds}
    if counted is not None:
        own["counted"] = staticmethod(counted)
    return type("Guarded", (GuardedProtocol,), own)


def _too_many() -> ProblemError:
    thai, english = "มีผู้ใช้งานมาก กรุณาลองใหม่ในอีกสักครู่", "too many connections: try again shortly"
    return ProblemError(503, "busy", thai, english, headers={"Retry-After": "2"})


def _head_too_large() -> ProblemError:
    thai, english = "ส่วนหัวของคำขอใหญ่เกินไป", f"the request's head is over {MAX_HEAD_BYTES:,} bytes"
    return ProblemError(431, "headers-too-large", thai, english)


def _unreadable() -> ProblemError:
    thai, english = "อ่านคำขอไม่ได้ ไม่ใช่ HTTP ที่ถูกต้อง", "this is no valid HTTP request"
    return ProblemError(400, "unreadable-request", thai, english)
