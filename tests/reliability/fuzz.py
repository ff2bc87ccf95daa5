"""Fuzzing of everything that reads text: ``python -m tests.reliability fuzz``, or this module for one target.

Each target runs in processes of its own, coverage-guided by atheris (libFuzzer) where it is installed, else by seeded
mutation. Whatever one input breaks is told and the run goes on. An input that takes over a second of CPU time for
each 10 kB, times `MACHINE`, is a failure of the long form; the short one in the tests asserts no times.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
#: How much slower than meant a shared, instrumented machine may be.
MACHINE = 4.0
_BYTES_A_SECOND = 10_000
_LONGEST = 4096
#: Executions of one process; after that a fresh one goes on, so that no memory of a parser's adds up.
_BATCH = 40_000
_SHOWN = 400


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
            self._failed(f"hang: over {allowed:.0f} s of CPU time for {len(data)} bytes", data)
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
    inside = [one for one in frames if "site-packages" not in one.filename and "/lib/python" not in one.filename]
    place = inside[-1] if inside else frames[-1]
    words = str(error) if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {words} at {Path(place.filename).name}:{place.lineno} {place.name}"


def mutated(seeds: list[bytes], chance: random.Random) -> bytes:
    """One seed, changed: bytes put in, taken out, doubled, moved, exchanged with another seed's."""
    data = bytearray(chance.choice(seeds)[:_LONGEST])
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


def execute(name: str, count: int, seed: int, *, tally: Tally | None = None) -> Tally:
    """Run one target in this process by seeded mutation: its seeds as they are, then ``count`` changed ones."""
    from tests.reliability.fuzz_targets import TARGETS

    target, tally = TARGETS[name], tally or Tally()
    seeds, chance = target.seeds(), random.Random(f"{name} {seed}")
    for data in seeds[:count]:
        tally.execute(target.check, data)
    for _ in range(count - min(count, len(seeds))):
        tally.execute(target.check, mutated(seeds, chance))
    return tally


def _guided(name: str, count: int, seed: int, tally: Tally, keep: Callable[[], None]) -> None:
    """The same, guided by coverage; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["corpus", "index", "service"]):
        from tests.reliability.fuzz_targets import TARGETS
    target = TARGETS[name]
    folder = Path(tempfile.mkdtemp(prefix="karani-corpus-"))
    for number, data in enumerate(target.seeds()):
        (folder / f"{number:04d}").write_bytes(data[:_LONGEST])

    def one(data: bytes) -> None:
        tally.execute(target.check, data)
        if tally.done >= count:
            keep()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(0)  # libFuzzer would go on to its own count, which leaves out what it tries first

    options = [f"-seed={seed % (1 << 31) or 1}", f"-max_len={_LONGEST}", f"-runs={4 * count + 1000}", "-timeout=0"]
    atheris.Setup([sys.argv[0], *options, "-rss_limit_mb=0", "-verbosity=0", str(folder)], one)
    atheris.Fuzz()


def _long_inputs(name: str, tally: Tally) -> None:
    from tests.reliability.fuzz_targets import TARGETS

    for data in TARGETS[name].slow():
        tally.execute(TARGETS[name].check, data)


def main(arguments: list[str]) -> None:
    """``NAME COUNT SEED REPORT``: one process' part of a run; ``REPORT`` takes its outcome as JSON."""
    name, count, seed, report = arguments[0], int(arguments[1]), int(arguments[2]), Path(arguments[3])
    tally = Tally(limit=MACHINE)
    signal.signal(signal.SIGVTALRM, _hang)

    def keep() -> None:
        told = {"done": tally.done, "slowest": round(tally.slowest, 2), "failures": tally.failures}
        report.write_text(json.dumps(told), encoding="utf-8")

    if "slow" in arguments[4:]:
        _long_inputs(name, tally)
    elif find_spec("atheris") is not None:
        _guided(name, count, seed, tally, keep)
    else:
        execute(name, count, seed, tally=tally)
    keep()


def _hang(_: int, __: FrameType | None) -> None:
    raise Hang


@dataclass(frozen=True)
class Part:
    """One process' work."""

    name: str
    count: int
    seed: int
    slow: bool = False

    def run(self) -> tuple[int, float, dict[str, str]]:
        """Executions done, the slowest one's CPU seconds, and the failures."""
        with tempfile.TemporaryDirectory(prefix="karani-fuzz-") as folder:
            report = Path(folder) / "report.json"
            command = [sys.executable, "-m", "tests.reliability.fuzz", self.name, str(self.count), str(self.seed), str(report)]
            try:
                done = subprocess.run(
                    [*command, *(["slow"] if self.slow else [])],
                    cwd=ROOT, capture_output=True, check=False, timeout=3600, env={**os.environ, "TMPDIR": folder},
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return 0, 0.0, {"hang: the process did not end": ""}
            if not report.exists():
                words = done.stderr.decode("utf-8", "replace")[-_SHOWN:]
                return 0, 0.0, {f"crash of the process, status {done.returncode}: {words}": ""}
            told = json.loads(report.read_text(encoding="utf-8"))
            return told["done"], told["slowest"], told["failures"]


def parts(trials: int, seed: int) -> list[Part]:
    """``trials`` executions shared out among the targets, the long inputs first."""
    from tests.reliability.fuzz_targets import TARGETS

    total = sum(target.share for target in TARGETS.values())
    made = [Part(name, 0, seed, slow=True) for name in TARGETS]
    for name, target in TARGETS.items():
        left, number = round(trials * target.share / total), 0
        while left > 0:
            made.append(Part(name, min(left, _BATCH), seed * 1000 + number))
            left, number = left - _BATCH, number + 1
    return made


def run(trials: int, seed: int) -> tuple[int, list[str]]:
    """Execute at least ``trials`` inputs; gives how many were, and what failed, with the input in hexadecimal."""
    waiting = parts(trials, seed)
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        outcomes = list(zip(waiting, pool.map(Part.run, waiting), strict=True))
    _report((part.name, *outcome[:2]) for part, outcome in outcomes)
    failures = [
        f"{part.name}: {what}; input {data[:_SHOWN]}"
        for part, (_, _, found) in outcomes
        for what, data in found.items()
    ]
    return sum(done for _, (done, _, _) in outcomes), list(dict.fromkeys(failures))


def _report(told: Iterable[tuple[str, int, float]]) -> None:
    """Executions and the slowest one by target, on standard error."""
    sums: dict[str, tuple[int, float]] = {}
    for name, done, slowest in told:
        count, worst = sums.get(name, (0, 0.0))
        sums[name] = (count + done, max(worst, slowest))
    for name, (count, worst) in sums.items():
        sys.stderr.write(f"  {name:<12} {count:>9,} executions, slowest {worst:.2f} s\n")


if __name__ == "__main__":
    started = time.monotonic()
    if len(sys.argv) > 3:
        main(sys.argv[1:])
    else:
        total, found = run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
        sys.stderr.write("\n".join([*found, f"{total:,} executions, {len(found)} failures, {time.monotonic() - started:.0f} s\n"]))
        sys.exit(1 if found else 0)
