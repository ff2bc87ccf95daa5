"""Programs that open strangers' files run in a process of their own with limits: this starts them, and bounds them.

As a program, ``python -I confined.py MODULE MEMORY_BYTES CPU_SECONDS [ARGUMENT ...]`` bounds its memory and its time,
gives up the right to change files (`corpus.landlock`), then runs MODULE. It finds `corpus` beside itself, so that
what is installed elsewhere does not matter.
"""

from __future__ import annotations

import importlib
import os
import runpy
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_MOST_COMPLAINT_BYTES = 1 << 16
_PIECE_BYTES = 1 << 16


class OutputError(RuntimeError):
    """A program wrote more than it may."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended and what it wrote; of its complaints only the beginning is kept."""

    returncode: int
    stdout: bytes
    stderr: bytes


def command(module: str, *arguments: str, memory_bytes: int, seconds: int) -> list[str]:
    """The command line that runs a module of `corpus` within limits; ``seconds`` are of the processor's time."""
    program = [sys.executable, "-I", str(Path(__file__).resolve())]
    return [*program, module, str(memory_bytes), str(seconds), *arguments]


def environment() -> dict[str, str]:
    """All that such a program is told: where programs lie, and to speak English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def limit(memory_bytes: int, seconds: int) -> None:
    """Bound this process for good; where the system knows no such limits its caller's clock remains."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (allowed, allowed))


def allow(seconds: int) -> None:
    """Let this process use so many more seconds of the processor, inside what `limit` left it."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def run(arguments: list[str], *, seconds: float, most_bytes: int) -> Done:
    """Run a program to its end; what it writes is never held beyond ``most_bytes``.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was ended.
        OutputError: it wrote more, and was ended.
        OSError: it cannot be started.
    """
    with subprocess.Popen(  # noqa: S603
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        try:
            stdout, stderr = _outputs(process, time.monotonic() + seconds, seconds, most_bytes)
        except BaseException:
            process.kill()
            raise
    return Done(process.returncode, stdout, stderr)


def _outputs(
    process: subprocess.Popen[bytes], deadline: float, seconds: float, most_bytes: int
) -> tuple[bytes, bytes]:
    """Both outputs until the program ends."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout or -1, selectors.EVENT_READ, stdout)
        selector.register(process.stderr or -1, selectors.EVENT_READ, stderr)
        while selector.get_map():
            for key, _ in selector.select(max(0.0, deadline - time.monotonic())):
                piece = os.read(key.fd, _PIECE_BYTES)
                if not piece:
                    selector.unregister(key.fileobj)
                if key.data is stdout or len(stderr) < _MOST_COMPLAINT_BYTES:
                    key.data.extend(piece)
            if len(stdout) > most_bytes:
                raise OutputError(f"over {most_bytes} bytes")
            if selector.get_map() and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(process.args, seconds)
    process.wait(max(0.0, deadline - time.monotonic()))
    return bytes(stdout), bytes(stderr)


def main() -> None:
    """Bound this process, then become the module that is named."""
    module, memory_bytes, seconds = sys.argv[1:4]
    limit(int(memory_bytes), int(seconds))
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    landlock = importlib.import_module("corpus.landlock")  # found only now
    landlock.give_up()
    sys.argv[1:4] = []
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
