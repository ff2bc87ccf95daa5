"""The one pure ASGI middleware around the application: who calls, how often, from where, and what became of it.

Each idea has its module (`access`, `cors`, `rates`, `metrics`, `logs`, `tracing`); here is only their order. One
layer instead of six, because each layer that wraps ``send`` costs every request its share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.edge import cors
from service.edge.access import Access, foreign
from service.edge.connections import is_over
from service.edge.current import CURRENT, Current, request_id
from service.edge.headers import raw_security_headers
from service.edge.hosts import Hosts
from service.edge.logs import RequestLog
from service.edge.metrics import OTHER_ROUTE, Metrics
from service.edge.rates import RateLimits, address_of, policy_for, too_many
from service.edge.sizes import Sizes
from service.edge.tracing import Tracing
from service.problems import ProblemError, busy

Answer = Callable[[Request, Exception], Awaitable[Response]]
#: Answered while the service stops: whoever watches the process needs them.
_ALWAYS = frozenset({"/livez", "/metrics"})
#: Answered on connections beyond the limit, and under any name that a probe may call by.
_PROBES = frozenset({"/livez", "/readyz"})


@dataclass(slots=True)
class Lifecycle:
    """Whether the service stops: then it is ready for nothing new.

    ``retiring`` where only this worker of several does: it answers, but on no connection twice.
    """

    stopping: bool = False
    retiring: bool = False


@dataclass(frozen=True, slots=True)
class EdgeParts:
    """What the edge asks, in this order."""

    lifecycle: Lifecycle
    hosts: Hosts
    sizes: Sizes
    access: Access
    rates: RateLimits
    metrics: Metrics
    log: RequestLog
    tracing: Tracing | None
    answer: Answer


class Edge:
    """Admits, counts and logs every request."""

    def __init__(self, app: ASGIApp, parts: EdgeParts) -> None:
        self.app = app
        self.parts = parts
        self._routes: list[Route] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        method: str = scope.get("karani.method") or scope["method"]
        bodiless = b"content-length" not in headers and b"transfer-encoding" not in headers
        current = Current(request_id(headers.get(b"x-request-id")), receive=receive if bodiless else None)
        CURRENT.set(current)
        if self.parts.tracing is not None:
            current.span = self.parts.tracing.begin(method, headers)
        status = sent_bytes = 0

        async def send_marked(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _merged(message["headers"], current.headers)
            elif message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            refusal = self._admit(scope, method, headers, current)
            if refusal is not None:
                answer = await self._refused(refusal, scope, current)
                await answer(scope, receive, send_marked)
            elif cors.is_preflight(scope["path"], method, headers):
                await cors.preflight()(scope, receive, send_marked)
            else:
                await self.app(scope, receive, send_marked)
        except asyncio.CancelledError:
            status = (
                status or 499
            )  # the server gave the request up: its caller went, or the time to stop was over
            raise
        except Exception:
            status = status or 500
            raise
        finally:
            self._tell(scope, method, current, status or 499, time.perf_counter() - started, sent_bytes)

    def _admit(
        self, scope: Scope, method: str, headers: dict[bytes, bytes], current: Current
    ) -> ProblemError | None:
        """Decide before anything runs; sets the headers that the answer will carry."""
        path: str = scope["path"]
        current.headers += raw_security_headers(path)
        current.headers.append((b"x-request-id", current.request_id.encode()))
        if self.parts.lifecycle.retiring:
            current.headers.append((b"connection", b"close"))
        if self.parts.lifecycle.stopping and path not in _ALWAYS:
            return _stopping()
        origin = self.parts.access.cors_origin(path, headers)
        current.headers += cors.answer_headers(path, origin)
        policy = policy_for(method, path, scope["query_string"])
        client = scope.get("client")
        caller = address_of(client[0] if client else None)
        refusal = None
        try:
            self._check_shape(scope, path, headers)
            if cors.is_preflight(path, method, headers):
                policy = "read"
                if origin is None:
                    raise foreign(None)
            else:
                key = self.parts.access.key_of(method, path, headers)
                if key is not None:
                    current.key_id = caller = key.key_id
        except ProblemError as problem:
            refusal, policy = problem, "read"  # guesses count too, under their address
        if policy is None:
            return refusal
        ruling = self.parts.rates.count(policy, caller)
        current.headers += ruling.headers
        if ruling.wait_seconds:
            self.parts.metrics.limited(policy)
            return too_many(ruling.wait_seconds)
        return refusal

    def _check_shape(self, scope: Scope, path: str, headers: dict[bytes, bytes]) -> None:
        """What needs no knowledge of the caller: the connection, the name asked under, the head's size.

        Raises:
            ProblemError: 503, 421, 414, 422 or 431.
        """
        if is_over(scope) and path not in _PROBES | _ALWAYS:
            raise busy(close=True)
        self.parts.sizes.check(scope)
        if path not in _PROBES and headers.get(b"host", b"").decode("latin-1") not in self.parts.hosts:
            raise _misdirected()

    async def _refused(self, refusal: ProblemError, scope: Scope, current: Current) -> Response:
        current.refused = refusal.kind
        scope.setdefault("route", self._route_of(scope))
        self.parts.metrics.refused(refusal.kind)
        return await self.parts.answer(Request(scope), refusal)

    def _route_of(self, scope: Scope) -> Route | None:
        """The route of a request that is refused before it reaches one: the log and the counters name it."""
        if self._routes is None:
            described = scope["app"].openapi()["paths"]
            self._routes = [Route(path, endpoint=_nowhere) for path in (*described, "/mcp", "/mcp/")]
        return next((one for one in self._routes if one.path_regex.match(scope["path"])), None)

    def _tell(
        self, scope: Scope, method: str, current: Current, status: int, seconds: float, sent_bytes: int
    ) -> None:
        parts = self.parts
        route = route_of(scope)
        parts.metrics.request(route, method, status, seconds)
        if parts.tracing is not None:
            parts.tracing.end(current.span, method, route, status)
        parts.log.write(current, scope, method, route, status, seconds, 0 if method == "HEAD" else sent_bytes)


def route_of(scope: Scope) -> str:
    """The route's template, a mount's address, or ``(other)``: never what the caller wrote."""
    path = getattr(scope.get("route"), "path", None)
    root = scope.get("root_path", "")
    return str(path) if path else root or OTHER_ROUTE


async def _nowhere(_: Request) -> Response:
    raise AssertionError("a template, never served")


def _stopping() -> ProblemError:
    thai, english = "ระบบกำลังหยุดทำงาน กรุณาลองใหม่", "the service is stopping: try again"
    return ProblemError(503, "stopping", thai, english, headers={"Retry-After": "2", "Connection": "close"})


def _misdirected() -> ProblemError:
    """421 for a name that is not this service's."""
    thai = "ไม่รับคำขอภายใต้ชื่อเครื่องนี้ ให้ผู้ดูแลเพิ่มชื่อใน KARANI_HOSTS หรือตั้ง KARANI_PUBLIC_URL"
    english = "this service is not known by that host name: add it to KARANI_HOSTS, or set KARANI_PUBLIC_URL"
    return ProblemError(421, "host-not-allowed", thai, english, headers={"Connection": "close"})


def _merged(
    answered: list[tuple[bytes, bytes]], added: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """The answer's own headers win, but ``Vary`` is joined."""
    own = dict(answered)
    vary = own.get(b"vary")
    kept = [pair for pair in added if pair[0] not in own]
    if vary is not None and b"origin" not in vary.lower() and any(name == b"vary" for name, _ in added):
        answered = [pair if pair[0] != b"vary" else (b"vary", vary + b", Origin") for pair in answered]
    return [*answered, *kept]
