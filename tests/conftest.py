"""What tests of several folders share: a PostgreSQL that is started once, and both kinds of store."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.settings import DatabaseServer, Settings
from corpus.store import Store
from tests.postgres import Server, running

_SCHEMAS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of this session's own."""
    with running() as server:
        yield server


@pytest.fixture
def database(postgres: Server) -> DatabaseServer:
    """An empty schema in it."""
    return DatabaseServer(postgres.url(), f"corpus_{next(_SCHEMAS)}", connections=4)


@pytest.fixture(params=["sqlite", "postgresql"])
def kept_in(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty data directory, once with each kind of database."""
    server = request.getfixturevalue("database") if request.param == "postgresql" else None
    return Settings(data=tmp_path, server=server)


@pytest.fixture
def store(kept_in: Settings) -> Iterator[Store]:
    """An empty store, once of each kind."""
    with Store.of(kept_in) as opened:
        yield opened
