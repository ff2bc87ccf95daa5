"""Every error is a problem document that names what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.schemas import Problem
from service.settings import ServiceSettings


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    Problem.model_validate(body)
    assert body["status"] == status
    return body


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=%20%09%E2%80%8B", "q"),
        ("q=%00%01", "q"),
        ("q=" + "x" * 1001, "q"),
        ("q=a&k=0", "k"),
        ("q=a&k=51", "k"),
        ("q=a&k=many", "k"),
        ("q=a&system=magic", "system"),
        ("q=a&year_be=abc", "year_be"),
        ("q=a&year_be=99999999999999999999", "year_be"),
        ("q=a&province=", "province"),
        ("q=a&colour=red", "colour"),
        ("q=a&q=b", "q"),
    ],
)
def test_a_faulty_parameter_is_named(client: TestClient, query: str, name: str) -> None:
    body = problem(client.get(f"/v1/search?{query}"), 422)
    assert [(error["in"], error["name"]) for error in body["errors"]] == [("query", name)]
    assert name in body["detail"]


def test_messages_are_thai_and_english(client: TestClient) -> None:
    detail = problem(client.get("/v1/search?q="), 422)["detail"]
    assert "คำถามว่างเปล่า" in detail
    assert "type a question" in detail
    assert "1,000" in problem(client.post("/v1/search", json={"q": "ก" * 10_000}), 422)["detail"]


@pytest.mark.parametrize("path", ["/v1/documents/banbueng", "/v1/documents/banbueng/pages/1", "/v1/cases"])
def test_unknown_parameters_are_refused_everywhere(client: TestClient, path: str) -> None:
    assert problem(client.get(f"{path}?verbose=1"), 422)["errors"][0]["name"] == "verbose"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"q": "a", "colour": 1}', "colour"),
        ('{"k": 3}', "q"),
        ('{"q": 5}', "q"),
        ('{"q": "\\ud800"}', "q"),
        ('{"q": "a", "province": "\\ud800"}', "province"),
        ('{"q": "   "}', "q"),
        ('{"q": ', ""),
        ("[]", ""),
    ],
)
def test_a_faulty_body_is_named(client: TestClient, body: str, place: str) -> None:
    found = problem(
        client.post("/v1/search", content=body, headers={"content-type": "application/json"}), 422
    )
    assert [(error["in"], error["name"]) for error in found["errors"]] == [("body", place)]


def test_bytes_that_are_no_text(client: TestClient) -> None:
    sent = client.post(
        "/v1/search", content=b'{"q": "\xff\xfe"}', headers={"content-type": "application/json"}
    )
    problem(sent, 400)


def test_a_large_body_is_refused_before_it_is_read(client: TestClient) -> None:
    problem(client.post("/v1/search", json={"q": "x" * 70_000}), 413)

    def endless() -> Any:
        for _ in range(20):
            yield b" " * 10_000

    problem(client.post("/v1/search", content=endless(), headers={"content-type": "application/json"}), 413)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nowhere",
        "/v1/documents/absent",
        "/v1/documents/banbueng/pages/999",
        "/v1/cases/x",
        "/v1/passages/x",
    ],
)
def test_what_is_not_there(client: TestClient, path: str) -> None:
    assert problem(client.get(path), 404)["instance"] == path


def test_a_wrong_method_names_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/v1/search")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_nothing_of_the_request_is_echoed(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "a", "system": "secret-value"})
    assert "secret-value" not in answer.text


def test_browsers_get_a_page_programs_a_problem(client: TestClient) -> None:
    page = client.get("/nowhere", headers={"accept": "text/html,*/*"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "ไม่พบสิ่งที่ขอ" in page.text
    problem(client.get("/nowhere"), 404)


def test_a_crash_is_a_problem_without_its_inside(demo_engine: Engine) -> None:
    app = create_app(ServiceSettings(), demo_engine)
    _add_crash(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/v1/crash")
        assert "secret" not in str(problem(answer, 500))
        assert answer.headers["content-security-policy"]
        assert "secret" not in client.get("/crash", headers={"accept": "text/html"}).text


def _add_crash(app: FastAPI) -> None:
    async def crash() -> None:
        raise RuntimeError("secret")

    app.add_api_route("/v1/crash", crash)
    app.add_api_route("/crash", crash)
