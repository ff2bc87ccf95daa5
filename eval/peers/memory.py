"""What a process and all that it started take: memory, processor time, disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil


class Tree:
    """A process and its descendants."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self.peak_bytes = 0
        self._cpu: dict[tuple[int, float], float] = {}

    def _members(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return [self._root, *self._root.children(recursive=True)]
        return []

    def memory(self) -> int:
        """Bytes now, pages that several processes share counted once where the system tells (Linux), else RSS."""
        total = 0
        for member in self._members():
            with suppress(psutil.Error, OSError):
                full = member.memory_full_info()
                total += int(getattr(full, "pss", full.rss))
        self.peak_bytes = max(self.peak_bytes, total)
        return total

    def cpu_s(self) -> float:
        """Processor seconds so far, of processes that ended, too, up to the last call before their end."""
        for member in self._members():
            with suppress(psutil.Error):
                times = member.cpu_times()
                self._cpu[member.pid, member.create_time()] = times.user + times.system
        return sum(self._cpu.values())


def disk_bytes(folder: Path) -> int:
    """Sizes of all files below a folder; a file with several names counts once."""
    found = {
        (stat.st_dev, stat.st_ino): stat.st_size
        for stat in (p.lstat() for p in folder.rglob("*") if p.is_file())
    }
    return sum(found.values())
