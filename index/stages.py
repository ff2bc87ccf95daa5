"""Where a question's time goes, stage by stage."""

from __future__ import annotations

import time

#: In the order in which a question passes through them.
STAGES = (
    "clean", "spell", "segment", "encode", "words", "characters", "dense", "fuse", "rerank", "read", "highlight",
    "present", "facets", "answer",
)  # fmt: skip


class Stopwatch:
    """Adds up the milliseconds of each stage of one question; stages do not nest."""

    __slots__ = ("_began", "_stage", "ms")

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._stage, self._began = "", 0.0

    def __call__(self, stage: str) -> Stopwatch:
        """Time what runs inside ``with watch(stage)``; a stage that runs again adds up."""
        self._stage = stage
        return self

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.add(self._stage, (time.perf_counter() - self._began) * 1000)

    def add(self, stage: str, ms: float) -> None:
        """Add what was timed elsewhere."""
        self.ms[stage] = self.ms.get(stage, 0.0) + ms
