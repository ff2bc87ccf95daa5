"""Security headers, HEAD, languages' cookie, static files."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

PATHS = [
    "/",
    "/?q=MOU",
    "/documents",
    "/cases",
    "/v1/search?q=MOU",
    "/v1/search",
    "/nowhere",
    "/docs",
    "/livez",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_locked_down(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not re.search(r"https?:|\*", headers["content-security-policy"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/", "/documents", "/v1/documents", "/livez", "/static/karani.css"])
def test_head_is_get_without_a_body(client: TestClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("path", ["/", "/?q=MOU", "/documents/banbueng?page=1", "/docs"])
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: TestClient, path: str) -> None:
    page = client.get(path).text
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_static_files_are_kept_by_their_version(client: TestClient) -> None:
    page = client.get("/").text
    for address in re.findall(r'"(/static/[^"]+)"', page):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in client.get("/static/karani.css").headers["cache-control"]
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/%2e%2e/app.py").status_code == 404


def test_swagger_ui_is_served_from_here(client: TestClient) -> None:
    assert len(client.get("/docs/swagger-ui-bundle.js").content) > 100_000
    assert client.get("/docs/swagger-ui.css").headers["content-type"].startswith("text/css")
