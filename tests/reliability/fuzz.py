"""Fuzzing of everything that reads text: ``python -m tests.reliability fuzz``, or this module for one target.

Each target runs in processes of its own, coverage-guided by atheris (libFuzzer) where it is installed, else by seeded
mutation. Whatever one input breaks is told and the run goes on. An input that takes over a second of CPU time for
each 10 kB, times `MACHINE`, is a failure of the long form; the short one in the tests asserts no times.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from tests.reliability.driving import Plan
from tests.reliability.report import Outcome as Report

ROOT = Path(__file__).parents[2]
#: How much slower than meant a shared, instrumented machine may be.
MACHINE = 4.0
_BYTES_A_SECOND = 10_000
_LONGEST = 4096
_PIECE = 160
#: Executions of one process; after that a fresh one goes on, so that no memory of a parser's adds up.
_BATCH = 100_000
_SHOWN = 400
_DIED = "died"
_COSTLY = frozenset(
    {"cleaning", "query", "asking", "html", "jsonl", "plain", "markdown", "segmenting", "passages"}
)
#: Share of executions that coverage guides, and how much slower an instrumented one is.
GUIDED_SHARE = 0.03
GUIDED = 3.0


class Hang(BaseException):
    """An input took longer than it may; no `Exception`, which code under test could swallow."""


@dataclass
class Tally:
    """One process' executions, and each kind of failure with an input that shows it."""

    limit: float | None = None
    done: int = 0
    slowest: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)

    def execute(self, check: Callable[[bytes], None], data: bytes) -> None:
        """Try one input."""
        self.done += 1
        allowed = None if self.limit is None else self.limit * max(1.0, len(data) / _BYTES_A_SECOND)
        if allowed:
            signal.setitimer(signal.ITIMER_VIRTUAL, allowed)
        try:
            check(data)
        except Hang:
            self._failed(f"hang: over {allowed or 0:.0f} s of CPU time for {len(data)} bytes", data)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a crash of any kind is what is looked for
            self._failed(_told(error), data)
        finally:
            if allowed:
                left, _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
                self.slowest = max(self.slowest, allowed - left)

    def _failed(self, what: str, data: bytes) -> None:
        known = self.failures.get(what)
        if known is None or len(data) < len(bytes.fromhex(known)):
            self.failures[what] = data.hex()


def _told(error: BaseException) -> str:
    """The kind of a failure: its type, its words where it broke an invariant, and where it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [
        one for one in frames if "site-packages" not in one.filename and "/lib/python" not in one.filename
    ]
    place = inside[-1] if inside else frames[-1]
    words = str(error) if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {words} at {Path(place.filename).name}:{place.lineno} {place.name}"


def mutated(seeds: list[bytes], chance: random.Random, *, whole: bool) -> bytes:
    """One seed, changed: bytes put in, taken out, doubled, moved, exchanged with another seed's.

    Of a long text mostly a piece is taken, so that many inputs are tried: a file has to stay ``whole``.
    """
    data = bytearray(chance.choice(seeds)[:_LONGEST])
    if len(data) > _PIECE and not whole and chance.random() < 0.95:
        start = chance.randrange(len(data) - _PIECE)
        data = data[start : start + _PIECE]
    for _ in range(chance.choice((1, 1, 2, 3, 6, 12))):
        at = chance.randrange(len(data) + 1)
        size = min(chance.choice((1, 1, 2, 3, 8, 30)), len(data) - at)
        kind = chance.randrange(6)
        if kind == 0:
            data[at:at] = bytes(chance.randrange(256) for _ in range(max(1, size)))
        elif kind == 1:
            del data[at : at + size]
        elif kind == 2:
            data[at:at] = data[at : at + size] * chance.choice((1, 2, 9))
        elif kind == 3 and size:
            data[at] = chance.randrange(256)
        elif kind == 4:
            other = chance.choice(seeds)
            start = chance.randrange(len(other) + 1)
            data[at : at + size] = other[start : start + chance.choice((1, 4, 20, 60))]
        else:
            moved = data[at : at + size]
            del data[at : at + size]
            place = chance.randrange(len(data) + 1)
            data[place:place] = moved
    return bytes(data[:_LONGEST])


def execute(
    name: str, count: int, seed: int, *, tally: Tally | None = None, found: Path | None = None
) -> Tally:
    """Run one target in this process by seeded mutation: its seeds as they are, then ``count`` changed ones.

    ``found`` is a folder of further seeds, such as coverage brought up.
    """
    from tests.reliability.fuzz_targets import TARGETS

    target, tally = TARGETS[name], tally or Tally()
    seeds, chance = list(target.seeds()), random.Random(f"{name} {seed}")
    seeds += [path.read_bytes() for path in sorted(found.iterdir())] if found else []
    for data in seeds[:count]:
        tally.execute(target.check, data)
    for _ in range(count - min(count, len(seeds))):
        tally.execute(target.check, mutated(seeds, chance, whole=target.whole))
    return tally


def _guided(name: str, count: int, seed: int, found: Path, ended: Callable[[Tally], None]) -> None:
    """The same, guided by coverage; what reaches new code is left in ``found``. Ends the process."""
    import atheris

    with atheris.instrument_imports(include=["corpus", "index", "service"]):
        from tests.reliability.fuzz_targets import TARGETS
    target, tally = TARGETS[name], Tally(limit=GUIDED * MACHINE)
    for number, data in enumerate(target.seeds()):
        (found / f"seed-{number:04d}").write_bytes(data[:_LONGEST])

    def one(data: bytes) -> None:
        tally.execute(target.check, data)
        if tally.done >= count:
            ended(tally)
            os._exit(0)  # libFuzzer's own count leaves out what it tries first

    options = [f"-seed={seed % (1 << 31) or 1}", f"-max_len={_LONGEST}", f"-runs={4 * count + 1000}"]
    atheris.Setup(
        [sys.argv[0], *options, "-timeout=1200", "-rss_limit_mb=0", "-verbosity=0", str(found)], one
    )
    atheris.Fuzz()


def main(arguments: list[str]) -> None:
    """``KIND NAME COUNT SEED FOLDER``: one process' part of a run; ``FOLDER/report.json`` takes its outcome."""
    kind, name, count, seed, folder = *arguments[:2], int(arguments[2]), int(arguments[3]), Path(arguments[4])
    signal.signal(signal.SIGVTALRM, _hang)
    found = folder / "found"
    found.mkdir(exist_ok=True)

    def ended(tally: Tally) -> None:
        told = {"done": tally.done, "slowest": round(tally.slowest, 2), "failures": tally.failures}
        (folder / "report.json").write_text(json.dumps(told), encoding="utf-8")

    if kind == "guided":
        _guided(name, count, seed, found, ended)
    tally = Tally(limit=MACHINE)
    if kind == "first":
        _slow(name, tally)
    execute(name, count, seed, tally=tally, found=found)
    ended(tally)


def _slow(name: str, tally: Tally) -> None:
    from tests.reliability.fuzz_targets import TARGETS

    for data in TARGETS[name].slow():
        tally.execute(TARGETS[name].check, data)


def _hang(_: int, __: FrameType | None) -> None:
    raise Hang


@dataclass
class Outcome:
    """What became of one target: executions, of those guided by coverage, the slowest one's CPU seconds, failures."""

    name: str
    done: int = 0
    guided: int = 0
    slowest: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)


def target(name: str, count: int, seed: int) -> Outcome:
    """All of one target's executions: guided ones, long inputs, then changes of whatever the first brought up."""
    outcome = Outcome(name)
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own there; a guided process leaves its files behind
    with tempfile.TemporaryDirectory(
        prefix="karani-fuzz-", dir=memory if memory.is_dir() else None
    ) as folder:
        if find_spec("atheris") is not None:
            _process(outcome, ("guided", name, round(count * GUIDED_SHARE), seed), Path(folder))
            outcome.guided = outcome.done
        number = 0
        while outcome.done < count and number < 1000 and not outcome.failures.get(_DIED):
            number += 1
            kind, left = "first" if number == 1 else "plain", min(_BATCH, count - outcome.done)
            _process(outcome, (kind, name, left, seed * 1000 + number), Path(folder))
    return outcome


def _process(outcome: Outcome, work: tuple[str, str, int, int], folder: Path) -> None:
    """One process' part, added to the target's outcome."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.reliability.fuzz", *map(str, work), str(folder)]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False, timeout=3600
        )
    except subprocess.TimeoutExpired:
        outcome.failures["hang: a process did not end"] = outcome.failures[_DIED] = ""
        return
    if not report.exists():
        outcome.failures[
            f"{work}: status {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-_SHOWN:]}"
        ] = ""
        outcome.failures[_DIED] = ""
        return
    told = json.loads(report.read_text(encoding="utf-8"))
    outcome.done += told["done"]
    outcome.slowest = max(outcome.slowest, told["slowest"])
    outcome.failures = {**told["failures"], **outcome.failures}


def run(trials: int, seed: int) -> tuple[int, list[str]]:
    """Execute at least ``trials`` inputs; gives how many were, and what failed, with the input in hexadecimal."""
    from tests.reliability.fuzz_targets import TARGETS

    total = sum(one.share for one in TARGETS.values())
    counts = {name: math.ceil(trials * one.share / total) for name, one in TARGETS.items()}
    # The costliest first: no process then works alone at the end.
    order = sorted(TARGETS, key=lambda name: name not in _COSTLY)
    with ThreadPoolExecutor(
        int(os.environ.get("KARANI_FUZZ_PROCESSES", min(2, os.cpu_count() or 1)))
    ) as pool:
        outcomes = list(pool.map(lambda name: _told_of(target(name, counts[name], seed)), order))
    failures = [
        f"{one.name}: {what}; input {data[:_SHOWN]}"
        for one in outcomes
        for what, data in one.failures.items()
        if what != _DIED
    ]
    return sum(one.done for one in outcomes), failures


def _told_of(one: Outcome) -> Outcome:
    """A target's outcome, said on standard error as soon as it is there."""
    sys.stderr.write(
        f"  {one.name:<12} {one.done:>9,} executions, {one.guided:>7,} of them guided by coverage, "
        f"slowest {one.slowest:.2f} s, {len(one.failures)} failures\n"
    )
    return one


def fuzz(plan: Plan) -> Report:
    """The same as a fault of ``python -m tests.reliability``."""
    began = time.monotonic()
    done, failures = run(plan.trials, plan.seed)
    return Report("fuzz", done, failures, time.monotonic() - began)


def _alone(trials: int, seed: int) -> int:
    """A whole run from the command line."""
    started = time.monotonic()
    total, found = run(trials, seed)
    seconds = time.monotonic() - started
    sys.stderr.write("\n".join([*found, f"{total:,} executions, {len(found)} failures, {seconds:.0f} s\n"]))
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) > 3:
        main(sys.argv[1:])
    else:
        sys.exit(_alone(*(int(text) for text in (sys.argv[1:] + ["1000000", "1"][len(sys.argv) - 1 :]))))
