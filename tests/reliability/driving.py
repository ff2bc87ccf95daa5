"""Running many trials: drawn by seed, a few at a time, with a bar, each in a folder that is gone afterwards."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from tests.reliability import processes
from tests.reliability.report import Outcome

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it


@dataclass(frozen=True, slots=True)
class Plan:
    """How many trials, from which seed, how many at a time; seconds for what runs by the clock; a folder to work in."""

    folder: Path
    trials: int
    seed: int = 1
    jobs: int = 2
    seconds: float = 10.0

    def random(self, name: str) -> random.Random:
        """The numbers that one fault draws; the same for the same seed, whatever else runs."""
        return random.Random(f"{name} {self.seed}")


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder to work in: in memory where there is room, since every write is synced."""
    roomy = _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free > 2**30
    parent = _SHARED_MEMORY if roomy and os.access(_SHARED_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(
        prefix="karani-reliability-", dir=parent, ignore_cleanup_errors=True
    ) as made:
        yield Path(made).resolve()


def drive(
    fault: str, trial: Callable[..., Sequence[str]], calls: Sequence[Sequence[object]], plan: Plan
) -> Outcome:
    """Run ``trial``, which gives what went wrong, once for each of ``calls``, whose last argument names it."""
    outcome, began = Outcome(fault), time.monotonic()
    with tqdm(total=len(calls), desc=fault, unit="trial", disable=None) as bar:
        for arguments, ended in processes.together(trial, calls, plan.jobs):
            outcome.trials += 1
            named = str(arguments[-1])
            problems = (
                ended.value if ended.status == 0 else [f"status {ended.status}: {ended.output[-1500:]}"]
            )
            outcome.failures += [f"{named}: {problem}" for problem in problems]
            bar.set_postfix(failures=len(outcome.failures))
            bar.update()
    outcome.seconds = time.monotonic() - began
    return outcome
