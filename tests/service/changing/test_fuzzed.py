"""The changing endpoints as their description says, by schemathesis with an admin's key; the rest is `test_openapi`'s."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from corpus.locking import corpus_lock
from corpus.settings import Settings
from service.app import create_app
from service.corpora import Corpora
from service.settings import ServiceSettings
from tests.service.changing.room import admin_key, begun
from tests.service.conftest import running

load_all_checks()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, first: Path) -> Iterator[tuple[str, str]]:
    """Its address and an admin's key. Jobs are accepted and wait: another process holds the corpus."""
    data = begun(tmp_path_factory.mktemp("fuzzed"), first)
    key = admin_key(data)
    given = ServiceSettings(rate_write="off", rate_read="off", spool_free_bytes=0)
    app = create_app(given, corpora=Corpora(Settings(data=data)))
    with corpus_lock(Settings(data=data), "karani ingest"), running(app, given) as address:
        yield address, key


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
def test_no_crash_and_no_undocumented_answer(service: tuple[str, str], mode: GenerationMode) -> None:
    address, key = service
    described = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = [result.ok() for result in described.get_all_operations()]
    changing = [one for one in operations if "changing the corpus" in (one.tags or ())]
    assert len(changing) == 4
    for operation in changing:
        _fuzz(operation, mode, key)


def _fuzz(operation: Any, mode: GenerationMode, key: str) -> None:
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except Unsatisfiable:  # nothing about it can be wrong
        return
    # It sends a made-up Authorization beside the true X-API-Key; keys have their own tests.
    excluded = [ignored_auth]
    if operation.method == "post":
        # A file's name says what kind it is, which no schema can: a nameless one is refused.
        excluded.append(positive_data_acceptance)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy)
    def check(case: Any) -> None:
        case.call_and_validate(headers={"X-API-Key": key}, excluded_checks=excluded)

    with contextlib.suppress(Unsatisfiable):
        check()
