"""How many cores there are for this process."""

from __future__ import annotations

import os
from pathlib import Path


def cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may use: its affinity, and a container's quota where there is one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
        return max(1, min(count, int(int(quota) / int(period) + 0.5)))
    except (OSError, ValueError):  # no container, or "max"
        return count
