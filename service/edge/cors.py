"""What browsers are told about calls from other sites' pages (Fetch standard, CORS protocol)."""

from __future__ import annotations

from starlette.responses import Response

from service.edge.access import Headers, is_interface

RawHeaders = list[tuple[bytes, bytes]]

_EXPOSED = b"Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, Mcp-Session-Id"
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_HEADERS = (
    "Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, "
    "Mcp-Session-Id, Traceparent, Tracestate, X-API-Key, X-Request-ID"
)
#: Two hours: the longest that chromium keeps a preflight's answer.
MAX_AGE_SECONDS = 7200
_VARY = (b"vary", b"Origin")
_PUBLIC = [(b"access-control-allow-origin", b"*")]
#: Files that other sites load as modules or with an integrity hash, for which browsers want CORS.
PUBLIC_FILES = frozenset({"/widget.js"})


def is_preflight(path: str, method: str, headers: Headers) -> bool:
    """Whether a browser asks beforehand what another site's page may do with the interface."""
    asks = method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
    return asks and is_interface(path)


def answer_headers(path: str, origin: str | None) -> RawHeaders:
    """What every answer at ``path`` carries; ``origin`` is the caller's where it may read the answer."""
    if not is_interface(path):
        return _PUBLIC if path in PUBLIC_FILES else []
    if origin is None:
        return [_VARY]
    return [
        _VARY,
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED),
    ]


def preflight() -> Response:
    """The answer to a preflight, beside `answer_headers`."""
    told = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
    }
    return Response(status_code=204, headers=told)
