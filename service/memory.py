"""Memory that was used once goes back to the system: what large questions took, what an earlier index held."""

from __future__ import annotations

import ctypes
import gc
from functools import cache
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2
_LARGE_BYTES = 4 << 20


def keep_little() -> None:
    """Have glibc keep less of what threads free; once, before they begin. Other C libraries do without.

    It gives each thread a heap of its own, up to eight a core, and each keeps the room of the largest arrays that its
    thread ever had. Python's threads take turns anyway: two heaps are enough, and large arrays are mapped for
    themselves.
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        for what, value in (
            (_M_ARENA_MAX, _ARENAS),
            (_M_MMAP_THRESHOLD, _LARGE_BYTES),
            (_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES),
        ):
            mallopt(what, value)


def give_back() -> None:
    """Hand freed memory back; takes some hundredths of a second, so not for the event loop.

    glibc keeps what is freed for the thread that had it. Each newer generation is opened by another thread, and what
    the earlier ones held would stay with theirs. Other C libraries do without.
    """
    gc.collect()
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _function(name: str) -> Any | None:
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
