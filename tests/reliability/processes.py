"""Processes that may die: forked from one that has imported everything, or really fresh.

A trial needs a process of its own, and importing takes a second. So the driver imports everything once, opens
nothing and searches nothing (FAISS hangs in a child whose parent has run OpenMP: faiss#5206), and forks.
Every tenth trial starts a new interpreter instead, so that nothing rests on what forking hands down.
"""

from __future__ import annotations

import importlib
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: No trial takes nearly so long, in seconds: what does hangs.
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    Attributes:
        status: its exit status, or minus the signal that ended it; ``None`` where it hung and was ended.
        value: what the function gave; ``None`` where it did not come to that.
        output: what it wrote to stdout and stderr.
    """

    status: int | None
    value: Any
    output: str

    @property
    def killed(self) -> bool:
        """Whether it died by SIGKILL."""
        return self.status == -signal.SIGKILL

    def result(self) -> Any:
        """What the function gave.

        Raises:
            RuntimeError: it did not end by itself, or with an exception.
        """
        if self.status != 0:
            raise RuntimeError(f"status {self.status}: {self.output}")
        return self.value


#: One process does the work: a kernel that catches its calls for `faults.arm` would end its children at theirs.
_ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "KARANI_WORKERS": "1"}


def prepare() -> None:
    """Import all that trials need, and read what does not depend on the data; nothing is opened or searched."""
    os.environ.update(_ALONE, TOKENIZERS_PARALLELISM="false")
    import faiss  # noqa: F401
    import tantivy  # noqa: F401

    import karani  # noqa: F401
    from corpus.gazetteer import place_names
    from index import background, synonyms
    from index.checking import check  # noqa: F401
    from index.encoders import load_encoder, load_lexicon
    from index.engine import Engine  # noqa: F401
    from index.names import places
    from tests.reliability import queued  # noqa: F401

    lexicon = load_lexicon(load_encoder("builtin"))
    assert lexicon.directions(lexicon.token_rows[:1]).any()
    assert lexicon.signs
    background.table()
    place_names()
    list(synonyms.other_names("รพ.ชลบุรี", ["รพ.", "ชลบุรี"]))
    places()


def run(function: Callable[..., Any], *arguments: Any, fresh: bool = False) -> Ended:
    """Call a module's function in a process of its own and wait for its end."""
    with tempfile.TemporaryDirectory(prefix="karani-run-") as made:
        folder = Path(made)
        if fresh:
            return _fresh(function, arguments, folder)
        pid = os.fork()
        if pid == 0:
            _call(function, arguments, folder)
        return _ended(_wait(pid), folder)


def _call(function: Callable[..., Any], arguments: Sequence[Any], folder: Path) -> None:
    """In the child: nothing of the parent is left to run after it."""
    status = 1
    try:
        sink = os.open(folder / "output", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        value = function(*arguments)
        (folder / "value").write_bytes(pickle.dumps(value))
        status = 0
    except BaseException:  # noqa: BLE001 - told to the parent
        os.write(2, traceback.format_exc().encode())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _fresh(function: Callable[..., Any], arguments: Sequence[Any], folder: Path) -> Ended:
    call = (function.__module__, function.__qualname__, arguments)
    (folder / "call").write_bytes(pickle.dumps(call))
    with (folder / "output").open("wb") as sink:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.processes", str(folder)],
            stdout=sink,
            stderr=sink,
            cwd=ROOT,
        )
        try:
            status: int | None = started.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
            status = None
    return _ended(status, folder)


def _wait(pid: int) -> int | None:
    watched = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([watched], [], [], PATIENCE)
    finally:
        os.close(watched)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if ready else None


def _ended(status: int | None, folder: Path) -> Ended:
    value = folder / "value"
    output = folder / "output"
    return Ended(
        status,
        pickle.loads(value.read_bytes()) if status == 0 and value.exists() else None,  # noqa: S301 - our own
        output.read_text(errors="replace") if output.exists() else "",
    )


def together(
    function: Callable[..., Any], calls: Iterable[Sequence[Any]], jobs: int
) -> Iterator[tuple[Sequence[Any], Ended]]:
    """Call a function for each of several arguments, ``jobs`` forked processes at a time, as they end."""
    left = iter(calls)
    running: dict[int, tuple[int, Path, float, Sequence[Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="karani-trials-") as made:
        try:
            while True:
                while len(running) < jobs and (arguments := next(left, None)) is not None:
                    folder = Path(tempfile.mkdtemp(dir=made))
                    pid = os.fork()
                    if pid == 0:
                        _call(function, arguments, folder)
                    running[os.pidfd_open(pid)] = (pid, folder, time.monotonic(), arguments)
                if not running:
                    return
                yield from _those_ended(running)
        finally:
            for watched, (pid, *_) in running.items():
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(watched)


def _those_ended(
    running: dict[int, tuple[int, Path, float, Sequence[Any]]],
) -> Iterator[tuple[Sequence[Any], Ended]]:
    ready, _, _ = select.select(list(running), [], [], 5.0)
    # A trial runs several processes, each of which has its own patience.
    late = [one for one, (_, _, began, _) in running.items() if time.monotonic() - began > 6 * PATIENCE]
    for watched in {*ready, *late}:
        pid, folder, _, arguments = running.pop(watched)
        if watched not in ready:
            os.kill(pid, signal.SIGKILL)
        os.close(watched)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        yield arguments, _ended(status if watched in ready else None, folder)


def _main() -> None:
    folder = Path(sys.argv[1])
    module, name, arguments = pickle.loads((folder / "call").read_bytes())  # noqa: S301 - our own
    os.environ.update(_ALONE)
    value = getattr(importlib.import_module(module), name)(*arguments)
    (folder / "value").write_bytes(pickle.dumps(value))


if __name__ == "__main__":
    _main()
