"""Half of what a service can bear, for half an hour: its memory stays flat, and so do its times.

First the peak is measured: eight clients, each asking as soon as it is answered. Then they ask at half that rate, while
a document changes every half minute. Memory is what the kernel says of the service and of the process that changes
the corpus (``VmRSS`` in ``/proc``), every second.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from tqdm import tqdm

from tests.reliability import processes
from tests.reliability.asking import Asker, Tally, quantile, together
from tests.reliability.driving import Plan
from tests.reliability.questions import QUESTIONS
from tests.reliability.report import Outcome, circumstances
from tests.reliability.updates import CLIENTS, UNLIMITED, admin_key, prepare, writing
from tests.service.process import Served, process

_CHANGE_SECONDS = 30.0
#: Growth is counted from after this share of the run, in which caches fill and the first changes come.
_WARM_SHARE = 0.2
_WINDOW_SHARE = 0.1
_MOST_GROWTH = 0.05
#: The last third's slowest hundredth may be so many times the middle third's.
_MOST_SLOWER = 1.5


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at one time: seconds since the start, bytes of the service, bytes of the processes it started."""

    second: float
    service: int
    others: int


@dataclass(frozen=True, slots=True)
class Minute:
    """Searches of one minute."""

    number: int
    searches: int
    p50_ms: float
    p99_ms: float
    service_mib: float
    others_mib: float


def soak(plan: Plan) -> Outcome:
    """Serve for ``plan.seconds`` at half of the peak."""
    began = time.monotonic()
    folder = plan.folder / "soak"
    data: Path = processes.run(prepare, folder).result()
    key = admin_key(data)
    with process(folder, data, **UNLIMITED) as served:
        peak = _peak(served, plan)
        samples, tally, start = _half(served, key, plan, peak / 2)
    minutes = _minutes(samples, tally, start)
    outcome = Outcome("soak", trials=tally.requests, failures=tally.all_failures())
    growth = _growth(samples)
    flat = _slower(tally, start)
    if plan.seconds >= 300:
        outcome.failures += [f"memory grew by {growth:.1%}"] * (growth > _MOST_GROWTH)
        outcome.failures += [f"the slowest hundredth became {flat:.2f} times as slow"] * (flat > _MOST_SLOWER)
    outcome.figures = {
        "peak searches/s": round(peak, 1),
        "searches": len(tally.seconds),
        "failed": len(tally.failures),
        "memory growth": f"{growth:+.1%}",
        "p99 of the last third to the middle third": round(flat, 2),
    }
    outcome.seconds = time.monotonic() - began
    _write(plan, outcome, minutes)
    return outcome


def _peak(served: Served, plan: Plan) -> float:
    """Searches a second of clients that never wait; also warms everything up."""
    tally, seconds = Tally(), min(30.0, plan.seconds / 4)
    end = time.monotonic() + seconds
    for thread in together(
        served.address, CLIENTS, tally, lambda: time.monotonic() > end, _search, plan.seed
    ):
        thread.join()
    return len([at for at, _ in tally.seconds if at > end - seconds / 2]) / (seconds / 2)


def _search(asker: Asker, draw: random.Random) -> None:
    # A number makes it another question, which no cache has answered.
    asker.search(f"{draw.choice(QUESTIONS)} {draw.randrange(100_000)}")


def _half(served: Served, key: str, plan: Plan, rate: float) -> tuple[list[Sample], Tally, float]:
    tally, start = Tally(), time.monotonic()
    end, pause = start + plan.seconds, CLIENTS / rate
    due = threading.local()

    def ask(asker: Asker, draw: random.Random) -> None:
        due.at = getattr(due, "at", time.monotonic() + draw.random() * pause) + pause
        _search(asker, draw)
        time.sleep(max(0.0, min(due.at, end) - time.monotonic()))

    threads = together(served.address, CLIENTS, tally, lambda: time.monotonic() > end, ask, plan.seed)
    samples: list[Sample] = []
    with (
        writing(served.address, key, tally) as writer,
        tqdm(total=int(plan.seconds), desc="soak", unit="s", disable=None) as bar,
    ):
        changes = 0
        while (now := time.monotonic()) < end:
            samples.append(_memory(served.process.pid, now - start))
            if (now - start) // _CHANGE_SECONDS >= changes:
                changes += 1
                writer.pair()
            bar.n = int(now - start)
            bar.set_postfix(mib=samples[-1].service >> 20, searches=len(tally.seconds))
            time.sleep(1.0)
    for thread in threads:
        thread.join()
    return samples, tally, start


def _memory(pid: int, second: float) -> Sample:
    others = sum(_resident(child) for child in _children(pid))
    return Sample(second, _resident(pid), others)


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    kib = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), "0")
    return int(kib) << 10


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def _growth(samples: Sequence[Sample]) -> float:
    """How much more the service holds at the end than once it was warm, as a share."""
    length = samples[-1].second
    early = [s.service for s in samples if _WARM_SHARE <= s.second / length <= _WARM_SHARE + _WINDOW_SHARE]
    late = [s.service for s in samples if s.second / length >= 1 - _WINDOW_SHARE]
    return fmean(late) / fmean(early) - 1


def _slower(tally: Tally, start: float) -> float:
    """The slowest hundredth of the last third to that of the third before."""
    length = max(at for at, _ in tally.seconds) - start
    thirds = [
        quantile(
            [took for at, took in tally.seconds if third / 3 <= (at - start) / length <= (third + 1) / 3],
            0.99,
        )
        for third in (1, 2)
    ]
    return thirds[1] / max(thirds[0], 1e-9)


def _minutes(samples: Sequence[Sample], tally: Tally, start: float) -> list[Minute]:
    rows = []
    for number in range(int(samples[-1].second // 60) + 1):
        took = [took for at, took in tally.seconds if (at - start) // 60 == number]
        held = [sample for sample in samples if sample.second // 60 == number]
        if took and held:
            rows.append(
                Minute(
                    number,
                    len(took),
                    round(1000 * quantile(took, 0.5), 1),
                    round(1000 * quantile(took, 0.99), 1),
                    round(fmean(one.service for one in held) / 2**20, 1),
                    round(fmean(one.others for one in held) / 2**20, 1),
                )
            )
    return rows


def _write(plan: Plan, outcome: Outcome, minutes: Sequence[Minute]) -> None:
    """The table to stdout; the table and the plot to ``var/``."""
    print("minute  searches  p50 ms  p99 ms  service MiB  worker MiB")
    for one in minutes:
        print(
            f"{one.number:>6}  {one.searches:>8}  {one.p50_ms:>6}  {one.p99_ms:>6}  {one.service_mib:>11}  {one.others_mib:>10}"
        )
    folder = Path("var")
    folder.mkdir(exist_ok=True)
    names = ("number", "searches", "p50_ms", "p99_ms", "service_mib", "others_mib")
    rows = [{name: getattr(one, name) for name in names} for one in minutes]
    kept = {**circumstances(plan.seed), "figures": outcome.figures, "minutes": rows}
    (folder / "soak.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if len(minutes) > 1:
        (folder / "soak.svg").write_text(plot(minutes), encoding="utf-8")


def plot(minutes: Sequence[Minute]) -> str:
    """Memory above, times below, by minute: an SVG picture."""
    memory = {"service": [m.service_mib for m in minutes], "worker": [m.others_mib for m in minutes]}
    times = {"p50": [m.p50_ms for m in minutes], "p99": [m.p99_ms for m in minutes]}
    panels = _panel(memory, "MiB", 20) + _panel(times, "ms", 190)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" font-family="sans-serif" font-size="12">\n'
        '<rect width="640" height="360" fill="#fff"/>\n'
        f'{panels}<text x="340" y="352" text-anchor="middle">minute (0 to {minutes[-1].number})</text>\n</svg>\n'
    )


def _panel(series: dict[str, list[float]], unit: str, top: int) -> str:
    left, width, height = 60, 560, 130
    highest = 1.1 * max(max(values) for values in series.values()) or 1.0
    lines = [f'<line x1="{left}" x2="{left + width}" y1="{top + height}" y2="{top + height}" stroke="#888"/>']
    for share in (0.0, 0.5, 1.0):
        y = top + height * (1 - share)
        lines.append(f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{share * highest:,.0f}</text>')
    for number, (name, values) in enumerate(series.items()):
        colour = ("#1f6f8b", "#c0562f")[number]
        step = width / max(1, len(values) - 1)
        places = " ".join(
            f"{left + place * step:.1f},{top + height * (1 - value / highest):.1f}"
            for place, value in enumerate(values)
        )
        lines.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines.append(
            f'<text x="{left + 8 + 80 * number}" y="{top + 10}" fill="{colour}">{name}, {unit}</text>'
        )
    return "\n".join(lines) + "\n"
