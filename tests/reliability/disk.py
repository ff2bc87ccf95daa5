"""A disk that is full, failing, read-only or over quota at every write of ingest, build and publish: once, or from then on.

The command must bear it, or end with exit status 1 and words that say where and what to do. The generation before still
serves; once the fault is gone, the same command does what it would have done, and nothing is left over.
"""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.reliability import history, kill
from tests.reliability.driving import Plan, drive
from tests.reliability.faults import GIVEN_BY, Call, Fault
from tests.reliability.history import Recorded
from tests.reliability.processes import run
from tests.reliability.report import Outcome

_CHANCES = re.compile(r"[0-9a-f]{32}|\d{8}T\d+-[0-9a-f]{4}|\.tmp\w+|\.CURRENT-\w+")
#: Of many writes to one file in a row, this many are tried.
_OF_A_RUN = 3
_FRESH_EVERY = 10


@dataclass(frozen=True, slots=True)
class Point:
    """Where the disk fails."""

    number: int
    step: str
    fault: Fault
    call: str
    fresh: bool

    def __str__(self) -> str:
        until = " from there on" if self.fault.lasting else ""
        return f"{self.step}, {self.fault.error or self.fault.action}{until} at {self.call} ({self.fault.at}){', fresh' if self.fresh else ''}"


def disk(plan: Plan) -> Outcome:
    """Trials over the different writes of the history, each with errors that it can meet."""
    began = time.monotonic()
    recorded = history.record(plan.folder)
    points = _points(recorded, plan.trials, plan.random("disk"))
    calls = [(recorded[point.number], plan.folder, point) for point in points]
    outcome = drive("disk faults", trial, calls, plan)
    outcome.seconds = time.monotonic() - began
    every = sum(len(_different(one.calls, one.data.parent)) for one in recorded)
    outcome.figures = {"write points": every, "of these tried": len({(p.number, p.call) for p in points})}
    return outcome


def _points(recorded: Sequence[Recorded], trials: int, draw: random.Random) -> list[Point]:
    """Each write point once, with an error drawn for it, before any comes twice."""
    every = [
        (number, place)
        for number, one in enumerate(recorded)
        for place in _different(one.calls, one.data.parent)
    ]
    chosen: list[tuple[int, int]] = []
    while len(chosen) < trials:
        draw.shuffle(every)
        chosen += every[: trials - len(chosen)]
    return [
        _point(recorded[number], number, place, draw, count) for count, (number, place) in enumerate(chosen)
    ]


def _different(calls: Sequence[Call], root: Path) -> list[int]:
    """The places in the log of calls that differ; of many alike the first, the last and one between."""
    alike: dict[tuple[str, str], list[int]] = {}
    for place, call in enumerate(calls):
        alike.setdefault((call.kind, _name(call, root)), []).append(place)
    return [one for places in alike.values() for one in {places[0], places[len(places) // 2], places[-1]}]


def _name(call: Call, root: Path) -> str:
    return _CHANCES.sub("*", str(Path(call.path).relative_to(root)))


def _point(one: Recorded, number: int, place: int, draw: random.Random, count: int) -> Point:
    call = one.calls[place]
    errors = [error for error, kinds in GIVEN_BY.items() if call.kind in kinds]
    if call.kind in {"write", "copy"}:
        errors.append("short")
    error = draw.choice(errors)
    kinds = frozenset({"write", "copy"}) if error == "short" else GIVEN_BY[error]
    at = sum(1 for before in one.calls[: place + 1] if before.kind in kinds)
    if error == "short":
        fault = Fault("short", at, kinds=kinds)
    else:
        fault = Fault("fail", at, error, draw.random() < 0.5, kinds)
    return Point(
        number, one.step.name, fault, f"{call.kind} {_name(call, one.data.parent)}", count % _FRESH_EVERY == 0
    )


def trial(recorded: Recorded, folder: Path, point: Point) -> list[str]:
    """Meet the fault once; what is wrong with how that is borne."""
    work = folder / f"trial-{time.monotonic_ns()}"
    data, sources = work / "data", folder / "sources"
    try:
        history.copy(recorded.data, data)
        ended = history.struck(recorded.step, data, sources, point.fault, work / "log", fresh=point.fresh)
        if ended.status == 0:
            # What could not be deleted is left for the next start.
            return kill.unlike(run(kill.started, data).result(), recorded.after)
        problems = wrong_said(ended.status, ended.output, data)
        found = run(kill.reopened, data)
        if found.status != 0:
            return [*problems, f"reopening: {found.output[-1500:]}"]
        problems += kill.wrong_after(found.value, recorded)
        again = run(kill.again, recorded, data, sources)
        if again.status != 0:
            return [*problems, f"the same command again: {again.output[-1500:]}"]
        status, holds = again.value
        if not recorded.step.is_well(status, again.output):
            problems.append(f"the same command again: exit status {status} {again.output[-800:]}")
        return problems + kill.unlike(holds, recorded.after)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def wrong_said(status: int | None, output: str, data: Path) -> list[str]:
    """What is wrong with how the command ended and with what it said."""
    last = output[-600:]
    if status != 1:
        return [f"exit status {status}: {last}"]
    if "Traceback" in output:
        return [f"a traceback: {last}"]
    if " / " not in output or not re.search("[ก-๙]", output):
        return [f"no message in words: {last}"]
    return [] if str(data) in output or data.name in output else [f"the message names no place: {last}"]
