"""``python -m tests.reliability FAULT``: one fault, or all of them; one table at the end."""

from __future__ import annotations

import argparse
import importlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from tests.reliability import faults, processes
from tests.reliability.driving import Plan, working_folder
from tests.reliability.report import Outcome, tell

#: Name (of the module and of its function, too), trials of the long form, what it does.
FAULTS: tuple[tuple[str, int, str], ...] = (
    ("kill", 1200, "kill -9 at every call that changes a file"),
    ("damage", 2000, "one bit flipped, or an end cut off, in a file of the generation"),
    ("disk", 1000, "disk full, failing, read-only, over quota at every write"),
    ("full", 60, "a file system that is really full"),
    ("restart", 6, "opened again by another process"),
    ("updates", 1, "documents come, change and go while eight clients ask, for --seconds"),
    ("api", 8000, "calls that follow and break the interface's description, with and without keys"),
    (
        "fuzz",
        1_000_000,
        "inputs of everything that reads text, guided by coverage where atheris is installed",
    ),
    ("soak", 1, "half of the peak load for --seconds; not part of all"),
)


def main() -> int:
    """Run what was asked for; 0, or 1 where anything failed."""
    arguments = _parser().parse_args()
    if faults.lacking():
        print(faults.lacking())
        return 2
    seed = secrets.randbelow(10**6) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    processes.prepare()
    outcomes = []
    with working_folder() as folder:
        for name, most, _ in FAULTS:
            if arguments.fault == name or (arguments.fault == "all" and name != "soak"):
                run: Callable[[Plan], Outcome] = getattr(
                    importlib.import_module(f"tests.reliability.{name}"), name
                )
                trials = most if arguments.trials is None else arguments.trials
                if arguments.fault == "all":
                    trials = min(trials, most)
                outcomes.append(run(Plan(folder, trials, seed, arguments.jobs, arguments.seconds)))
    return tell(outcomes, seed, arguments.json)


def _parser() -> argparse.ArgumentParser:
    about = "\n".join(f"  {name:<9}{what} ({trials:,} trials)" for name, trials, what in FAULTS)
    parser = argparse.ArgumentParser(
        prog="python -m tests.reliability",
        description=f"Faults that Karani must bear:\n\n{about}\n  all      all of these but soak",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("fault", choices=[*(name for name, *_ in FAULTS), "all"])
    parser.add_argument("--trials", type=int, help="how many trials (default: as above)")
    parser.add_argument("--seed", type=int, help="what is drawn follows from it (default: another each time)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time")
    parser.add_argument("--seconds", type=float, default=300.0, help="for what runs by the clock")
    parser.add_argument(
        "--json", type=Path, default=Path("var/reliability.json"), help="where the figures go"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
