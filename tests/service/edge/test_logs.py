"""The log: one JSON line a request, and never a word of what was asked unless that is switched on."""

from __future__ import annotations

import json
import logging
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from corpus.settings import Settings
from index.engine import Engine
from service.app import create_app
from service.edge.keys import Keys
from service.edge.logs import JsonLines, TextLines
from service.settings import ServiceSettings
from tests.service.conftest import fetch, running
from tests.service.process import Served, process

ASKED = "ปลาหมึกยักษ์สีม่วง"
TRACES = [ASKED, quote(ASKED), json.dumps(ASKED)[1:-1], ASKED.encode("unicode_escape").decode()]


def post(address: str, path: str, body: bytes, kind: str = "application/json") -> int:
    request = urllib.request.Request(f"{address}{path}", body, {"Content-Type": kind})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.fixture(scope="module")
def served(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with process(tmp_path_factory.mktemp("log"), demo_settings.data.parent, log_level="debug") as served:
        yield served


def _tool_call() -> dict[str, Any]:
    arguments = {"question": ASKED}
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": arguments},
    }


def ask_everywhere(address: str) -> list[int]:
    """The question in every place where one can stand, faulty ones too."""
    question = quote(ASKED)
    body = json.dumps({"q": ASKED}).encode()
    return [
        fetch(f"{address}/v1/search?q={question}")[0],
        fetch(f"{address}/?q={question}")[0],
        fetch(f"{address}/v1/suggest?q={question}")[0],
        fetch(f"{address}/suggest?q={question}")[0],
        fetch(f"{address}/v1/search?q={question}&{question}=1")[0],
        fetch(f"{address}/v1/search?q=a&k={question}")[0],
        fetch(f"{address}/v1/cases/{question}")[0],
        fetch(f"{address}/{question}?q={question}")[0],
        fetch(f"{address}/static/{question}")[0],
        fetch(f"{address}/v1/search?q={question}", "DELETE")[0],
        post(address, "/v1/search", body),
        post(address, "/v1/search", body[:-1]),
        post(address, "/v1/search", ASKED.encode("cp874")),
        post(address, "/v1/search", body, "text/plain"),
        post(address, f"/{question}", body),
        post(address, "/v1/answer", body),
        post(
            address, "/v1/feedback", json.dumps({"query": ASKED, "relevant": True, "comment": ASKED}).encode()
        ),
        post(
            address,
            "/feedback",
            f"q={question}&comment={question}".encode(),
            "application/x-www-form-urlencoded",
        ),
        post(address, "/mcp", json.dumps(_tool_call()).encode()),
        fetch(f"{address}/embed?q={question}")[0],
        fetch(f"{address}/documents?find={question}")[0],
        fetch(f"{address}/cases?find={question}")[0],
    ]


def test_nothing_that_was_asked_is_in_the_log(served: Served) -> None:
    statuses = ask_everywhere(served.address)
    assert {200, 404, 405, 422} <= set(statuses)
    assert len(served.requests()) >= len(statuses)
    text = served.log.read_text(encoding="utf-8")
    for trace in TRACES:
        assert trace not in text


def test_a_line_holds_what_one_looks_for(served: Served) -> None:
    given = "find-me-in-the-log"
    request = urllib.request.Request(  # noqa: S310
        f"{served.address}/v1/search?q=MOU&k=2", headers={"X-Request-ID": given}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        body = answer.read()
    line = next(line for line in served.requests() if line["request_id"] == given)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    told = {name: line[name] for name in ("level", "method", "route", "status", "bytes", "hits")}
    assert told == {
        "level": "info", "method": "GET", "route": "/v1/search", "status": 200, "bytes": len(body), "hits": 2,
    }  # fmt: skip
    assert 0 < line["search_ms"] <= line["duration_ms"]
    assert line["generation"] == json.loads(body)["generation"]
    assert isinstance(line["answered"], bool)
    assert re.fullmatch(r"[0-9a-f]{12}", line["client"])


def test_routes_not_addresses(served: Served) -> None:
    fetch(f"{served.address}/v1/documents/banbueng/pages/1")
    fetch(f"{served.address}/somewhere/else")
    routes = {line["route"] for line in served.requests()}
    assert "/v1/documents/{document_id}/pages/{number}" in routes
    assert "(other)" in routes
    assert not any("banbueng" in route for route in routes)


def test_switched_on_it_tells_the_question(demo_settings: Settings, tmp_path: Path) -> None:
    with process(tmp_path, demo_settings.data.parent, log_questions="1", log_clients="off") as served:
        post(served.address, "/v1/search", json.dumps({"q": ASKED}).encode())
        fetch(f"{served.address}/{quote(ASKED)}")
        asked, wrong = served.requests()[-2:]
    assert asked["question"] == ASKED
    assert wrong["path"] == f"/{ASKED}"
    assert "client" not in asked


def test_the_key_s_id_and_the_refusal(demo_engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    from fastapi.testclient import TestClient

    app = create_app(ServiceSettings(reload_seconds=60, require_key=True), demo_engine)
    keys: Keys = app.state.keys
    key, text = keys.create("portal")
    caplog.set_level(logging.INFO, "karani.access")
    with TestClient(app) as client:
        client.get("/v1/search?q=MOU", headers={"X-API-Key": text})
        client.get("/v1/search?q=MOU")
    allowed, refused = (record.request for record in caplog.records if record.name == "karani.access")  # type: ignore[attr-defined]
    assert allowed["key_id"] == key.key_id
    assert (refused["refused"], refused["status"], refused["route"]) == ("key-required", 401, "/v1/search")
    assert text not in caplog.text


class Faulty:
    """Stands where an engine does, and breaks with the question in its mouth."""

    generation = "g"
    fault = ""

    def reload(self, **_: Any) -> bool:
        return False

    def search(self, query: str, **_: Any) -> None:
        try:
            raise KeyError(query)
        except KeyError as error:
            raise ValueError(f"no such word: {query}") from error


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_error_s_own_words_stay_out(capsys: pytest.CaptureFixture[str], form: str) -> None:
    engine: Any = Faulty()
    settings = ServiceSettings(reload_seconds=60, log_format=form)  # type: ignore[arg-type]
    with running(create_app(settings, engine), settings) as address:
        status, body = fetch(f"{address}/v1/search?q={quote(ASKED)}")
    text = capsys.readouterr().err
    assert status == 500
    assert ASKED not in text
    assert ASKED.encode() not in body
    assert "ValueError" in text
    assert "service/questions.py:" in text  # where, if not what
    if form == "json":
        line = next(json.loads(line) for line in text.splitlines() if "ASGI application" in line)
        assert line["error"]["cause"] == "KeyError"
        assert line["request_id"] == json.loads(body)["request_id"]


def test_switched_on_it_tells_an_error_s_words(capsys: pytest.CaptureFixture[str]) -> None:
    engine: Any = Faulty()
    settings = ServiceSettings(reload_seconds=60, log_format="json", log_questions=True)
    with running(create_app(settings, engine), settings) as address:
        fetch(f"{address}/v1/search?q={quote(ASKED)}")
    assert ASKED in capsys.readouterr().err


def record(name: str, message: str, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, "", 0, message, (), info)


def test_karani_s_own_faults_are_told_in_full() -> None:
    told = json.loads(JsonLines().format(record("karani.service", "no index", ValueError("damaged file x"))))
    assert told["error"]["words"] == "damaged file x"
    assert "damaged file x" in TextLines().format(
        record("karani.service", "no index", ValueError("damaged file x"))
    )


def test_a_lost_task_s_exception_is_not_spelled_out() -> None:
    message = f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{ASKED}')>"
    line = JsonLines().format(record("asyncio", message, ValueError(ASKED)))
    assert ASKED not in line
    assert "never retrieved" in line


def test_a_line_is_one_line() -> None:
    line = JsonLines().format(record("karani.service", 'two\nlines "quoted" \u2028'))
    assert line.count("\n") == 0
    assert json.loads(line)["message"] == 'two\nlines "quoted" \u2028'


def test_text_for_a_terminal() -> None:
    shown = record("karani.access", "request")
    shown.request = {
        "request_id": "abc", "method": "GET", "route": "/v1/search", "status": 200, "duration_ms": 4.1, "bytes": 12,
        "key_id": "k1",
    }  # fmt: skip
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d 200 GET /v1/search 4.1 ms 12 B key_id=k1 request_id=abc", TextLines().format(shown)
    )


def test_without_an_access_log(demo_engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    from fastapi.testclient import TestClient

    caplog.set_level(logging.INFO, "karani.access")
    with TestClient(create_app(ServiceSettings(reload_seconds=60, access_log=False), demo_engine)) as client:
        client.get("/v1/search?q=MOU")
    assert not [one for one in caplog.records if one.name == "karani.access"]
