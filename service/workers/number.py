"""How many workers serve where nobody says: as many as cores, as far as memory goes, and one for a small corpus."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from corpus.cores import cores
from corpus.settings import Settings
from index.manifest import GenerationError, Manifest
from index.publish import current_name

#: Up to here one core answers faster than people ask, and another process would only take memory.
FEW_PASSAGES = 20_000
MOST = 16
#: What a worker has for itself, beside the mapped files that all share.
_WORKER_BYTES = 220 << 20
_PASSAGE_BYTES = 200
#: Of the memory that is free at the start; the rest is for the mapped files and for building.
_SHARE = 0.5


def how_many(wanted: int | Literal["auto"], own: Settings, demo: Settings | None) -> int:
    """The number of processes that are to serve.

    Args:
        wanted: what the settings say.
        own: the operator's data directory.
        demo: the one that stands in for it, if one does.
    """
    if wanted != "auto":
        return wanted
    # A language model brings its own threads, and a gigabyte; Milvus Lite's file has one process at a time.
    lite = own.engine == "milvus" and "://" not in own.milvus_uri
    if demo is not None or own.encoder != "builtin" or lite:
        return 1
    passages = _passages(own)
    if passages < FEW_PASSAGES:
        return 1
    by_memory = _SHARE * free_bytes() / (_WORKER_BYTES + _PASSAGE_BYTES * passages)
    return max(1, math.floor(min(cores(), by_memory, MOST)))


def free_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> float:
    """Memory that can be had without swapping, within a container's limit; endless where nobody tells."""
    found = [float("inf")]
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
        found += [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    except (OSError, ValueError):
        pass
    try:
        limit, used = (
            int((cgroup / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current")
        )
        found.append(max(0, limit - used))
    except (OSError, ValueError):
        pass
    return min(found)


def _passages(own: Settings) -> int:
    """Passages of the published index; 0 without one that can be read."""
    name = current_name(own)
    try:
        return 0 if name is None else Manifest.read(own.generations / name).passages
    except GenerationError:
        return 0
