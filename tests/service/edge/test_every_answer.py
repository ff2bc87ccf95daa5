"""Every answer of every address, whatever its kind, carries the security headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import Route

from corpus.settings import Settings
from index.engine import Engine
from service.app import create_app
from service.edge.headers import SECURITY_HEADERS
from service.edge.keys import Keys
from service.settings import ServiceSettings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def served(pdf_settings: Settings) -> Iterator[tuple[FastAPI, TestClient]]:
    engine = Engine.open(pdf_settings)
    app = create_app(ServiceSettings(reload_seconds=60, max_body_bytes=4096), engine)

    @app.get("/v1/crash")
    async def crash() -> None:
        raise RuntimeError("no")

    @app.get("/crash")
    async def crash_page() -> None:
        raise RuntimeError("no")

    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield app, client
    engine.close()


def check(answer: Any, what: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        if name != "X-Frame-Options" or what.split()[1].partition("?")[0] != "/embed":
            assert answer.headers.get(name) == value, f"{what}: {name}"
        assert len(answer.headers.get_list(name)) <= 1, f"{what}: {name} twice"
    policy = answer.headers.get("Content-Security-Policy", "")
    assert policy.startswith("default-src 'none'"), what
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0], what
    assert "unsafe-eval" not in policy, what
    assert answer.headers["X-Request-ID"], what


def addresses(app: FastAPI, store: Any) -> list[str]:
    """Every route's address with things that are there, and with things that are not."""
    document = store.all_titles()[0][0]
    page = store.document(document).pages[0]
    [passage, *_] = store.page_passages(document, page)
    there = {
        "document_id": document, "number": str(page), "passage_id": passage.passage_id, "case_id": "none", "page": str(page)
    }  # fmt: skip
    found = [
        "/",
        "/?q=ขยะ",
        f"/documents/{document}?page={page}",
        "/static/karani.css",
        "/static/none",
        "/none",
        "/v1/none",
        "//",
    ]
    for route in app.routes:
        if isinstance(route, APIRoute | Route):
            for values in (there, {}):
                path = route.path
                for name in route.param_convertors:
                    path = path.replace(f"{{{name}}}", values.get(name, "0")).replace(f"{{{name}:path}}", "x")
                found.append(path)
    return sorted(set(found))


def test_every_route_and_method(served: tuple[FastAPI, TestClient]) -> None:
    app, client = served
    statuses = set()
    for path in addresses(app, app.state.serving.engine.store):
        for method in METHODS:
            for headers in ({}, HTML):
                answer = client.request(method, path, headers=headers)
                check(answer, f"{method} {path} {answer.status_code}")
                statuses.add(answer.status_code)
    assert statuses >= {200, 400, 403, 404, 405, 500}, statuses


def test_answers_that_come_about_otherwise(served: tuple[FastAPI, TestClient]) -> None:
    _, client = served
    large = {"Content-Type": "application/json", "Content-Length": "9000000"}
    for what, answer in {
        "413 /v1/search": client.post("/v1/search", content=b"{" * 9000),
        "413 /v1/search declared": client.post("/v1/search", content=b"{}", headers=large),
        "414 /v1/search": client.get("/v1/search?q=" + "a" * 50_000),
        "431 /v1/search": client.get("/v1/search", headers={"X-A": "a" * 40_000}),
        "401 /v1/search": client.get("/v1/search?q=a", headers={"Authorization": "Bearer krn_x_y"}),
        "preflight /v1/search": client.options(
            "/v1/search", headers={"Origin": "https://a.b", "Access-Control-Request-Method": "GET"}
        ),
        "stream /v1/answer": client.post(
            "/v1/answer", json={"q": "ขยะ"}, headers={"Accept": "text/event-stream"}
        ),
        "mcp /mcp": client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}),
        "500 /crash": client.get("/crash", headers=HTML),
    }.items():
        check(answer, what)
    tag = client.get("/static/karani.css").headers["etag"]
    unchanged = client.get("/static/karani.css", headers={"If-None-Match": tag})
    assert unchanged.status_code == 304
    check(unchanged, "304 /static/karani.css")


def test_refusals_of_keys_hosts_rates_and_a_stop(demo_engine: Engine) -> None:
    settings = ServiceSettings(require_key=True, hosts=("a.b",), rate_read="1/minute", reload_seconds=60)
    app = create_app(settings, demo_engine)
    with TestClient(app, base_url="http://a.b") as client:
        keys: Keys = app.state.keys
        _, key = keys.create("portal")
        seen = {}
        for path, headers in (
            ("/v1/documents", {}), ("/v1/documents", {"X-API-Key": key}), ("/v1/documents", {"X-API-Key": key}),
            ("/v1/jobs/x", {"X-API-Key": key}), ("/", {"Host": "evil"}),
        ):  # fmt: skip
            answer = client.get(path, headers=headers)
            check(answer, f"GET {path} {answer.status_code}")
            seen[answer.status_code] = True
        app.state.lifecycle.stopping = True
        stopping = client.get("/", headers=HTML)
        check(stopping, "GET / 503")
        assert {*seen, stopping.status_code} >= {401, 200, 429, 503}
