"""Schemathesis over every operation of the interface, as every kind of caller: ``python -m tests.reliability api``.

The service under test wants keys. Each operation is called with requests that follow its description and with ones
that break it; no answer may be a 500, undocumented, or of another shape than the description says.
"""

from __future__ import annotations

import contextlib
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from corpus.demo import prepare
from corpus.settings import Settings
from index.engine import Engine
from index.generations import build
from service.app import create_app
from service.edge.keys import SCOPES, Keys
from service.schemas import FILTERS
from service.server import server
from service.settings import ServiceSettings
from tests.reliability.driving import Plan
from tests.reliability.report import Outcome

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
#: Who calls: without a key, and with one of each scope.
CALLERS = ("nobody", *SCOPES)
_SHOWN = 600
#: What is served here is an open engine, whose corpus nobody may change: 503 is the right answer to an admin.
_UNCHANGEABLE = "urn:karani:problem:not-changeable"
#: Nothing is limited: what is asked here is what the operations themselves answer.
OPEN = {f"rate_{name}": "off" for name in ("search", "suggest", "answer", "write", "read")}


@dataclass
class Tried:
    """Calls made, and what failed, each kind once."""

    calls: int = 0
    failures: dict[str, str] = field(default_factory=dict)


def headers_of(app: FastAPI) -> dict[str, dict[str, str]]:
    """Each caller's headers, with keys made for it."""
    keys: Keys = app.state.keys
    made = {scope: keys.create(f"fuzz {scope}", scope)[1] for scope in SCOPES}
    # By both names: a made-up header by the other one would be a proxy's, which Karani passes over.
    shown = {scope: {"X-API-Key": key, "Authorization": f"Bearer {key}"} for scope, key in made.items()}
    return {"nobody": {}, **shown}


def operations_of(address: str) -> list[Any]:
    """Every operation that the service describes."""
    described = schemathesis.openapi.from_url(f"{address}/openapi.json")
    return [result.ok() for result in described.get_all_operations()]


def call(operation: Any, headers: dict[str, str], count: int, start: int, tried: Tried) -> None:
    """``count`` calls of one operation as one caller, half of them valid by its description."""
    for mode in MODES:
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except Unsatisfiable:  # nothing about it can be wrong
            continue
        _call(strategy, operation, headers, max(1, count // len(MODES)), start, tried)


def _call(
    strategy: Any, operation: Any, headers: dict[str, str], count: int, start: int, tried: Tried
) -> None:
    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=(Phase.generate,),
    )
    @given(case=strategy)
    def check(case: Any) -> None:
        tried.calls += 1
        try:
            case.call_and_validate(headers=headers)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever fails is told, and the run goes on
            if _is_text_all_the_same(str(error)) or _UNCHANGEABLE in str(error):
                return
            what = f"{operation.method.upper()} {operation.path}: {' '.join(str(error).split())[:_SHOWN]}"
            tried.failures.setdefault(what[:120], what)

    with contextlib.suppress(Unsatisfiable):
        check()


def _is_text_all_the_same(failure: str) -> bool:
    """Whether all that a request is blamed for never reached the service as something wrong.

    An address holds text alone: an object put there for a filter's text is a text. Headers that show a key are ours.
    """
    if "Schema-violating request accepted" not in failure or failure.count("ST2") != 1:
        return False
    blamed = re.findall(r"- (\w+): violates .*? at /properties/([^/\s)]+)", failure)
    return bool(blamed) and all(
        (place == "query" and name in FILTERS)
        or (place == "header" and name in ("Authorization", "X-API-Key"))
        for place, name in blamed
    )


@contextmanager
def served(engine: Engine, **chosen: Any) -> Iterator[tuple[str, FastAPI]]:
    """The service with keys wanted, on a free port: its address and its application."""
    service = ServiceSettings(
        require_key=True, reload_seconds=60, log_level="error", access_log=False, **OPEN, **chosen
    )
    app = create_app(service, engine)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(128)
        running = server(app, service)
        thread = threading.Thread(target=running.run, args=([bound],))
        thread.start()
        try:
            deadline = time.monotonic() + 60
            while not running.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}", app
        finally:
            running.should_exit = True
            thread.join(60)


def api(plan: Plan) -> Outcome:
    """The same as a fault of ``python -m tests.reliability``."""
    began = time.monotonic()
    calls, failures = run(plan.trials, plan.seed)
    return Outcome("api", calls, failures, time.monotonic() - began)


def run(trials: int, seed: int) -> tuple[int, list[str]]:
    """At least ``trials`` calls, shared out among operations and callers; gives how many were, and what failed."""
    tried = Tried()
    with tempfile.TemporaryDirectory(prefix="karani-api-") as folder:
        engine = Engine.open(prepare(Settings(data=Path(folder)), build, lambda _: None))
        with served(engine) as (address, app):
            operations, callers = operations_of(address), headers_of(app)
            each = max(2, -(-trials // (len(operations) * len(callers))))
            for number, operation in enumerate(operations):
                for name, headers in callers.items():
                    before = dict(tried.failures)
                    call(operation, headers, each, seed * 1000 + number, tried)
                    for what in tried.failures.keys() - before.keys():
                        tried.failures[what] = f"as {name}: {tried.failures[what]}"
        engine.close()
    return tried.calls, list(tried.failures.values())
