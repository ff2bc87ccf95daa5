"""The OpenAPI document against a service that wants keys, as every kind of caller; the long form is a fault."""

from __future__ import annotations

from index.engine import Engine
from tests.reliability import api


def test_every_caller_gets_documented_answers(demo_engine: Engine) -> None:
    tried = api.Tried()
    with api.served(demo_engine) as (address, app):
        callers = api.headers_of(app)
        assert tuple(callers) == api.CALLERS
        for operation in api.operations_of(address):
            for headers in callers.values():
                api.call(operation, headers, 4, 1, tried)
    assert tried.calls > 150
    assert list(tried.failures.values()) == []
