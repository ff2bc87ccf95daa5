"""Results on disk, one JSON file for each system and size, so that an interrupted run goes on where it stood."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from eval.files import written
from eval.provenance import provenance

#: Raised when what is measured changes, so that older results are not mixed in.
FORMAT = 1


def circumstances() -> dict[str, Any]:
    """Commit, date and machine of a figure."""
    return {**provenance(), "machine": machine()}


def machine() -> dict[str, Any]:
    """Cores, processor, memory, system."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(terse=True),
    }


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


class Kept:
    """The folder of results."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, size: str, name: str) -> Path:
        return self._folder / size / f"{name}.json"

    def read(self, size: str, name: str) -> dict[str, Any] | None:
        """A system's result, if there is one."""
        path = self._path(size, name)
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found if found.get("format") == FORMAT else None

    def write(self, size: str, name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a result with its circumstances."""
        path = self._path(size, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        value = {"format": FORMAT, "system": name, "size": size, **circumstances(), **figures}
        with written(path) as stream:
            stream.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
        return value

    def forget(self, size: str, name: str) -> None:
        """Drop a result."""
        self._path(size, name).unlink(missing_ok=True)
