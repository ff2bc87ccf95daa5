"""``/mcp`` as raw HTTP: who may call it, and what it answers to whoever speaks no protocol."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.process import ROOT

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "list_cases", "arguments": {"limit": 1}},
}
HEADERS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}


@pytest.fixture(scope="module")
def public(demo_engine: Engine) -> Iterator[TestClient]:
    settings = ServiceSettings(reload_seconds=60, public_url="https://cases.example.go.th")
    with TestClient(create_app(settings, demo_engine), base_url="http://cases.example.go.th") as client:
        yield client


def post(client: TestClient, **headers: str) -> Any:
    return client.post("/mcp", json=CALL, headers={**HEADERS, **headers})


def test_each_request_stands_alone_and_is_answered_as_json(public: TestClient) -> None:
    answered = post(public)
    assert answered.status_code == 200
    assert answered.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in answered.headers
    case = answered.json()["result"]["structuredContent"]["cases"][0]
    assert case["url"].startswith("https://cases.example.go.th/cases/")


def test_the_library_is_loaded_by_the_first_request_alone() -> None:
    code = (
        "import sys, service.app; print(sorted({'mcp', 'scipy', 'trafilatura', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_requests_that_come_at_once_are_all_answered_by_one_start(demo_engine: Engine) -> None:
    with TestClient(create_app(ServiceSettings(reload_seconds=60), demo_engine)) as client:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: post(client), range(8)))
        assert [answer.status_code for answer in answers] == [200] * 8


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_are_no_sessions_to_listen_to_or_to_end(public: TestClient, method: str) -> None:
    answered = public.request(method, "/mcp", headers={"accept": "text/event-stream"})
    assert answered.status_code == 405
    assert answered.headers["allow"] == "POST"


def test_a_page_that_made_its_name_resolve_here_is_refused(public: TestClient) -> None:
    evil = {"origin": "http://evil.example", "host": "evil.example"}
    refusal = post(public, **evil)
    assert refusal.status_code == 403
    assert refusal.json()["type"] == "urn:karani:problem:origin-not-allowed"
    assert "KARANI_PUBLIC_URL" in refusal.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://cases.example.go.th"},
        {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"},
        {"origin": "http://localhost:8000", "host": "localhost:8000"},
        {"origin": "http://[::1]:8000", "host": "[::1]:8000"},
    ],
)
def test_programs_and_the_services_own_pages_may_call(public: TestClient, headers: dict[str, str]) -> None:
    assert post(public, **headers).status_code == 200


def test_pages_of_other_sites_and_other_ports_may_not(public: TestClient) -> None:
    for origin in ("https://other.example", "http://127.0.0.1:9999", "null", "http://[", "file://"):
        assert post(public, origin=origin, host="127.0.0.1:8000").status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"\\ud800"', b"\xff\xfe", b'{"jsonrpc": "2.0"}', b"null"]
)
def test_what_is_no_message_is_refused_without_a_crash(public: TestClient, body: bytes) -> None:
    answered = public.post("/mcp", content=body, headers={**HEADERS, "content-type": "application/json"})
    assert 400 <= answered.status_code < 500


def test_half_a_surrogate_pair_is_told_as_a_fault(public: TestClient) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"\\ud800"}}}'
    answered = public.post("/mcp", content=body, headers={**HEADERS, "content-type": "application/json"})
    assert answered.status_code < 500
    assert answered.status_code >= 400 or answered.json().get("error") or answered.json()["result"]["isError"]


def test_a_body_over_the_limit_is_refused(public: TestClient) -> None:
    content = b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * 70_000 + b'"}'
    answered = public.post("/mcp", content=content, headers={**HEADERS, "content-type": "application/json"})
    assert answered.status_code == 413


def test_a_setting_takes_it_away(demo_engine: Engine) -> None:
    with TestClient(create_app(ServiceSettings(reload_seconds=60, mcp=False), demo_engine)) as client:
        assert post(client).status_code == 404
