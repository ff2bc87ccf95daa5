"""Where a worker stands: its number, and what it shares with the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """What the supervisor gives a worker: its number, and descriptors of what it shares."""

    slot: int
    workers: int
    board: int
    control: int
    listening: tuple[int, ...]

    def arguments(self) -> list[str]:
        """As command line arguments."""
        numbers = (self.slot, self.workers, self.board, self.control, *self.listening)
        return ["--place", ",".join(map(str, numbers))]

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read `arguments`."""
        slot, workers, board, control, *listening = map(int, text.split(","))
        return cls(slot, workers, board, control, tuple(listening))
