"""What a long run says on standard error: which system, what it does, how long yet."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import IO

_EVERY_S = 30.0


class Teller:
    """Tells how far a run is; one moving line on a terminal, else a line now and then.

    Args:
        jobs: label and expected seconds of each measurement, in order.
        stream: where to.

    """

    def __init__(self, jobs: Sequence[tuple[str, float]], stream: IO[str] | None = None) -> None:
        self._jobs = jobs
        self._stream = stream or sys.stderr
        self._at = -1
        self._began = time.monotonic()
        self._told = 0.0
        self._last = ""

    def next(self) -> None:
        """Another measurement begins."""
        self._at += 1
        self._began = time.monotonic()
        self._last = ""

    def left_s(self) -> float:
        """Expected seconds to the end of all."""
        now = max(0.0, self._jobs[self._at][1] - (time.monotonic() - self._began))
        return now + sum(expected for _, expected in self._jobs[self._at + 1 :])

    def __call__(self, what: str, waited_s: float, used_bytes: int) -> None:
        """Tell; a new part of the work at once, the same again only now and then."""
        live = self._stream.isatty()
        now = time.monotonic()
        if not live and what == self._last and now - self._told < _EVERY_S:
            return
        self._told, self._last = now, what
        memory = f", {used_bytes / 2**30:.1f} GB" if used_bytes else ""
        line = (
            f"[{self._at + 1}/{len(self._jobs)}] {self._jobs[self._at][0]}: {what} {waited_s:.0f} s{memory}; "
            f"about {self.left_s() / 60:.0f} min left"
        )
        self._stream.write(f"\r\033[K{line}" if live else f"{line}\n")
        self._stream.flush()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._stream.write(f"\r\033[K{line}\n" if self._stream.isatty() else f"{line}\n")
        self._stream.flush()
