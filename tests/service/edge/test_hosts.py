"""Under which names the service answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from corpus.settings import Settings
from index.engine import Engine
from service.app import create_app
from service.edge.hosts import Hosts, is_loopback, parse
from service.settings import ServiceSettings
from tests.service.process import process


def status_for(client: TestClient, host: str, path: str = "/v1/documents") -> int:
    return client.get(path, headers={"Host": host}).status_code


def test_without_a_list_every_name_is_answered(client: TestClient) -> None:
    assert status_for(client, "rebound.example:8000") == 200


def test_a_list_answers_its_names_addresses_and_this_machine(demo_engine: Engine) -> None:
    settings = ServiceSettings(
        hosts=("cases.example.go.th", "*.city.go.th"),
        public_url="https://public.example.go.th",
        reload_seconds=60,
    )
    with TestClient(create_app(settings, demo_engine)) as client:
        for host in (
            "cases.example.go.th", "CASES.example.go.th:443", "a.city.go.th", "public.example.go.th", "localhost:8000",
            "127.0.0.1:8000", "[::1]:8000", "[::1]", "10.0.0.5",
        ):  # fmt: skip
            assert status_for(client, host) == 200, host
        for host in (
            "evil.example",
            "city.go.th",
            "evilcity.go.th",
            "cases.example.go.th.evil.example",
            "localhost.evil",
            "",
        ):
            answer = client.get("/v1/documents", headers={"Host": host})
            assert answer.status_code == 421, host
            assert answer.json()["type"] == "urn:karani:problem:host-not-allowed"
            assert "KARANI_HOSTS" in answer.json()["detail"]
            assert status_for(client, host, "/") == 421
            assert status_for(client, host, "/metrics") == 421
            assert status_for(client, host, "/livez") == status_for(client, host, "/readyz") == 200


def test_on_loopback_no_other_name_is_answered(demo_settings: Settings, tmp_path: Path) -> None:
    with process(tmp_path, demo_settings.data.parent) as served:
        import httpx2

        def status(host: str) -> int:
            return httpx2.get(f"{served.address}/v1/documents", headers={"Host": host}).status_code

        assert status("localhost:8000") == status("127.0.0.1") == 200
        assert status("rebound.example") == 421


def test_names_are_read_strictly() -> None:
    assert parse(" Cases.Example.go.th:8443 ") == "cases.example.go.th"
    assert parse("*") == "*"
    for wrong in ("", "https://a.b", "a b", "a/b", "*.*.a", "-a"):
        with pytest.raises(ValueError, match="no host name"):
            parse(wrong)
    assert "anything" in Hosts(("*", "a.b"))
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("10.0.0.1", "::", "a.b")))
