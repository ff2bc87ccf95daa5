"""Security headers for every answer; pure ASGI middleware that answers HEAD for every GET.

Starlette's ``@app.middleware("http")`` halves the throughput; one that wraps ``send`` costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Swagger UI sets style attributes from its script and draws its icons from data: addresses.
_CSP_DOCS = _CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:"
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # addresses hold questions: they stay here
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
}


# Pages for other sites' frames: X-Frame-Options knows no lists, so only the answer's own policy speaks.
_FRAMED = frozenset({"/embed"})


def framed_policy(ancestors: Iterable[str]) -> str:
    """The policy of a page that sites with the origins ``ancestors`` may show in a frame."""
    return _CSP.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(ancestors)}")


_SPECIAL = _FRAMED | {"/docs"}


def security_headers(path: str) -> dict[str, str]:
    """The headers for an answer at ``path``."""
    policy = _CSP_DOCS if path == "/docs" else _CSP
    headers = {"Content-Security-Policy": policy, **SECURITY_HEADERS}
    if path in _FRAMED:
        del headers["X-Frame-Options"]
    return headers


@lru_cache(maxsize=8)
def _raw(path: str) -> tuple[tuple[bytes, bytes], ...]:
    headers = security_headers(path)
    return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers.items())


def raw_security_headers(path: str) -> tuple[tuple[bytes, bytes], ...]:
    """The same as ASGI writes headers; `service.edge.middleware` puts them on every answer that does not set its own."""
    return _raw(path if path in _SPECIAL else "")


class HeadAsGet:
    """Answers HEAD wherever GET is answered, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", "karani.method": "HEAD"}, receive, send_without_body)
