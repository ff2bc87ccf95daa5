"""Two real workers: together they keep one limit and one count, and each may go without the other."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import ServiceSettings
from tests.service.conftest import fetch
from tests.service.process import ROOT, Served
from tests.service.workers.serving import SEARCH, count_up, metric, slow, under_load, until, workers


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("workers")
    with slow(folder, 0.02, rate_suggest="20/hour", rate_search="off") as served:
        until(lambda: len(workers(served)) == 2)
        yield served


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_limit_is_one_for_all_and_both_answer(served: Served) -> None:
    statuses = Counter(fetch(f"{served.address}/v1/suggest?q=a&nothing={n}")[0] for n in range(30))
    assert statuses == {422: 20, 429: 10}
    with under_load(served, callers=4):
        time.sleep(0.5)
    answered = {line["pid"] for line in served.lines() if line.get("route") == "/v1/search"}
    assert answered == set(workers(served).values())


def test_connections_are_shared_out_evenly(served: Served) -> None:
    host, port = served.address.removeprefix("http://").split(":")
    kept = [http.client.HTTPConnection(host, int(port), timeout=20) for _ in range(8)]
    for one in kept:
        one.connect()
    for one in kept:
        one.request("GET", "/livez", headers={"X-Request-ID": "shared-out"})
        one.getresponse().read()
    until(lambda: sum(line.get("request_id") == "shared-out" for line in served.lines()) == 8)
    by_worker = Counter(line["pid"] for line in served.lines() if line.get("request_id") == "shared-out")
    assert len(by_worker) == 2
    assert min(by_worker.values()) >= 3
    for one in kept:
        one.close()


def test_counts_add_up_whoever_shows_them(served: Served) -> None:
    before = metric(served, "karani_search_seconds_count")
    with under_load(served) as load:
        time.sleep(0.5)
    asked = load.statuses.total()
    assert set(load.statuses) == {200}
    pages = {metric(served, "karani_search_seconds_count") - before for _ in range(6)}
    assert pages == {asked}
    assert metric(served, "karani_workers") == 2
    assert metric(served, "process_resident_memory_bytes") > 2e7


def test_a_worker_that_is_killed_loses_its_own_requests_alone_and_another_takes_its_place(
    served: Served,
) -> None:
    before, up = metric(served, "karani_search_seconds_count"), count_up(served)
    pid = workers(served)[1]
    with under_load(served, callers=4) as load:
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        until(lambda: count_up(served) == up + 1)
        time.sleep(0.3)
    assert load.statuses.pop(0, 0) <= 4
    assert set(load.statuses) == {200}
    assert workers(served)[1] != pid
    # What it had counted stays; what it was at when it died nobody counted.
    assert metric(served, "karani_search_seconds_count") - before >= load.statuses[200]
    assert any(line["level"] == "error" and "status -9" in line["message"] for line in served.lines())


def test_workers_are_replaced_under_load_without_a_lost_request(served: Served) -> None:
    before, up = workers(served), count_up(served)
    with under_load(served) as load:
        served.process.send_signal(signal.SIGHUP)
        until(lambda: count_up(served) == up + 2)
        os.kill(workers(served)[0], signal.SIGTERM)
        until(lambda: count_up(served) == up + 3)
    assert set(load.statuses) == {200}
    assert not set(before.values()) & set(workers(served).values())


def test_sigterm_answers_what_was_taken_refuses_what_is_new_and_leaves_nobody(served: Served) -> None:
    pids = workers(served)
    connection = http.client.HTTPConnection(served.address.removeprefix("http://"), timeout=20)
    with under_load(served) as load:
        time.sleep(0.3)
        served.process.send_signal(signal.SIGTERM)
        until(lambda: load.statuses[503] > 0)
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 503
        load.stop.set()
    assert set(load.statuses) == {200, 503}
    assert served.process.wait(60) == -signal.SIGTERM
    assert not any(map(exists, pids.values()))
    with pytest.raises(OSError, match="refused"):
        fetch(f"{served.address}/livez")


def test_workers_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    results: list[int] = []
    with slow(tmp_path, 2) as served:
        until(lambda: len(workers(served)) == 2)
        pids = workers(served).values()
        thread = threading.Thread(target=lambda: results.append(fetch(f"{served.address}{SEARCH}")[0]))
        thread.start()
        time.sleep(0.5)
        served.process.kill()
        thread.join(60)
        until(lambda: not any(map(exists, pids)))
    assert results == [200], "what ran was answered"


def test_what_cannot_listen_ends_at_once_and_says_why() -> None:
    program = (
        "from service.settings import ServiceSettings; from service.workers.supervisor import supervise; "
        "supervise(ServiceSettings(), ['never'], {})"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = ServiceSettings(port=taken.getsockname()[1], serve_workers=2).as_environment()
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "cannot listen on 127.0.0.1" in done.stderr
