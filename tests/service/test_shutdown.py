"""SIGTERM to a real process: it says so, refuses what is new, finishes what runs."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from corpus.settings import Settings
from tests.service.conftest import fetch
from tests.service.process import Served, process


def slow(folder: Path, seconds: float, shutdown_seconds: int) -> object:
    command = ["-m", "tests.service.slow_app", str(seconds), str(shutdown_seconds)]
    return process(folder, folder, command)


def begin(served: Served, path: str, method: str, results: list[tuple[int, bytes]]) -> threading.Thread:
    """A request under way."""

    def ask() -> None:
        try:
            results.append(fetch(f"{served.address}{path}", method))
        except (OSError, http.client.HTTPException) as error:
            results.append((0, str(error).encode()))

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)
    return thread


def test_running_requests_and_streams_finish_and_new_ones_are_refused(tmp_path: Path) -> None:
    results: list[tuple[int, bytes]] = []
    with slow(tmp_path, 2.5, 20) as served:  # type: ignore[attr-defined]
        assert fetch(f"{served.address}/readyz")[0] == 200
        threads = [
            begin(served, "/v1/search?q=a", "GET", results),
            begin(served, "/v1/stream", "POST", results),
        ]
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        status, body = fetch(f"{served.address}/readyz")
        assert status == 503
        assert json.loads(body)["type"] == "urn:karani:problem:stopping"
        assert fetch(f"{served.address}/livez")[0] == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{served.address}/v1/search?q=b", timeout=10)  # noqa: S310
        with refused.value:
            assert refused.value.code == 503
            assert refused.value.headers["retry-after"]
            assert refused.value.headers["connection"] == "close"
        for thread in threads:
            thread.join(30)
        served.process.wait(30)
        with pytest.raises(OSError, match="refused"):
            fetch(f"{served.address}/livez")
        lines = served.requests()
    assert sorted(status for status, _ in results) == [200, 200]
    assert any(body.endswith(b"data: 9\n\n") for _, body in results)
    assert {line["route"] for line in lines if line["status"] == 200} >= {"/v1/search", "/v1/stream"}


def test_what_runs_too_long_is_given_up(tmp_path: Path) -> None:
    results: list[tuple[int, bytes]] = []
    with slow(tmp_path, 60, 1) as served:  # type: ignore[attr-defined]
        thread = begin(served, "/v1/stream", "POST", results)
        started = time.monotonic()
        served.stop()
        assert time.monotonic() - started < 20
        thread.join(30)
        assert any("graceful shutdown exceeded" in line["message"] for line in served.lines())


def test_the_real_service_ends_by_the_signal_and_keeps_its_keys_use(
    demo_settings: Settings, tmp_path: Path
) -> None:
    from service.database import Database
    from service.edge.keys import Keys

    data = demo_settings.data.parent
    database = Database(data / "service.sqlite")
    key, text = Keys(database).create("portal")
    with process(tmp_path, data, require_key="1", drain_seconds="0") as served:
        request = urllib.request.Request(  # noqa: S310
            f"{served.address}/v1/search?q=MOU", headers={"Authorization": f"Bearer {text}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            assert answer.status == 200
        assert served.stop() == -signal.SIGTERM
    assert next(one for one in Keys(database).all() if one.key_id == key.key_id).last_used is not None
    database.close()
