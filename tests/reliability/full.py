"""A file system that is really full: a small tmpfs, mounted where only the trial's processes see it.

The second opinion on `disk`: here nobody pretends, and what the shim cannot see, such as stores into shared mappings,
meets the full disk as well. Wants root and mount namespaces; elsewhere it says so and tries nothing.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.reliability import disk, history, kill
from tests.reliability.driving import Plan, drive
from tests.reliability.faults import Fault
from tests.reliability.history import Recorded
from tests.reliability.processes import Ended, run
from tests.reliability.report import Outcome

_NEW_MOUNTS = 0x00020000
_ROOMY = 256 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a step finds, in bytes beyond what lies there already."""

    number: int
    step: str
    free: int

    def __str__(self) -> str:
        return f"{self.step} with {self.free:,} bytes free"


def full(plan: Plan) -> Outcome:
    """Trials with room drawn between nothing and what the step takes."""
    began = time.monotonic()
    if os.geteuid() != 0 or run(_mounted, plan.folder / "try").status != 0:
        return Outcome("really full disk", figures={"not tried": "mounting wants root and mount namespaces"})
    recorded = history.record(plan.folder)
    draw = plan.random("full")
    writing = [n for n, one in enumerate(recorded) if one.step.arguments[0] in ("ingest", "build")]
    rooms = []
    for _ in range(plan.trials):
        number = draw.choice(writing)
        after = recorded[number + 1].data
        taken = max(_PAGE, _bytes(after) - _bytes(recorded[number].data)) + (1 << 20)
        rooms.append(Room(number, recorded[number].step.name, draw.randrange(taken)))
    calls = [(recorded[room.number], plan.folder, room) for room in rooms]
    outcome = drive("really full disk", trial, calls, plan)
    outcome.seconds = time.monotonic() - began
    return outcome


def _bytes(data: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in data.rglob("*") if path.is_file())


def trial(recorded: Recorded, folder: Path, room: Room) -> list[str]:
    """Run a step with too little room, perhaps; then make room and run it again."""
    disc = _mounted(folder / f"disc-{os.getpid()}")
    data, sources = disc / "data", folder / "sources"
    shutil.copytree(recorded.data, data)
    _resize(disc, _used(disc) + room.free)
    ended = history.struck(recorded.step, data, sources, Fault(), folder / f"log-{os.getpid()}", fresh=False)
    problems = [] if ended.status == 0 else disk.wrong_said(ended.status, ended.output, data)
    _resize(disc, _ROOMY)
    found = run(kill.reopened, data)
    if found.status != 0:
        return [*problems, f"reopening: {found.output[-1500:]}"]
    problems += kill.wrong_after(found.value, recorded)
    again: Ended = run(kill.again, recorded, data, sources)
    if again.status != 0:
        return [*problems, f"the same command again: {again.output[-1500:]}"]
    return problems + kill.unlike(again.value[1], recorded.after)


def _mounted(disc: Path) -> Path:
    """A tmpfs that only this process and those that it starts see; gone with them."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    disc.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_ROOMY}", "tmpfs", str(disc)]
    subprocess.run(command, check=True, capture_output=True)
    return disc


def _resize(disc: Path, size: int) -> None:
    command = ["mount", "-o", f"remount,size={-(-size // _PAGE) * _PAGE}", str(disc)]
    subprocess.run(command, check=True, capture_output=True)


def _used(disc: Path) -> int:
    status = os.statvfs(disc)
    return (status.f_blocks - status.f_bfree) * status.f_frsize
