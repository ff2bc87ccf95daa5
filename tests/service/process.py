"""``karani serve`` as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.service.conftest import fetch

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """A running service: its address, its process, and the file that takes its log."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """The log's JSON lines so far; one that is just being written is left out."""
        whole, _, _ = self.log.read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line[:1] == "{"]

    def requests(self) -> list[dict[str, Any]]:
        """The lines of all requests answered so far.

        A line is written once its answer is sent: a request that comes after them all tells that they are there.
        """
        last = f"last-{time.monotonic_ns()}"
        if self.process.poll() is None:
            request = urllib.request.Request(f"{self.address}/livez", headers={"X-Request-ID": last})  # noqa: S310
            urllib.request.urlopen(request, timeout=20).close()  # noqa: S310
        deadline = time.monotonic() + 20
        while True:
            found = [line for line in self.lines() if line["logger"] == "karani.access"]
            if self.process.poll() is not None or any(line["request_id"] == last for line in found):
                return [line for line in found if line["request_id"] != last]
            assert time.monotonic() < deadline, "no line of an answered request"
            time.sleep(0.02)

    def stop(self) -> int:
        """SIGTERM, then how it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def process(
    folder: Path, data: Path, command: list[str] | None = None, **environment: str
) -> Iterator[Served]:
    """Serve ``data``; ``command`` replaces ``karani.py serve`` and gets the port as its last argument."""
    port = free_port()
    log = folder / f"log-{port}.txt"
    start = command or [str(ROOT / "karani.py"), "serve", "--data", str(data), "--port"]
    names = {f"KARANI_{name.upper()}": value for name, value in environment.items()}
    with log.open("wb") as sink:
        running = subprocess.Popen(
            [sys.executable, *start, str(port)],
            stderr=sink,
            stdout=sink,
            cwd=ROOT,
            env={**os.environ, **names},
        )
    served = Served(f"http://127.0.0.1:{port}", running, log)
    try:
        _wait(served)
        yield served
    finally:
        if running.poll() is None:
            running.kill()
            running.wait(20)


def _wait(served: Served) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert served.process.poll() is None, served.log.read_text(encoding="utf-8")
        try:
            if fetch(f"{served.address}/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(served.log.read_text(encoding="utf-8"))
