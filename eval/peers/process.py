"""The driver's end of a system's process: sends commands, waits, watches memory and time, stops everything in the end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from eval.peers.memory import Tree

ROOT = Path(__file__).resolve().parents[2]
_SAMPLE_S = 1.0
_FAREWELL_S = 15.0
#: A machine that swaps measures nothing; a system that takes more is stopped.
MOST_BYTES = 14 << 30
#: What is being done, for how many seconds, with how many bytes (0 where nobody looks).
Ticking = Callable[[str, float, int], None]


class RunnerError(RuntimeError):
    """A system failed, or took too long or too much; the message is for the table."""


class SystemProcess:
    """One process of a system, in a group of its own so that whatever it started ends with it.

    Args:
        python: the interpreter that has the system's packages.
        module: in `eval.peers.systems`.
        log: takes what it prints.
        tick: called about once a second.

    """

    def __init__(self, python: Path, module: str, log: Path, tick: Ticking | None = None) -> None:
        self._tick = tick or (lambda _what, _waited, _bytes: None)
        self._log = log
        self._buffer = b""
        self._doing = "start"
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
            "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False",
            "TOKENIZERS_PARALLELISM": "true",
        }  # fmt: skip
        with log.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603
                [str(python), "-m", f"eval.peers.systems.{module}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )
        self.tree = Tree(self._process.pid)

    def __enter__(self) -> SystemProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(0 if kind is not None else _FAREWELL_S)

    def started(self, limit_s: float) -> Mapping[str, Any]:
        """Wait until its libraries are loaded; the versions it states."""
        return self._answer(limit_s, watch=True)

    def do(
        self, what: str, within_s: float, *, watch: bool = False, label: str = "", **values: Any
    ) -> dict[str, Any]:
        """Send a command and wait; ``watch`` follows its memory, which costs it a little time.

        ``label`` is what those who watch are told; the command itself where it is empty.

        Raises:
            RunnerError: it said so, ended, or went over a limit.

        """
        self._doing = label or what
        line = json.dumps({"do": what, **values}, ensure_ascii=False) + "\n"
        assert self._process.stdin is not None  # noqa: S101 - made with a pipe
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise RunnerError(self._end()) from None
        return self._answer(within_s, watch=watch)

    def _answer(self, limit_s: float, *, watch: bool) -> dict[str, Any]:
        began = time.monotonic()
        while (line := self._line(_SAMPLE_S)) is None:
            waited = time.monotonic() - began
            used = 0
            if watch:
                self.tree.cpu_s()
                used = self.tree.memory()
            self._tick(self._doing, waited, used)
            if waited > limit_s:
                raise RunnerError(f"stopped after {limit_s:.0f} s")
            if used > MOST_BYTES:
                raise RunnerError(f"stopped at {used / 2**30:.1f} GB of memory")
        if not line:
            raise RunnerError(self._end())
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise RunnerError(str(found["error"])[:300])
        return found

    def _line(self, wait_s: float) -> bytes | None:
        """The next line, empty at the end of all, ``None`` when none came in time."""
        assert self._process.stdout is not None  # noqa: S101 - made with a pipe
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + wait_s
        while b"\n" not in self._buffer:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            part = os.read(descriptor, 1 << 16)
            if not part:
                return b""
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _end(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        last = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        return f"ended with status {self._process.returncode}: {''.join(last)[:200]}"

    def stop(self, patience_s: float) -> None:
        """Let it end by itself for so long, then end its whole group."""
        assert self._process.stdin is not None  # noqa: S101 - made with a pipe
        assert self._process.stdout is not None  # noqa: S101 - made with a pipe
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(patience_s)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process.stdout.close()
