"""What one request may bring and how long its stages may take, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.app import create_app
from service.edge.connections import MAX_HEAD_BYTES
from service.settings import ServiceSettings
from tests.service.conftest import fetch, running
from tests.service.slow_app import SlowEngine

QUICK = {
    "head_seconds": 0.4,
    "body_seconds": 0.4,
    "request_seconds": 0.4,
    "connections": 12,
    "reload_seconds": 60,
}


def made(folder: Path, **settings: Any) -> tuple[FastAPI, ServiceSettings]:
    chosen = ServiceSettings(**{**QUICK, **settings})
    engine: Any = SlowEngine(settings.get("seconds", 0), folder)
    return create_app(chosen, engine), chosen


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app, settings = made(tmp_path_factory.mktemp("slow"))
    with running(app, settings) as served:
        yield served


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def head(answer: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    lines, _, body = answer.partition(b"\r\n\r\n")
    first, *others = lines.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in others)
    return int(first.split()[1]), headers, json.loads(body)


def test_a_head_that_does_not_come_is_not_waited_for(address: str) -> None:
    for begun in (b"", b"GET /v1/sea", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: "):
        with connected(address) as connection:
            connection.sendall(begun)
            assert rest(connection) == b""


def test_a_head_that_trickles_is_given_up(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        stop = threading.Event()

        def trickle() -> None:
            try:
                while not stop.wait(0.05):
                    connection.sendall(b"X-A: b\r\n")
            except OSError:
                return

        thread = threading.Thread(target=trickle)
        thread.start()
        assert rest(connection) == b""
        stop.set()
        thread.join()


def test_a_head_without_end_is_refused(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        sent = 0
        try:
            while sent < 100_000_000:  # the server closes long before, whenever it may have read so far
                sent += connection.send(b"a" * 65536)
        except OSError:
            pass
        assert sent < 100_000_000
    assert fetch(f"{address}/livez")[0] == 200


def test_a_head_just_too_large_is_told_so(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-A: " + b"a" * (MAX_HEAD_BYTES + 1))
        status, headers, problem = head(rest(connection))
    assert (status, problem["type"]) == (431, "urn:karani:problem:headers-too-large")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00"]
)
def test_what_is_no_http_gets_a_problem(address: str, garbage: bytes) -> None:
    with connected(address) as connection:
        connection.sendall(garbage)
        status, headers, problem = head(rest(connection))
    assert (status, problem["type"]) == (400, "urn:karani:problem:unreadable-request")
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_body_that_trickles_is_given_up(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        )
        status, headers, problem = head(rest(connection))
    assert (status, problem["type"]) == (408, "urn:karani:problem:body-too-slow")
    assert headers["connection"] == "close"


def test_the_rest_of_a_body_nobody_reads_is_not_waited_for(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"POST /v1/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n{")
        assert b" 404 " in rest(connection)


def test_an_answer_that_does_not_begin_is_given_up(tmp_path: Path) -> None:
    app, settings = made(tmp_path, seconds=3)
    with running(app, settings) as address:
        status, body = fetch(f"{address}/v1/search?q=a")
    assert status == 503
    assert json.loads(body)["type"] == "urn:karani:problem:timed-out"


def test_connections_beyond_the_limit_are_refused_and_probes_are_not(tmp_path: Path) -> None:
    app, settings = made(tmp_path, head_seconds=20)
    with running(app, settings) as crowded:
        held = [socket.create_connection(("127.0.0.1", int(crowded.rpartition(":")[2]))) for _ in range(12)]
        status, body = fetch(f"{crowded}/v1/search?q=a")
        assert (status, json.loads(body)["type"]) == (503, "urn:karani:problem:busy")
        for path in ("/livez", "/readyz", "/metrics"):
            assert fetch(f"{crowded}{path}")[0] == 200
        for one in held:
            one.close()
        for _ in range(200):
            if fetch(f"{crowded}/v1/search?q=a")[0] == 200:
                break
        else:
            raise AssertionError("it never recovered")


def test_an_idle_connection_makes_room_for_a_new_one(tmp_path: Path) -> None:
    app, settings = made(tmp_path, keep_alive_seconds=60, head_seconds=20)
    with running(app, settings) as crowded:
        idle = []
        for _ in range(12):
            one = socket.create_connection(("127.0.0.1", int(crowded.rpartition(":")[2])), timeout=30)
            one.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b" 200 " in one.recv(65536)
            idle.append(one)
        assert fetch(f"{crowded}/v1/search?q=a")[0] == 200
        for one in idle:
            one.close()


def test_addresses_parameters_and_headers_have_limits(client: TestClient) -> None:
    cases: list[tuple[str, dict[str, str], int, str]] = [
        (f"/v1/search?q={'a' * 60_000}", {}, 414, "address-too-long"),
        (f"/documents/{'a' * 9_000}", {}, 414, "address-too-long"),
        ("/v1/search?" + "&".join(f"p{n}=1" for n in range(300)), {}, 422, "too-many-parameters"),
        ("/v1/search?q=a", {f"X-{n}": "a" for n in range(120)}, 431, "headers-too-large"),
        ("/v1/search?q=a", {"X-A": "a" * 40_000}, 431, "headers-too-large"),
    ]
    for path, headers, status, kind in cases:
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:karani:problem:{kind}"), path[
            :40
        ]
    longest = "ก" * 1000  # the longest question, as a browser sends it
    assert client.get("/v1/search", params={"q": longest}).status_code == 200
