"""Memory that an index no longer used held goes back to the system."""

from __future__ import annotations

import ctypes
import gc
from functools import cache
from typing import Any


def give_back() -> None:
    """Hand freed memory back; takes some hundredths of a second, so not for the event loop.

    glibc keeps what is freed for the thread that had it. Each newer generation is opened by another thread, and what
    the earlier ones held would stay with theirs. Other C libraries do without.
    """
    gc.collect()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
