"""A real process with more asked of it than it can do: it refuses early, stays watchable, and loses nothing it took."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.service.conftest import fetch
from tests.service.process import Served, process

SEARCH = "/v1/search?q=a"


def slow(folder: Path, seconds: float, **environment: str) -> object:
    return process(folder, folder, ["-m", "tests.service.slow_app", str(seconds), "30"], **environment)


def ask_many(served: Served, count: int) -> tuple[list[threading.Thread], list[int]]:
    """So many searches at once, and their statuses as they come."""
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(fetch(f"{served.address}{SEARCH}")[0])

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, statuses


def queue_length(served: Served) -> int:
    status, page = fetch(f"{served.address}/metrics")
    assert status == 200
    return round(float(re.search(rb"^karani_queue_length (\S+)", page, re.MULTILINE)[1]))  # type: ignore[index]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_who_watches_is_answered_while_threads_and_line_are_full(tmp_path: Path) -> None:
    with slow(tmp_path, 4, threads="2", queue="4", queue_seconds="60") as served:  # type: ignore[attr-defined]
        threads, statuses = ask_many(served, 30)
        until(lambda: len(statuses) == 24)
        for path in ("/livez", "/readyz", "/metrics", "/static/icon.svg"):
            assert fetch(f"{served.address}{path}")[0] == 200
        # Both threads and the line are still full: nothing of the above waited for a search to end.
        assert queue_length(served) == 6
        assert set(statuses) == {503}
        for thread in threads:
            thread.join(60)
        assert sorted(statuses) == [200] * 6 + [503] * 24


def test_sigterm_answers_all_that_was_taken(tmp_path: Path) -> None:
    with slow(tmp_path, 0.3, threads="2", queue="64", queue_seconds="60") as served:  # type: ignore[attr-defined]
        threads, statuses = ask_many(served, 24)
        until(lambda: queue_length(served) + len(statuses) == 24)
        served.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(60)
        assert statuses == [200] * 24
        assert served.process.wait(30) == -signal.SIGTERM


def test_who_has_gone_while_waiting_costs_no_search(tmp_path: Path) -> None:
    with slow(tmp_path, 1.5, threads="1", queue_seconds="60") as served:  # type: ignore[attr-defined]
        [first], statuses = ask_many(served, 1)
        until(lambda: queue_length(served) == 1)
        host, port = served.address.removeprefix("http://").split(":")
        leaving = [socket.create_connection((host, int(port))) for _ in range(12)]
        for one in leaving:
            one.sendall(f"GET {SEARCH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        until(lambda: queue_length(served) == 13)
        for one in leaving:
            one.close()
        until(lambda: queue_length(served) <= 1)
        first.join(60)
        [last], more = ask_many(served, 1)
        last.join(60)
        assert statuses + more == [200, 200]
        searched = re.search(
            rb"^karani_search_seconds_count (\S+)", fetch(f"{served.address}/metrics")[1], re.MULTILINE
        )
        assert searched is not None
        assert float(searched[1]) == 2
        lines = [line for line in served.requests() if line["route"] == "/v1/search"]
        assert sorted(line["status"] for line in lines) == [200, 200] + [499] * 12
