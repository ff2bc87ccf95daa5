"""Rate limits: how often one caller may ask, and the headers that tell how much is left.

Windows are fixed and begin with a caller's first call, so that ``RateLimit`` says exactly when the whole
quota is back (draft-ietf-httpapi-ratelimit-headers). Counts lie in this process' memory.
"""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from service.access import SAFE
from service.problems import ProblemError
from service.settings import OFF, ServiceSettings

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
_SWEEP_SECONDS = 30.0
_MOST_CALLERS = 200_000


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
    """The settings' limits over one memory of counts. For one thread: the event loop's."""

    def __init__(self, settings: ServiceSettings) -> None:
        rates: dict[Policy, str] = {
            "search": settings.rate_search,
            "suggest": settings.rate_suggest,
            "answer": settings.rate_answer,
            "write": settings.rate_write,
            "read": settings.rate_read,
        }
        self._limiter = FixedWindowRateLimiter(Counts())
        self._items = {name: _items(rate) for name, rate in rates.items()}
        self._policies = {name: _policy_header(name, items) for name, items in self._items.items()}

    def count(self, policy: Policy, caller: str) -> Ruling:
        """Count one call of ``caller``."""
        items = self._items[policy]
        if not items:
            return Ruling(())
        told, wait = [], 0
        now = time.time()
        for item in items:
            within = self._limiter.hit(item, policy, caller)
            stats = self._limiter.get_window_stats(item, policy, caller)
            seconds = max(1, math.ceil(stats.reset_time - now))
            told.append(f'"{_name(policy, item, items)}";r={stats.remaining};t={seconds}')
            if not within:
                wait = max(wait, seconds)
        headers = (self._policies[policy], (b"ratelimit", ", ".join(told).encode()))
        return Ruling(headers, wait)


def _items(rate: str) -> list[limits.RateLimitItem]:
    return [] if rate == OFF else limits.parse_many(rate)


def _name(policy: Policy, item: limits.RateLimitItem, items: list[limits.RateLimitItem]) -> str:
    return policy if len(items) == 1 else f"{policy}-{item.get_expiry()}s"


def _policy_header(policy: Policy, items: list[limits.RateLimitItem]) -> tuple[bytes, bytes]:
    told = (f'"{_name(policy, item, items)}";q={item.amount};w={item.get_expiry()}' for item in items)
    return b"ratelimit-policy", ", ".join(told).encode()


def too_many(wait_seconds: int) -> ProblemError:
    """429 for a call that is one too many."""
    thai = f"เรียกบ่อยเกินไป กรุณารอ {wait_seconds} วินาที"
    english = f"too many requests: wait {wait_seconds} s, as Retry-After and RateLimit say"
    return ProblemError(429, "rate-limited", thai, english, headers={"Retry-After": str(wait_seconds)})


class Counts(Storage):
    """Counts in memory that start no threads.

    ``limits``' own memory storage starts a timer thread up to a hundred times a second, each walking all callers.
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here: nothing of its own."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` in the window that runs, or begin one of ``expiry`` seconds."""
        now = time.time()
        count, ends = self._counts.get(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + expiry
            self._sweep(now)
        self._counts[key] = (count + amount, ends)
        return count + amount

    def get(self, key: str) -> int:
        """How many calls the running window has counted."""
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the running window ends, in seconds since 1970."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everybody."""
        gone = len(self._counts)
        self._counts.clear()
        return gone

    def clear(self, key: str) -> None:
        """Forget one caller's window."""
        self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        """Drop windows that have ended; a flood of addresses drops the oldest ones, never all memory."""
        if now < self._sweep_at and len(self._counts) < _MOST_CALLERS:
            return
        self._sweep_at = now + _SWEEP_SECONDS
        self._counts = {key: entry for key, entry in self._counts.items() if entry[1] > now}
        for key in list(self._counts)[: max(0, len(self._counts) - _MOST_CALLERS * 9 // 10)]:
            del self._counts[key]
