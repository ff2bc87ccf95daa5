"""Where a question's time goes, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

#: In the order in which a question passes through them.
STAGES = (
    "understand", "encode", "words", "characters", "dense", "fuse", "rerank", "read", "highlight", "present", "answer", "facets",
)  # fmt: skip


class Stopwatch:
    """Adds up the milliseconds of each stage of one question; stages do not nest."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what runs inside; a stage that runs again adds up."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took = (time.perf_counter() - began) * 1000
            self.ms[stage] = self.ms.get(stage, 0.0) + took
