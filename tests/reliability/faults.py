"""Faults at the Nth call that changes a file: what `faulty.c` can do, from Python."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("faulty.c")
#: What a call does, in the order of `faulty.c`.
KINDS = (
    "create", "open", "write", "truncate", "allocate", "sync", "rename", "unlink", "link", "mkdir", "copy",
)  # fmt: skip
ACTIONS = ("count", "kill", "halfway", "fail", "short")
_NEEDS_SPACE = frozenset({"create", "write", "allocate", "rename", "link", "mkdir", "copy"})
#: The calls that an error can come from; others never give it.
GIVEN_BY: Mapping[str, frozenset[str]] = {
    "ENOSPC": _NEEDS_SPACE,
    "EDQUOT": _NEEDS_SPACE,
    "EIO": frozenset(KINDS) - {"open"},
    "EROFS": frozenset(KINDS) - {"sync"},
}


class NoFaultsError(RuntimeError):
    """Faults cannot be made on this machine; says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens, and when.

    Attributes:
        action: one of `ACTIONS`: ``kill`` ends the process before the call, ``halfway`` after half of a write,
            ``fail`` gives an error, ``short`` writes half and says so.
        at: the number of the call, from 1; 0 is never.
        error: the error's name where the action is ``fail``.
        lasting: all later calls, too.
        kinds: the calls that count.
    """

    action: str = "count"
    at: int = 0
    error: str = ""
    lasting: bool = False
    kinds: frozenset[str] = frozenset(KINDS)

    def numbers(self) -> tuple[int, int, int, int, int]:
        """As `faulty.c` takes it: action, error, kinds, call, whether it lasts."""
        code = getattr(errno, self.error) if self.error else 0
        mask = sum(1 << place for place, kind in enumerate(KINDS) if kind in self.kinds)
        return ACTIONS.index(self.action), code, mask, self.at, int(self.lasting)


@dataclass(frozen=True, slots=True)
class Call:
    """A line of the log."""

    number: int
    kind: str
    struck: bool
    path: str


def lacking() -> str:
    """Why faults cannot be made here; empty where they can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "faults are made by system calls of x86-64 Linux"
    if _compiler() is None:
        return "faults are made by a C program: apt-get install gcc libc6-dev"
    return ""


def _compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@cache
def library() -> Path:
    """The compiled `faulty.c`, made at first use and when its text changes.

    Raises:
        NoFaultsError: there is no compiler, or it fails.
    """
    if lacking():
        raise NoFaultsError(lacking())
    name = f"karani-faulty-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}-{os.getuid()}.so"
    built = Path(tempfile.gettempdir()) / name
    if not built.exists():
        partial = built.with_suffix(f".{os.getpid()}")
        command = [str(_compiler()), "-O2", "-Wall", "-shared", "-fPIC", "-o", str(partial), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoFaultsError(done.stderr)
        partial.replace(built)
    return built


def arm(folder: Path, fault: Fault, log: Path) -> None:
    """From now on this process, which must end afterwards, meets the fault below ``folder``."""
    loaded = ctypes.CDLL(str(library()))
    action, code, mask, at, lasting = fault.numbers()
    failed = loaded.faulty_arm(
        os.fsencode(folder.resolve()),
        action,
        code,
        ctypes.c_uint(mask),
        ctypes.c_long(at),
        lasting,
        os.fsencode(log),
    )
    if failed:
        raise NoFaultsError(f"the kernel does not let calls be caught: {os.strerror(failed)}")


def environment(folder: Path, fault: Fault, log: Path) -> dict[str, str]:
    """The variables that arm a process from its start."""
    return {
        "LD_PRELOAD": str(library()),
        "FAULTY_FOLDER": str(folder.resolve()),
        "FAULTY": " ".join(str(number) for number in fault.numbers()),
        "FAULTY_LOG": str(log),
    }


def calls(log: Path) -> list[Call]:
    """The calls that a process made, as its log has them."""
    if not log.exists():
        return []
    lines = [line.split("\t", 3) for line in log.read_text(errors="surrogateescape").splitlines()]
    return [Call(int(number), kind, done == "struck", path) for number, kind, done, path in lines]
