"""The files under deploy/ and compose.yaml: they parse, and name settings, metrics and paths that exist."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from corpus.settings import VARIABLES
from service.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
#: Read by others than Karani: the proxy, the examples' clients, the tests.
OTHERS = {"KARANI_SITE", "KARANI_MEMORY", "KARANI_ENDPOINT", "KARANI_KEY", "KARANI_AXE", "KARANI_CHROMIUM"}


def settings() -> set[str]:
    return {name for name, *_ in VARIABLES} | {
        f"KARANI_{name.upper()}" for name in ServiceSettings.model_fields
    }


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "compose.yaml",
        ROOT / "Dockerfile",
        *sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name != ".env"),
        *sorted((ROOT / "docs").glob("*.md")),
    ],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_setting_named_exists(path: Path) -> None:
    named = set(re.findall(r"KARANI_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    prefixes = {name for name in named if any(known.startswith(f"{name}_") for known in settings())}
    assert named - settings() - OTHERS <= prefixes


def test_compose_s_settings_can_be_read(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose["services"]["karani"]["environment"].items():
        assert isinstance(value, str), name  # YAML's own true and 1 are no environment
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))  # as compose fills it in
    made = ServiceSettings()
    assert made.answered_hosts == ("localhost", "karani", "localhost")
    assert made.require_key
    assert made.log_format == "json"
    grace = int(compose["services"]["karani"]["stop_grace_period"].removesuffix("s"))
    assert grace > made.drain_seconds + made.shutdown_seconds


def test_compose_trusts_its_own_network_only(compose: dict[str, Any]) -> None:
    subnet = compose["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert compose["services"]["karani"]["environment"]["KARANI_TRUSTED_PROXIES"] == subnet
    assert ipaddress.ip_network(subnet).is_private
    assert "ports" not in compose["services"]["karani"]  # only the proxy is reachable


def test_compose_is_locked_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    karani = compose["services"]["karani"]
    assert karani["user"].split(":")[0] != "0"
    assert "useradd --create-home --shell /usr/sbin/nologin --uid 10001" in (ROOT / "Dockerfile").read_text(
        encoding="utf-8"
    )
    assert karani["volumes"] == ["data:/data"]
    assert set(compose["volumes"]) >= {"data"}
    for mount in compose["services"]["proxy"]["volumes"]:
        source = mount.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]


def test_proxies_pass_on_what_karani_needs() -> None:
    caddy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert caddy.count("{") == caddy.count("}")
    assert "flush_interval -1" in caddy
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert nginx.count("{") == nginx.count("}")
    for line in (
        "proxy_buffering off",
        "proxy_set_header Host $http_host",
        "X-Forwarded-For $remote_addr",
        "access_log off",
    ):
        assert line in nginx
    for text in (caddy, nginx):
        assert "/metrics" in text


def test_health_checks_ask_what_is_served(client: TestClient) -> None:
    for text in (ROOT / "compose.yaml", ROOT / "Dockerfile", DEPLOY / "Caddyfile"):
        assert "/readyz" in text.read_text(encoding="utf-8")
    assert client.get("/readyz").status_code == 200


def test_metrics_named_in_rules_and_documents_exist(client: TestClient) -> None:
    client.get("/v1/search?q=MOU")
    client.get("/v1/search?q=MOU", headers={"X-API-Key": "krn_00000000_x"})
    page = client.get("/metrics").text
    known = set(re.findall(r"^# HELP (\w+)", page, re.MULTILINE))
    known |= {f"{name}_{suffix}" for name in known for suffix in ("bucket", "count", "sum")}
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    named = set(re.findall(r"karani_[a-z_]+", " ".join(rule["expr"] for rule in rules)))
    named |= set(re.findall(r"karani_[a-z_]+", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    assert named
    assert named <= known
    scrape = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    assert all((DEPLOY / name).exists() for name in scrape["rule_files"])
