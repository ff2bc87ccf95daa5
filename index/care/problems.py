"""What a check finds: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

#: Called with (steps done, steps in all, what is being looked at).
Progress = Callable[[int, int, str], None]


class Kind(StrEnum):
    """What a problem is about; each kind has its own repair."""

    DATABASE = "database"
    DOCUMENT = "document"
    GENERATION = "generation"
    CURRENT = "current"
    NO_INDEX = "no-index"
    ORIGINAL = "original"
    UNREFERENCED = "unreferenced"
    STRAY = "stray"
    LEFTOVER = "leftover"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: what it is about.
        subject: the document's id, the generation's name, or the path inside the data directory.
        thai: what is wrong, for people.
        english: the same.
        remedy: what to do where `karani check --repair` cannot do it all; may be empty.
        matters: whether anything is wrong with what is served; else it only wants tidying.
    """

    kind: Kind
    subject: str
    thai: str
    english: str
    remedy: str = ""
    matters: bool = True

    def __str__(self) -> str:
        line = f"{self.subject}: {self.thai} / {self.english}"
        return f"{line}; {self.remedy}" if self.remedy else line

    def as_dict(self) -> dict[str, str | bool]:
        """Ready for JSON."""
        return {
            "kind": str(self.kind),
            "subject": self.subject,
            "thai": self.thai,
            "english": self.english,
            "remedy": self.remedy,
            "matters": self.matters,
        }


RESTORE = "karani restore FILE --data NEW-DIR"
REPAIR = "karani check --repair"
AGAIN = "karani ingest PATH"
