"""The OpenAPI document against the running service, by schemathesis."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
def test_no_crash_and_no_undocumented_answer(demo_address: str, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_url(f"{demo_address}/openapi.json")
    operations = [result.ok() for result in described.get_all_operations()]
    assert len(operations) == 20
    for operation in operations:
        _fuzz(operation, mode)


def _fuzz(operation: Any, mode: GenerationMode) -> None:
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except Unsatisfiable:  # nothing about it can be wrong
        return

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy)
    def check(case: Any) -> None:
        case.call_and_validate()

    with contextlib.suppress(Unsatisfiable):
        check()


def test_limits_and_problems_are_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    search = document["paths"]["/v1/search"]
    q = next(p for p in search["get"]["parameters"] if p["name"] == "q")
    assert q["required"]
    assert q["schema"]["maxLength"] == 1000
    for operation in (search["get"], search["post"]):
        for status in ("422", "503"):
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
    described = {path for path in document["paths"] if path.startswith("/v1/")}
    assert described == {
        "/v1/search",
        "/v1/answer",
        "/v1/suggest",
        "/v1/documents",
        "/v1/documents/{document_id}",
        "/v1/documents/{document_id}/pages/{number}",
        "/v1/documents/{document_id}/pages/{number}/original",
        "/v1/cases",
        "/v1/cases/{case_id}",
        "/v1/passages/{passage_id}",
        "/v1/passages/{passage_id}/citation",
        "/v1/feedback",
        "/v1/jobs",
        "/v1/jobs/{job_id}",
    }
