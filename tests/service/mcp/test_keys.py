"""Keys at ``/mcp``: the official client with one and without, and a widget's key from its own site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from index.engine import Engine
from service.app import create_app
from service.database import Database
from service.edge.keys import Keys
from service.settings import ServiceSettings
from tests.service.conftest import running
from tests.service.mcp.test_http import CALL, HEADERS

PORTAL = "https://portal.example.go.th"


@pytest.fixture(scope="module")
def guarded(demo_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """An address that requires keys, a key, and a key that is bound to `PORTAL`."""
    path: Path = tmp_path_factory.mktemp("keys") / "service.sqlite"
    database = Database(path)
    keys = Keys(database)
    plain, bound = keys.create("assistant")[1], keys.create("portal", origins=[PORTAL])[1]
    database.close()
    settings = ServiceSettings(reload_seconds=60, require_key=True)
    with running(create_app(settings, demo_engine, database=path), settings) as address:
        yield address, plain, bound


def tools(address: str, key: str | None) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def listed() -> list[str]:
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with Client(transport) as client:
                return [tool.name for tool in (await client.list_tools()).tools]

    with start_blocking_portal() as portal:
        return portal.call(listed)


def test_the_official_client_with_a_key_and_without(guarded: tuple[str, str, str]) -> None:
    address, key, _ = guarded
    assert tools(address, key) == ["search", "get_page", "list_cases"]
    with pytest.RaisesGroup(MCPError, flatten_subgroups=True):
        tools(address, None)


@pytest.mark.parametrize(
    ("key", "origin", "status"),
    [
        ("none", None, 401),
        ("bound", PORTAL, 200),
        ("bound", "https://other.example", 403),
        ("plain", PORTAL, 403),
    ],
)
def test_a_sites_key_calls_from_that_sites_pages(
    guarded: tuple[str, str, str], key: str, origin: str | None, status: int
) -> None:
    address, plain, bound = guarded
    headers: dict[str, Any] = dict(HEADERS)
    if key != "none":
        headers["authorization"] = f"Bearer {bound if key == 'bound' else plain}"
    if origin is not None:
        headers["origin"] = origin
    answered = httpx2.post(f"{address}/mcp", json=CALL, headers=headers)
    assert answered.status_code == status
