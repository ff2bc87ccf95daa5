"""What more worker processes bring: ``python -m tests.service.scaling DATA [--workers 1 2] [--queries FILE]``.

Serves one data directory as shipped, once with each number of workers, all started before the first is asked, and lets
``wrk`` ask them in turns with eight connections: answers a second, CPU of all the service's processes for each, and the
service's memory, pages that several processes share counted once (``Pss``). An answer that is no 2xx ends it all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.service.process import ROOT, free_port
from tests.service.throughput import QUESTIONS, asked, script


@dataclass(frozen=True)
class Service:
    """A running ``karani serve``."""

    address: str
    pid: int

    def processes(self) -> list[int]:
        """Its first process and all below."""
        below: dict[int, list[int]] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                except OSError:
                    continue
                below.setdefault(parent, []).append(int(folder.name))
        found, todo = [], [self.pid]
        while todo:
            found.append(todo.pop())
            todo += below.get(found[-1], [])
        return found

    def cpu_seconds(self) -> float:
        """User and system time of all of them."""
        ticks = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> tuple[float, float]:
        """``Pss`` of all of them, and its part that no file stands behind."""
        sums = {"Pss": 0, "Pss_Anon": 0}
        for pid in self.processes():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name in sums:
                    sums[name] += int(rest.split()[0])
        return sums["Pss"] / 1024, sums["Pss_Anon"] / 1024


@contextmanager
def served(data: Path, workers: int, folder: Path) -> Iterator[Service]:
    """``karani serve`` until all of its workers are up."""
    port = free_port()
    command = [sys.executable, str(ROOT / "karani.py"), "serve", "--data", str(data), "--port", str(port)]
    environment = {**os.environ, "KARANI_RATE_SEARCH": "off", "KARANI_LOG_FORMAT": "json"}
    with (folder / f"{workers}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", str(workers)], cwd=ROOT, env=environment, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 300
        while not _is_up(address, workers):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / f"{workers}.log").read_text(encoding="utf-8"))
            time.sleep(0.2)
        yield Service(address, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _is_up(address: str, workers: int) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=20):  # noqa: S310
            pass
        with urllib.request.urlopen(f"{address}/metrics", timeout=20) as page:  # noqa: S310
            return f"\nkarani_workers {workers}.0\n".encode() in page.read()
    except OSError:
        return False


def measure(
    data: Path, numbers: Sequence[int], seconds: int, rounds: int, questions: Path
) -> dict[int, list[float]]:
    """Ask in turns; prints a line for each number of workers, and gives their rates."""
    rates: dict[int, list[float]] = {number: [] for number in numbers}
    costs: dict[int, list[float]] = {number: [] for number in numbers}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        services = {number: stack.enter_context(served(data, number, folder)) for number in numbers}
        lua = script(folder, "", questions)
        for turn in range(rounds + 1):  # the first one warms up
            for number in numbers if turn % 2 else reversed(numbers):
                service = services[number]
                before = service.cpu_seconds()
                rate, count = asked(service.address, lua, seconds if turn else 2)
                if turn:
                    rates[number].append(rate)
                    costs[number].append(1000 * (service.cpu_seconds() - before) / max(1, count))
        memory = {number: services[number].memory_mib() for number in numbers}
    for number in numbers:
        pss, anonymous = memory[number]
        sys.stdout.write(
            f"{number} workers: {statistics.median(rates[number]):7.1f}/s, {statistics.median(costs[number]):6.2f} ms "
            f"of CPU each, {pss:6.0f} MiB (Pss), of it {anonymous:6.0f} anonymous   "
            f"(rounds: {'/'.join(f'{rate:.0f}' for rate in rates[number])})\n"
        )
    return rates


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a data directory with a built index")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=int, default=6, help="of each wrk run")
    parser.add_argument("--rounds", type=int, default=4, help="runs of each service")
    parser.add_argument("--queries", type=Path, default=QUESTIONS, help="queries.jsonl with the questions")
    parser.add_argument("--json", type=Path, help="write the rates here, too")
    args = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    rates = measure(args.data, args.workers, args.seconds, args.rounds, args.queries)
    if args.json:
        args.json.write_text(json.dumps(rates), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
