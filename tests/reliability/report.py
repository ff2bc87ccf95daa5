"""What the trials of one fault came to, the table of all of them, and the file that keeps it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.reliability.processes import ROOT

#: So many failures are printed in words; the file has them all.
_SHOWN = 8


@dataclass(slots=True)
class Outcome:
    """One line of the table.

    Attributes:
        fault: what was done.
        trials: how often.
        failures: what went wrong, one line each.
        seconds: how long it took.
        figures: other numbers worth keeping.
    """

    fault: str
    trials: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)


def table(outcomes: Iterable[Outcome]) -> str:
    """Fault, trials, failures, seconds."""
    rows = [("fault", "trials", "failures", "seconds")]
    rows += [(one.fault, f"{one.trials:,}", str(len(one.failures)), f"{one.seconds:.0f}") for one in outcomes]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{a:<{width}}  {b:>8}  {c:>8}  {d:>8}" for a, b, c, d in rows)


def tell(outcomes: Sequence[Outcome], seed: int, file: Path | None) -> int:
    """Print failures, figures and the table, write the file; the exit status."""
    for one in outcomes:
        for failure in one.failures[:_SHOWN]:
            print(f"FAILED {one.fault}: {failure}")
        if len(one.failures) > _SHOWN:
            print(f"FAILED {one.fault}: and {len(one.failures) - _SHOWN} more")
        if one.figures:
            print(f"{one.fault}: " + ", ".join(f"{name} {value}" for name, value in one.figures.items()))
    print(f"\nseed {seed}\n{table(outcomes)}")
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = {**circumstances(seed), "outcomes": [asdict(one) for one in outcomes]}
        file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if any(one.failures for one in outcomes) else 0


def circumstances(seed: int) -> dict[str, Any]:
    """What the figures hang on: commit, date, command, machine, seed."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "commit": commit.stdout.strip() or None,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m tests.reliability", *sys.argv[1:]]),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "seed": seed,
    }
