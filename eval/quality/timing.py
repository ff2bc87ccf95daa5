"""The process that `eval.quality.speed` starts: JSON in, the milliseconds of every search out."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> int:
    """Ask each question once, after the ones that warm up."""
    asked: dict[str, Any] = json.load(sys.stdin)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    json.dump(_times(asked), sys.stdout)
    return 0


def _times(asked: dict[str, Any]) -> list[float]:
    # Loaded only now, so that every thread a library starts inherits the one core.
    from corpus.settings import Settings
    from index.engine import Engine

    settings = Settings(
        Path(asked["data"]), asked["encoder"], asked["encoder_revision"], keep_originals=False
    )
    engine = Engine.open(settings)
    for question in asked["warm"]:
        engine.search(question)
    times = []
    for question in asked["questions"]:
        began = time.perf_counter()
        engine.search(question)
        times.append((time.perf_counter() - began) * 1000)
    engine.close()
    return times


if __name__ == "__main__":
    sys.exit(main())
