"""Who may call what: keys, scopes, the pages that stay open, request ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.engine import Engine
from service.edge.access import scope_for
from tests.service.edge.keyed import PORTAL, Keyed, keyed, kind


@pytest.fixture(scope="module")
def closed(demo_engine: Engine) -> Iterator[Keyed]:
    with keyed(demo_engine, require_key=True) as closed:
        yield closed


@pytest.fixture(scope="module")
def opened(demo_engine: Engine) -> Iterator[Keyed]:
    with keyed(demo_engine) as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/search", "search"),
        ("POST", "/v1/search", "search"),
        ("GET", "/v1/suggest", "search"),
        ("POST", "/v1/answer", "search"),
        ("GET", "/v1/documents/a/pages/1", "search"),
        ("POST", "/v1/feedback", "write"),
        ("POST", "/v1/documents", "admin"),
        ("DELETE", "/v1/documents/a", "admin"),
        ("GET", "/v1/jobs/7", "admin"),
        ("POST", "/mcp", "search"),
        ("DELETE", "/mcp", "search"),
        ("GET", "/v1/what-comes-later", "search"),
        *[
            ("GET", path, None)
            for path in ("/", "/cases/a", "/documents", "/provinces", "/suggest", "/embed", "/widget.js", "/v10", "/mcpx")
        ],
        ("POST", "/feedback", None),
    ],
)  # fmt: skip
def test_the_policy(method: str, path: str, scope: str | None) -> None:
    assert scope_for(method, path) == scope


def test_open_by_default(opened: Keyed) -> None:
    assert opened.get().status_code == 200
    assert opened.get("/v1/documents").status_code == 200


def test_closed_when_asked_for(closed: Keyed) -> None:
    for path in ("/v1/search?q=MOU", "/v1/documents", "/v1/suggest?q=a", "/v1/nowhere", "/mcp", "/mcp/"):
        answer = closed.get(path)
        assert answer.status_code == 401
        assert kind(answer) == "key-required"
        assert answer.headers["www-authenticate"] == 'Bearer realm="karani"'
    assert closed.ask("POST", "/v1/search", json={"q": "MOU"}).status_code == 401
    assert closed.ask("HEAD", "/v1/search?q=MOU").status_code == 401


def test_pages_stay_open(closed: Keyed) -> None:
    for path in (
        "/",
        "/?q=MOU",
        "/documents",
        "/cases",
        "/suggest?q=a",
        "/docs",
        "/openapi.json",
        "/livez",
        "/readyz",
    ):
        assert closed.get(path).status_code == 200, path


def test_both_ways_of_showing_a_key(closed: Keyed) -> None:
    assert closed.get(key=closed.search).status_code == 200
    assert closed.get(Authorization=f"Bearer {closed.search}").status_code == 200
    assert closed.get(Authorization=f"bearer  {closed.search} ").status_code == 200
    # A proxy's own password is not ours to judge.
    assert closed.get(key=closed.search, Authorization="Basic dTpw").status_code == 200
    assert kind(closed.get(Authorization="Basic dTpw")) == "key-required"
    assert kind(closed.get(f"/v1/documents?key={closed.search}")) == "key-required"


def test_a_wrong_key_is_refused_even_where_none_is_needed(opened: Keyed) -> None:
    answer = opened.get(key="krn_00000000_wrong")
    assert answer.status_code == 401
    assert kind(answer) == "key-unknown"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "krn_00000000" not in answer.text
    assert kind(opened.get(Authorization="Bearer")) == "key-unknown"
    assert opened.client.get("/v1/search?q=a", headers={b"X-API-Key": b"\xff" * 40}).status_code == 401


def test_a_revoked_key_is_refused(closed: Keyed) -> None:
    key, text = closed.keys.create("short-lived")
    assert closed.get(key=text).status_code == 200
    closed.keys.revoke(key.key_id)
    answer = closed.get(key=text)
    assert answer.status_code == 401
    assert kind(answer) == "key-revoked"


def test_scopes_include_those_below(closed: Keyed) -> None:
    for text in (closed.search, closed.write, closed.admin):
        assert closed.get(key=text).status_code == 200
    answer = closed.ask("POST", "/v1/documents", closed.write)
    assert answer.status_code == 403
    assert kind(answer) == "insufficient-scope"
    assert 'error="insufficient_scope", scope="admin"' in answer.headers["www-authenticate"]
    assert kind(closed.ask("POST", "/v1/feedback", closed.search)) == "insufficient-scope"
    # Through the gate: what answers then is the application.
    assert closed.ask("GET", f"/v1/jobs/{1:016x}", closed.admin).status_code == 404
    assert kind(closed.ask("DELETE", "/v1/documents/a", closed.admin)) == "not-changeable"


def test_the_corpus_is_never_changed_without_a_key(opened: Keyed) -> None:
    for method, path in (("POST", "/v1/documents"), ("DELETE", "/v1/documents/a"), ("GET", "/v1/jobs/1")):
        answer = opened.ask(method, path)
        assert answer.status_code == 401
        assert kind(answer) == "key-required"


def test_a_widget_s_key_searches_and_sends_feedback_from_its_site_only(closed: Keyed) -> None:
    assert closed.get(key=closed.widget, Origin=PORTAL).status_code == 200
    feedback = closed.ask("POST", "/v1/feedback", closed.widget, json={}, Origin=PORTAL)
    assert feedback.status_code not in (401, 403)
    assert kind(closed.ask("POST", "/v1/documents", closed.widget, Origin=PORTAL)) == "insufficient-scope"
    for headers in (
        {},
        {"Origin": "https://other.example"},
        {"Origin": "null"},
        {"Origin": f"{PORTAL}.evil.example"},
    ):
        answer = closed.get(key=closed.widget, **headers)
        assert answer.status_code == 403
        assert kind(answer) == "origin-not-allowed"


def test_karani_s_own_pages_may_use_a_widget_s_key(closed: Keyed) -> None:
    assert closed.get(key=closed.widget, Origin="http://testserver").status_code == 200
    assert closed.get(key=closed.widget, Sec_Fetch_Site="same-origin").status_code == 200
    assert closed.get(key=closed.widget, Sec_Fetch_Site="cross-site").status_code == 403


def test_pages_of_other_sites_send_no_forms(opened: Keyed) -> None:
    answer = opened.ask("POST", "/feedback", Origin="https://evil.example")
    assert answer.status_code == 403
    assert kind(answer) == "cross-site"
    assert opened.ask("POST", "/feedback", Origin="http://testserver").status_code != 403


def test_a_refusal_on_a_page_is_a_page(opened: Keyed) -> None:
    answer = opened.ask("POST", "/", Origin="https://evil.example", Accept="text/html")
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers


def test_request_ids(opened: Keyed) -> None:
    given = "order-2026.11.29:0001"
    assert opened.get(X_Request_ID=given).headers["x-request-id"] == given
    made = {opened.get("/livez").headers["x-request-id"] for _ in range(5)}
    assert len(made) == 5
    for odd in ("short", "a" * 65, "two words and more", '"quoted-quoted"', "<script>alert(1)</script>"):
        assert opened.get("/livez", X_Request_ID=odd).headers["x-request-id"] != odd
    problem = opened.get("/v1/search", X_Request_ID=given)
    assert problem.status_code == 422
    assert problem.json()["request_id"] == given == problem.headers["x-request-id"]
    assert opened.get("/", X_Request_ID=given).headers["x-request-id"] == given


def test_openapi_tells_of_keys_and_refusals(closed: Keyed, opened: Keyed) -> None:
    for served, optional in ((closed, False), (opened, True)):
        document = served.get("/openapi.json").json()
        assert set(document["components"]["securitySchemes"]) == {"bearer", "apiKey"}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if not path.startswith("/v1/"):
                    continue
                assert {"401", "403", "429", "503"} <= set(operation["responses"]), path
                changes = scope_for(method.upper(), path) == "admin"
                assert ({} in operation["security"]) is (optional and not changes), path
                assert list(operation["responses"]["429"]["content"]) == ["application/problem+json"]
