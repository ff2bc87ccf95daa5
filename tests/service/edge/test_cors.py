"""Pages of other sites: preflights, what their scripts may read, and who is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.edge.keyed import PORTAL, Keyed, keyed, kind

LISTED = "https://listed.example"


@pytest.fixture(scope="module")
def served(demo_engine: Engine) -> Iterator[Keyed]:
    with keyed(demo_engine, cors_origins=f"{LISTED}, https://*.city.go.th") as served:
        yield served


def preflight(served: Keyed, origin: str, path: str = "/v1/search", method: str = "POST") -> object:
    headers = {
        "Origin": origin,
        "Access_Control_Request_Method": method,
        "Access_Control_Request_Headers": "content-type,x-api-key",
    }
    return served.ask("OPTIONS", path, **headers)


@pytest.mark.parametrize("origin", [LISTED, "https://a.city.go.th", PORTAL])
@pytest.mark.parametrize("path", ["/v1/search", "/v1/documents/a/pages/1", "/mcp"])
def test_a_preflight_of_a_known_site(served: Keyed, origin: str, path: str) -> None:
    answer = preflight(served, origin, path)
    assert answer.status_code == 204  # type: ignore[attr-defined]
    headers = answer.headers  # type: ignore[attr-defined]
    assert headers["access-control-allow-origin"] == origin
    assert "POST" in headers["access-control-allow-methods"]
    allowed = headers["access-control-allow-headers"].lower()
    for name in ("authorization", "x-api-key", "content-type", "x-request-id", "mcp-session-id"):
        assert name in allowed
    assert int(headers["access-control-max-age"]) >= 600
    assert "Origin" in headers["vary"]
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{LISTED}.evil.example", "https://city.go.th"]
)
def test_a_preflight_of_any_other_site(served: Keyed, origin: str) -> None:
    answer = preflight(served, origin)
    assert answer.status_code == 403  # type: ignore[attr-defined]
    assert "access-control-allow-origin" not in answer.headers  # type: ignore[attr-defined]


def test_what_a_listed_site_s_script_may_read(served: Keyed) -> None:
    headers = served.get(Origin=LISTED).headers
    assert headers["access-control-allow-origin"] == LISTED
    exposed = headers["access-control-expose-headers"]
    assert all(name in exposed for name in ("RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"))


def test_errors_can_be_read_too(served: Keyed) -> None:
    for answer in (
        served.get("/v1/search", Origin=LISTED),
        served.get("/v1/nowhere", Origin=LISTED),
        served.get(key="krn_00000000_wrong", Origin=LISTED),
        served.get("/v1/documents", key=served.widget, Origin=LISTED),
    ):
        assert answer.status_code >= 400
        assert answer.headers["access-control-allow-origin"] == LISTED


def test_an_unlisted_site_is_refused(served: Keyed) -> None:
    for key in (None, served.search, served.admin):
        answer = served.get(key=key, Origin="https://evil.example")
        assert answer.status_code == 403
        assert kind(answer) == "origin-not-allowed"
        assert "access-control-allow-origin" not in answer.headers


def test_a_site_needs_the_key_that_is_bound_to_it(served: Keyed) -> None:
    assert served.get(key=served.widget, Origin=PORTAL).headers["access-control-allow-origin"] == PORTAL
    assert served.get(Origin=PORTAL).status_code == 403


def test_a_withdrawn_key_s_site_is_forgotten(served: Keyed) -> None:
    site = "https://past.example"
    key, text = served.keys.create("past", origins=[site])
    assert served.get(key=text, Origin=site).status_code == 200
    served.keys.revoke(key.key_id)
    deadline = time.monotonic() + 5
    while preflight(served, site).status_code != 403:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_local_files_when_a_key_says_so(served: Keyed) -> None:
    text = served.keys.create("files", origins=["null"])[1]
    answer = served.get(key=text, Origin="null")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "null"


def test_caches_are_told_what_the_answer_depends_on(served: Keyed) -> None:
    assert "Origin" in served.get().headers["vary"]
    assert "Origin" in served.get(Origin=LISTED).headers["vary"]


def test_pages_are_not_shared(served: Keyed) -> None:
    for path in ("/", "/suggest?q=a", "/documents"):
        answer = served.get(path, Origin=LISTED)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


def test_own_pages_need_no_list(served: Keyed) -> None:
    assert served.get(Origin="http://testserver").status_code == 200
    answer = served.get(Origin="https://karani.example", Host="karani.example")
    assert answer.status_code == 200
    assert served.get(Origin="https://karani.example:8443", Host="karani.example").status_code == 403


def test_every_site_when_the_list_says_so(demo_engine: Engine) -> None:
    with keyed(demo_engine, cors_origins="*") as opened:
        answer = opened.get(Origin="https://any.example")
        assert answer.headers["access-control-allow-origin"] == "https://any.example"


def test_options_that_is_no_preflight(served: Keyed) -> None:
    assert served.ask("OPTIONS", "/v1/search").status_code == 405


def test_a_crash_is_answered_like_any_other_error() -> None:
    class Crashing:
        generation = "g"
        fault = ""

        def reload(self, **_: Any) -> bool:
            return False

        def search(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("broken")

    engine: Any = Crashing()
    app = create_app(ServiceSettings(reload_seconds=60, cors_origins=LISTED), engine)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/v1/search?q=MOU", headers={"Origin": LISTED})
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == LISTED
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "application/problem+json"
