"""A service of several workers, each request on a connection of its own, and what its log says of them."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.service.conftest import fetch
from tests.service.process import Served, process

SEARCH = "/v1/search?q=a"


def slow(folder: Path, seconds: float, workers: int = 2, **environment: str) -> Any:
    """Workers whose searches take ``seconds``."""
    command = ["-m", "tests.service.slow_app", str(seconds), "30"]
    return process(folder, folder, command, serve_workers=str(workers), **environment)


def until(true: Callable[[], Any], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def workers(served: Served) -> dict[int, int]:
    """The process of each worker that is up, by its number."""
    told = [re.fullmatch(r"worker (\d+) is up: process (\d+)", line["message"]) for line in served.lines()]
    return {int(match[1]): int(match[2]) for match in told if match}


def count_up(served: Served) -> int:
    return sum(" is up: process " in line["message"] for line in served.lines())


def metric(served: Served, name: str) -> float:
    """The sum of a metric's lines on one worker's page."""
    status, page = fetch(f"{served.address}/metrics")
    assert status == 200
    found = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", page.decode(), re.MULTILINE)
    return sum(map(float, found))


@dataclass
class Load:
    """What callers who ask without a pause were told."""

    statuses: Counter[int] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def under_load(served: Served, path: str = SEARCH, callers: int = 4) -> Iterator[Load]:
    """Callers, each asking again as soon as it is answered; a connection that fails has the status 0.

    Every other one keeps its connection as long as it may.
    """
    load = Load()

    def ask(keeps: bool) -> None:
        connection = http.client.HTTPConnection(served.address.removeprefix("http://"), timeout=60)
        while not load.stop.is_set():
            try:
                connection.request("GET", path, headers={} if keeps else {"Connection": "close"})
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                status = 0
                connection.close()
            load.statuses[status] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(n % 2 == 0,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(60)
