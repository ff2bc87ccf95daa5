"""kill -9 at the Nth call that changes a file, for every N of a data directory's life.

After each death a new process must find a data directory that holds what it held before the step or after it,
answers as before or as after, and lets the same command finish what was begun.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.settings import Settings
from index.care.files import sweep_if_free
from index.care.problems import Kind, Problem
from index.checking import examine
from index.opening import NoIndexError
from tests.reliability import history
from tests.reliability.driving import Plan, drive
from tests.reliability.faults import Fault, calls
from tests.reliability.history import Holding, Recorded
from tests.reliability.processes import run
from tests.reliability.questions import Answers, answers, difference
from tests.reliability.report import Outcome

_FRESH_EVERY = 10
_LEFT = frozenset({Kind.LEFTOVER, Kind.UNREFERENCED})
#: Before the very first generation is named; between its two renames it serves already.
_NONE_YET = frozenset({Kind.NO_INDEX, Kind.CURRENT, Kind.DATABASE})


@dataclass(frozen=True, slots=True)
class Place:
    """Where to die: a step of the history, the number of the call in it, and how."""

    step: str
    number: int
    fault: Fault
    kind: str
    fresh: bool

    def __str__(self) -> str:
        return f"{self.step}, {self.fault.action} at call {self.fault.at} ({self.kind}){', fresh' if self.fresh else ''}"


def kill(plan: Plan) -> Outcome:
    """Trials at places drawn over all calls of the history: each place once before any comes twice."""
    began = time.monotonic()
    recorded = history.record(plan.folder)
    places = _places(recorded, plan.trials, plan.random("kill"))
    each = [(recorded[place.number], plan.folder, place) for place in places]
    outcome = drive("kill -9", trial, each, plan)
    outcome.seconds = time.monotonic() - began
    points = sum(len(one.calls) for one in recorded)
    drawn = {(place.number, place.fault.at) for place in places}
    outcome.figures = {"calls in the history": points, "of these died at": len(drawn)}
    return outcome


def _places(recorded: Sequence[Recorded], trials: int, draw: random.Random) -> list[Place]:
    every = [(number, at) for number, one in enumerate(recorded) for at in range(1, len(one.calls) + 1)]
    chosen: list[tuple[int, int]] = []
    while len(chosen) < trials:
        draw.shuffle(every)
        chosen += every[: trials - len(chosen)]
    places = []
    for count, (number, at) in enumerate(chosen, start=1):
        one = recorded[number]
        kind = one.calls[at - 1].kind
        action = draw.choice(["kill", "halfway"]) if kind in {"write", "copy"} else "kill"
        fresh = count % _FRESH_EVERY == 0
        places.append(Place(one.step.name, number, Fault(action, at), kind, fresh))
    return places


def trial(recorded: Recorded, folder: Path, place: Place) -> list[str]:
    """Die once; what is wrong afterwards."""
    sources = folder / "sources"
    work = folder / f"trial-{place.number}-{place.fault.at}-{place.fault.action}-{time.monotonic_ns()}"
    data = work / "data"
    try:
        history.copy(recorded.data, data)
        ended = history.struck(recorded.step, data, sources, place.fault, work / "log", fresh=place.fresh)
        if not ended.killed:
            # tantivy's threads share the work otherwise each time: a run may have fewer calls than the recorded one.
            few = ended.status == 0 and len(calls(work / "log")) < place.fault.at
            return [] if few else [f"did not die: {ended.status} {ended.output[-800:]}"]
        found = run(reopened, data, fresh=place.fresh)
        if found.status != 0:
            return [f"reopening: {found.output[-1500:]}"]
        problems = wrong_after(found.value, recorded)
        ended = run(again, recorded, data, sources)
        if ended.status != 0:
            return [*problems, f"the same command again: {ended.output[-1500:]}"]
        status, holds = ended.value
        if not recorded.step.is_well(status, ended.output):
            problems.append(f"the same command again: exit status {status} {ended.output[-800:]}")
        return problems + unlike(holds, recorded.after)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def reopened(data: Path) -> tuple[Answers | None, tuple[Problem, ...]]:
    """What a new process is told by the engine and by ``karani check``, which may find leftovers."""
    settings = Settings(data=data)
    try:
        said = answers(settings)
    except NoIndexError:
        said = None
    return said, tuple(one for one in examine(settings) if one.kind not in _LEFT)


def again(recorded: Recorded, data: Path, sources: Path) -> tuple[int, Holding]:
    """The same command once more, and `started`."""
    return history.perform(recorded.step, data, sources), started(data)


def started(data: Path) -> Holding:
    """What is there after what a service does at its start."""
    sweep_if_free(Settings(data=data), lambda _: None)
    return history.holding(data)


def wrong_after(found: tuple[Answers | None, tuple[Problem, ...]], recorded: Recorded) -> list[str]:
    """What is wrong with a data directory in which a step was cut short."""
    said, problems = found
    none_yet = recorded.before.answers is None
    wrong = [f"karani check: {one}" for one in problems if not (none_yet and one.kind in _NONE_YET)]
    wanted = [recorded.before.answers, recorded.after.answers]
    if said is None:
        return wrong if None in wanted else [*wrong, "no generation serves any more"]
    differences = [difference(said, one) for one in wanted if one is not None]
    if "" not in differences:
        wrong.append(f"serves neither the one before nor the one after: {differences}")
    return wrong


def unlike(found: Holding, wanted: Holding) -> list[str]:
    """In what a data directory differs from that of the undisturbed run."""
    wrong = [f"karani check at the end: {one}" for one in found.problems if not wanted.problems]
    if found.store != wanted.store:
        odd = sorted(set(found.store) ^ set(wanted.store))
        wrong.append(f"the store differs: {str(odd)[:500]}")
    if found.names != wanted.names:
        wrong.append(f"left over or missing: {sorted(found.names ^ wanted.names)}")
    # The very first one, where it was not named yet, is the one before when the build is run again.
    if found.generations != wanted.generations and (wanted.generations, found.generations) != (1, 2):
        wrong.append(f"{found.generations} generations instead of {wanted.generations}")
    if (found.answers is None) != (wanted.answers is None):
        wrong.append("a generation is missing, or there is one too many")
    elif (
        found.answers is not None and wanted.answers is not None and difference(found.answers, wanted.answers)
    ):
        wrong.append(f"answers at the end: {difference(found.answers, wanted.answers)}")
    return wrong
