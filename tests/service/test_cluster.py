"""deploy/cluster/compose.yaml: its services fit each other and the settings that Karani reads."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus.settings import VARIABLES, Settings
from service.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "deploy" / "cluster"
#: As compose fills in what .env says.
GIVEN = {"POSTGRES_PASSWORD": "0f3a", "MINIO_PASSWORD": "9c1b", "KARANI_SITE": "karani.example.go.th"}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def filled(text: str) -> str:
    return _VARIABLE.sub(lambda found: GIVEN.get(found[1]) or (found[3] if found[2] == "-" else ""), text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(filled((CLUSTER / "compose.yaml").read_text(encoding="utf-8")))
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def test_it_wires_every_part(services: dict[str, Any]) -> None:
    assert set(services) == {"karani", "build", "postgres", "milvus", "etcd", "minio", "proxy"}
    assert services["karani"]["deploy"]["replicas"] > 1
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for waited in service.get("depends_on", {}).values():
            assert waited == {"condition": "service_healthy"}
        assert "mem_limit" in service, name
        assert "healthcheck" in service or name == "proxy", name


def test_the_services_are_asked_where_they_listen(services: dict[str, Any]) -> None:
    environment = services["karani"]["environment"]
    postgres = services["postgres"]["environment"]
    server = Settings.from_environment(environment).server
    assert server is not None
    assert server.url == (
        f"postgresql://{postgres['POSTGRES_USER']}:{postgres['POSTGRES_PASSWORD']}@postgres:5432/{postgres['POSTGRES_DB']}"
    )
    assert environment["KARANI_MILVUS_URI"] == "http://milvus:19530"
    milvus, etcd, minio = (services[name] for name in ("milvus", "etcd", "minio"))
    assert milvus["environment"]["ETCD_ENDPOINTS"] == "etcd:2379"
    assert f"--listen-client-urls=http://0.0.0.0:{2379}" in etcd["command"]
    assert milvus["environment"]["MINIO_ADDRESS"] == "minio:9000"
    assert milvus["environment"]["MINIO_ACCESS_KEY_ID"] == minio["environment"]["MINIO_ROOT_USER"]
    assert milvus["environment"]["MINIO_SECRET_ACCESS_KEY"] == minio["environment"]["MINIO_ROOT_PASSWORD"]
    caddy = (CLUSTER / "Caddyfile").read_text(encoding="utf-8")
    assert caddy.count("{") == caddy.count("}")
    assert re.search(r"name karani\s+port 8000", caddy)
    assert "flush_interval -1" in caddy
    assert "/metrics" in caddy


def test_its_settings_can_be_read(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("karani", "build"):
        assert all(isinstance(value, str) for value in services[name]["environment"].values())
    for name, value in services["karani"]["environment"].items():
        monkeypatch.setenv(name, value)
    made = ServiceSettings()
    assert made.require_key
    grace = int(services["karani"]["stop_grace_period"].removesuffix("s"))
    assert grace > made.drain_seconds + made.shutdown_seconds


def test_all_work_on_one_corpus_with_connections_to_spare(services: dict[str, Any]) -> None:
    known = {name for name, *_ in VARIABLES}
    shared = {name: value for name, value in services["karani"]["environment"].items() if name in known}
    assert shared.items() <= services["build"]["environment"].items()
    assert services["build"]["volumes"] == services["karani"]["volumes"] == ["data:/data"]
    limit = int(re.search(r"max_connections=(\d+)", " ".join(services["postgres"]["command"]))[1])  # type: ignore[index]
    replicas = services["karani"]["deploy"]["replicas"]
    assert limit > (replicas + 3) * int(shared["KARANI_DATABASE_CONNECTIONS"])


def test_only_the_proxy_is_reachable(compose: dict[str, Any], services: dict[str, Any]) -> None:
    subnet = compose["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert services["karani"]["environment"]["KARANI_TRUSTED_PROXIES"] == subnet
    assert ipaddress.ip_network(subnet).is_private
    assert compose["networks"]["inside"]["internal"]
    for name, service in services.items():
        assert ("ports" in service) == (name == "proxy"), name
        assert service["networks"] == (["inside", "outside"] if name == "proxy" else ["inside"]), name
    for name in ("karani", "build", "postgres", "proxy"):
        assert services[name]["read_only"], name
        assert services[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in services[name]["security_opt"]
    assert services["karani"]["user"].split(":")[0] != "0"


def test_volumes_exist_and_no_password_is_written_down(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    for service in services.values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert (CLUSTER / source).exists() if source.startswith(".") else source in compose["volumes"]
    text = (CLUSTER / "compose.yaml").read_text(encoding="utf-8")
    wanted = {name for name, kind, _ in _VARIABLE.findall(text) if kind == "?"}
    assert wanted == {"POSTGRES_PASSWORD", "MINIO_PASSWORD"}
    example = dict(
        line.split("=", 1)
        for line in (CLUSTER / "example.env").read_text(encoding="utf-8").splitlines()
        if "=" in line
    )
    assert {name: example[name] for name in wanted} == dict.fromkeys(wanted, "")
    assert {name for name, *_ in _VARIABLE.findall(text)} <= set(example)
