"""Rate limits: what is counted, who is counted together, what the headers say."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from index.engine import Engine
from service.app import create_app
from service.edge.rates import RateLimits, address_of, policy_for
from service.settings import ServiceSettings
from tests.service.conftest import running
from tests.service.edge.keyed import PORTAL, Keyed, keyed, kind

_LIMIT = re.compile(r'"(?P<name>[a-z0-9-]+)";r=(?P<r>\d+);t=(?P<t>\d+)')


@contextmanager
def limited(engine: Engine, **rates: str) -> Iterator[Keyed]:
    with keyed(engine, **rates) as served:
        yield served


def test_the_last_allowed_call_and_the_one_too_many(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_search="3/minute") as served:
        for left in (2, 1, 0):
            answer = served.get()
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"search";q=3;w=60'
            told = _LIMIT.fullmatch(answer.headers["ratelimit"])
            assert told is not None
            assert told["name"] == "search"
            assert int(told["r"]) == left
            assert 0 < int(told["t"]) <= 60
        answer = served.get()
        assert answer.status_code == 429
        assert kind(answer) == "rate-limited"
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert _LIMIT.fullmatch(answer.headers["ratelimit"])["r"] == "0"  # type: ignore[index]
        assert answer.headers["retry-after"] in answer.json()["detail"]
        assert answer.json()["request_id"]


def test_each_policy_has_a_quota_of_its_own(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_search="1/minute", rate_suggest="2/minute") as served:
        assert served.get().status_code == 200
        assert served.get().status_code == 429
        assert served.get("/v1/suggest?q=a").status_code == 200
        assert served.get("/suggest?q=a").status_code == 200
        assert served.get("/suggest?q=a").status_code == 429
        assert served.get("/v1/documents").status_code == 200


def test_result_pages_count_as_searches_and_are_refused_as_pages(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_search="1/minute") as served:
        assert served.get("/?q=MOU", Accept="text/html").status_code == 200
        answer = served.get("/?q=MOU", Accept="text/html")
        assert answer.status_code == 429
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["retry-after"]
        assert served.get("/").status_code == 200


def test_each_key_has_its_own_count(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_search="1/minute") as served:
        for key in (None, served.search, served.write):
            assert served.get(key=key).status_code == 200
            assert served.get(key=key).status_code == 429
        assert served.get(key=served.widget, Origin=PORTAL).status_code == 200


def test_guesses_are_counted(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_read="3/minute") as served:
        statuses = [served.get(key=f"krn_00000000_{n}").status_code for n in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert served.get(key=served.search).status_code == 200


def test_what_watches_the_process_is_never_limited(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_read="1/minute") as served:
        for path in ("/livez", "/readyz", "/metrics", "/static/karani.css", "/openapi.json"):
            answers = [served.get(path) for _ in range(3)]
            assert {answer.status_code for answer in answers} == {200}
            assert "ratelimit" not in answers[0].headers


def test_off_ends_a_limit(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_search="off") as served:
        answer = served.get()
        assert "ratelimit" not in answer.headers


def test_several_windows(demo_engine: Engine) -> None:
    with limited(demo_engine, rate_search="2/second;100/minute") as served:
        answer = served.get()
        assert answer.headers["ratelimit-policy"] == '"search-1s";q=2;w=1, "search-60s";q=100;w=60'
        assert [match["name"] for match in _LIMIT.finditer(answer.headers["ratelimit"])] == [
            "search-1s",
            "search-60s",
        ]


def test_the_quota_comes_back() -> None:
    rates = RateLimits(ServiceSettings(rate_search="2/second"))
    assert [bool(rates.count("search", "a").wait_seconds) for _ in range(3)] == [False, False, True]
    time.sleep(1.05)
    assert not rates.count("search", "a").wait_seconds


@pytest.mark.parametrize(
    ("method", "path", "query", "policy"),
    [
        ("GET", "/v1/search", b"q=a", "search"),
        ("POST", "/v1/answer", b"", "answer"),
        ("POST", "/v1/feedback", b"", "write"),
        ("POST", "/feedback", b"", "write"),
        ("DELETE", "/v1/documents/a", b"", "write"),
        ("GET", "/", b"", "read"),
        ("GET", "/", b"lang=en&q=a", "search"),
        ("GET", "/embed", b"q=a", "search"),
        ("GET", "/v1/documents", b"q=a", "read"),
        ("GET", "/nowhere", b"", "read"),
        ("GET", "/docs/swagger-ui.css", b"", None),
    ],
)
def test_which_limit_counts(method: str, path: str, query: bytes, policy: str | None) -> None:
    assert policy_for(method, path, query) == policy


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "local"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_who_is_counted_together(client: str | None, counted: str) -> None:
    assert address_of(client) == counted


@pytest.mark.parametrize("rate", ["", "fast", "10", "-1/minute", "10/fortnight"])
def test_a_rate_that_cannot_be_read_stops_the_start(rate: str) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings(rate_search=rate)


def ask(address: str, **headers: str) -> int:
    request = urllib.request.Request(f"{address}/v1/search?q=MOU", headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _statuses(engine: Engine, forwarded: list[str], **settings: Any) -> list[int]:
    made = ServiceSettings(reload_seconds=60, rate_search="1/minute", **settings)
    with running(create_app(made, engine), made) as address:
        return [ask(address, **{"X-Forwarded-For": one}) for one in forwarded]


def test_nobody_s_word_is_taken_for_an_address(demo_engine: Engine) -> None:
    assert _statuses(demo_engine, ["198.51.100.1", "198.51.100.2"]) == [200, 429]


def test_a_trusted_proxy_s_word_is(demo_engine: Engine) -> None:
    given = ["198.51.100.1", "198.51.100.2", "198.51.100.1", "203.0.113.9, 198.51.100.2"]
    assert _statuses(demo_engine, given, trusted_proxies="127.0.0.0/8") == [200, 200, 429, 429]
