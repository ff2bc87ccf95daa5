"""For the tests of access: an application with keys of every kind, and what they ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.edge.keys import Keys
from service.settings import ServiceSettings

PORTAL = "https://portal.example.go.th"


@dataclass(frozen=True)
class Keyed:
    """A client, and the texts of a search, a write, an admin and a widget key."""

    client: TestClient
    keys: Keys
    search: str
    write: str
    admin: str
    widget: str

    def get(self, path: str = "/v1/search?q=MOU", key: str | None = None, **headers: str) -> Any:
        return self.ask("GET", path, key, **headers)

    def ask(self, method: str, path: str, key: str | None = None, json: Any = None, **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given["X-API-Key"] = key
        return self.client.request(method, path, headers=given, json=json)


@contextmanager
def keyed(engine: Engine, **settings: Any) -> Iterator[Keyed]:
    """An application over ``engine`` with these settings."""
    app = create_app(ServiceSettings(reload_seconds=60, **settings), engine)
    keys: Keys = app.state.keys
    made = {scope: keys.create(scope, scope)[1] for scope in ("search", "write", "admin")}
    widget = keys.create("widget", origins=[PORTAL])[1]
    with TestClient(app) as client:
        yield Keyed(client, keys, **made, widget=widget)


def kind(answer: Any) -> str:
    """Which problem an answer is."""
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).removeprefix("urn:karani:problem:")
