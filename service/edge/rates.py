"""Rate limits: how often one caller may ask, and the headers that tell how much is left.

Windows are fixed and begin with a caller's first call, so that ``RateLimit`` says exactly when the whole
quota is back (draft-ietf-httpapi-ratelimit-headers). Counts lie in memory that all processes of the service share
(`service.workers.windows`), so that a limit is the same with any number of them. Rates are written and read as the
library `limits` does; its own memory storage is a process' own and starts a timer thread up to a hundred times a
second, each walking all callers, and so is left alone.
"""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import limits

from service.edge.access import SAFE
from service.problems import ProblemError
from service.settings import OFF, ServiceSettings
from service.workers.windows import Windows

Policy = Literal["search", "suggest", "answer", "write", "read"]

#: What no limit counts: files, and what watches the process.
_FREE = (
    "/static/",
    "/docs",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/opensearch.xml",
    "/widget.js",
)
_BY_PATH: dict[str, Policy] = {
    "/v1/search": "search",
    "/mcp": "search",
    "/mcp/": "search",
    "/v1/suggest": "suggest",
    "/suggest": "suggest",
    "/v1/answer": "answer",
    "/answer": "answer",
}


def policy_for(method: str, path: str, query: bytes) -> Policy | None:
    """Which limit counts a call; ``None`` for those that none does."""
    policy = _BY_PATH.get(path)
    if policy is not None:
        return policy
    if path.startswith(_FREE):
        return None
    if method not in SAFE:
        return "write"
    searches = not path.startswith("/v1/") and (query.startswith(b"q=") or b"&q=" in query)
    return "search" if searches else "read"


@lru_cache(maxsize=4096)
def address_of(client: str | None) -> str:
    """Whom an address stands for: an IPv6 customer owns a whole /64."""
    if client is None or ":" not in client:
        return client or "local"
    try:
        address = ipaddress.IPv6Address(client)
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a call's count says: the headers for its answer, and seconds to wait if it is one too many."""

    headers: tuple[tuple[bytes, bytes], ...]
    wait_seconds: int = 0


class RateLimits:
    """The settings' limits over one table of counts. For one thread: the event loop's."""

    def __init__(self, settings: ServiceSettings, windows: Windows | None = None) -> None:
        rates: dict[Policy, str] = {
            "search": settings.rate_search,
            "suggest": settings.rate_suggest,
            "answer": settings.rate_answer,
            "write": settings.rate_write,
            "read": settings.rate_read,
        }
        self._windows = windows or Windows()
        self._quotas = {name: _quotas(name, rate) for name, rate in rates.items()}
        self._policies = {name: _policy_header(quotas) for name, quotas in self._quotas.items()}

    def count(self, policy: Policy, caller: str) -> Ruling:
        """Count one call of ``caller``."""
        told, wait = [], 0
        now = time.time()
        for name, amount, window in self._quotas[policy]:
            count, ends = self._windows.count(f"{policy} {window} {caller}", now + window, now)
            seconds = min(window, math.ceil(ends - now))
            told.append(f'"{name}";r={max(0, amount - count)};t={seconds}')
            if count > amount:
                wait = max(wait, seconds)
        if not told:
            return _UNCOUNTED
        return Ruling((self._policies[policy], (b"ratelimit", ", ".join(told).encode())), wait)


_UNCOUNTED = Ruling(())


def _quotas(policy: Policy, rate: str) -> list[tuple[str, int, int]]:
    """Each window's name, calls and seconds."""
    items = [] if rate == OFF else limits.parse_many(rate)
    return [
        (policy if len(items) == 1 else f"{policy}-{item.get_expiry()}s", item.amount, item.get_expiry())
        for item in items
    ]


def _policy_header(quotas: list[tuple[str, int, int]]) -> tuple[bytes, bytes]:
    told = (f'"{name}";q={amount};w={window}' for name, amount, window in quotas)
    return b"ratelimit-policy", ", ".join(told).encode()


def too_many(wait_seconds: int) -> ProblemError:
    """429 for a call that is one too many."""
    thai = f"เรียกบ่อยเกินไป กรุณารอ {wait_seconds} วินาที"
    english = f"too many requests: wait {wait_seconds} s, as Retry-After and RateLimit say"
    return ProblemError(429, "rate-limited", thai, english, headers={"Retry-After": str(wait_seconds)})
