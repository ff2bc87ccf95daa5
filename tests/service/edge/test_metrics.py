"""``/metrics``: the counts are right, the labels few, the page protected when asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from index.engine import Engine
from tests.service.edge.keyed import PORTAL, Keyed, keyed, kind


@pytest.fixture
def served(demo_engine: Engine) -> Iterator[Keyed]:
    with keyed(demo_engine, rate_suggest="1/minute") as served:
        yield served


def samples(served: Keyed, key: str | None = None) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = served.get("/metrics", key=key)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(served: Keyed, name: str, **labels: str) -> float:
    return samples(served).get((name, tuple(sorted(labels.items()))), 0.0)


def test_requests_by_route_method_and_status(served: Keyed) -> None:
    for path in (
        "/v1/search?q=MOU",
        "/v1/search?q=MOU&k=0",
        "/v1/documents/nowhere",
        "/v1/documents/elsewhere",
    ):
        served.get(path)
    served.ask("HEAD", "/v1/documents")
    got = samples(served)
    count = "karani_http_requests_total"
    assert got[count, (("method", "GET"), ("route", "/v1/search"), ("status", "200"))] == 1
    assert got[count, (("method", "GET"), ("route", "/v1/search"), ("status", "422"))] == 1
    assert got[count, (("method", "GET"), ("route", "/v1/documents/{document_id}"), ("status", "404"))] == 2
    assert got[count, (("method", "HEAD"), ("route", "/v1/documents"), ("status", "200"))] == 1
    seconds = "karani_http_request_duration_seconds"
    labels = (("method", "GET"), ("route", "/v1/search"), ("status_class", "2xx"))
    assert got[f"{seconds}_count", labels] == 1
    assert 0 < got[f"{seconds}_sum", labels] < 60


def test_no_label_grows_with_what_callers_send(served: Keyed) -> None:
    for number in range(20):
        served.get(f"/nowhere/{number}")
        served.get(f"/v1/cases/case-{number}")
        served.get(f"/static/{number}.css")
        served.get(key=f"krn_0000000{number}_x")
        served.ask(f"VERB{number}", "/v1/search")
        served.get(f"/v1/search?q=whatisasked{number}")
    assert samples(served)  # its own line appears with the next look
    before = len(samples(served))
    for number in range(20, 40):
        served.get(f"/nowhere/{number}")
        served.get(f"/v1/cases/case-{number}")
        served.ask(f"VERB{number}", "/v1/search")
        served.get(f"/v1/search?q=whatisasked{number}")
    assert len(samples(served)) == before
    assert value(served, "karani_http_requests_total", route="(other)", method="GET", status="404") == 40
    assert "whatisasked" not in served.get("/metrics").text


def test_searches_stages_and_answers(served: Keyed) -> None:
    served.get("/v1/search?q=ใครใช้ MOU กับโรงพยาบาล&k=3")
    served.get("/?q=ใครใช้ MOU กับโรงพยาบาล")
    served.ask("POST", "/v1/search", json={"q": "🙂🙂"})
    got = samples(served)
    assert got["karani_search_seconds_count", ()] == 3
    assert got["karani_search_hits_count", ()] == 3
    assert got["karani_answers_total", (("outcome", "given"),)] == 2
    assert got["karani_answers_total", (("outcome", "refused"),)] == 1
    stages = {dict(labels)["stage"] for name, labels in got if name == "karani_search_stage_seconds_count"}
    assert {
        "clean",
        "segment",
        "encode",
        "dense",
        "words",
        "characters",
        "fuse",
        "rerank",
        "present",
    } <= stages
    spent = sum(v for (name, _), v in got.items() if name == "karani_search_stage_seconds_sum")
    assert 0 < spent <= got["karani_search_seconds_sum", ()] * 1.01 + 0.001


def test_refusals_and_limits(served: Keyed) -> None:
    served.get(key="krn_00000000_x")
    served.get(Origin="https://evil.example")
    served.ask("POST", "/v1/documents", served.search)
    served.get("/v1/suggest?q=a")
    served.get("/v1/suggest?q=a")
    got = samples(served)
    for reason in ("key-unknown", "origin-not-allowed", "insufficient-scope", "rate-limited"):
        assert got["karani_refused_total", (("reason", reason),)] == 1
    assert got["karani_rate_limited_total", (("policy", "suggest"),)] == 1


def test_what_is_served(served: Keyed, demo_engine: Engine) -> None:
    got = samples(served)
    labels = (("encoder", demo_engine.encoder.name), ("generation", demo_engine.generation))
    assert got["karani_generation_info", labels] == 1
    assert got["karani_ready", ()] == 1
    assert got["karani_passages", ()] == demo_engine.store.count("passages")
    assert got["karani_documents", ()] == demo_engine.store.count("documents")
    assert got["karani_queue_length", ()] == 0
    assert any(name.startswith("process_") for name, _ in got)
    assert any(name.startswith("python_") for name, _ in got)


def test_two_applications_count_apart(demo_engine: Engine) -> None:
    with keyed(demo_engine) as one, keyed(demo_engine) as other:
        one.get()
        assert value(one, "karani_search_seconds_count") == 1
        assert value(other, "karani_search_seconds_count") == 0


def test_without_an_index_it_still_counts() -> None:
    from fastapi.testclient import TestClient

    from service.app import create_app
    from service.settings import ServiceSettings

    with TestClient(create_app(ServiceSettings())) as client:
        client.get("/v1/search?q=a")
        page = client.get("/metrics").text
    assert "karani_ready 0.0" in page
    assert 'karani_http_requests_total{method="GET",route="/v1/search",status="503"} 1.0' in page


def test_switched_off(demo_engine: Engine) -> None:
    with keyed(demo_engine, metrics="off") as served:
        answer = served.get("/metrics", key=served.admin)
        assert answer.status_code == 404
        assert "KARANI_METRICS" in answer.json()["detail"]


def test_for_keys_only(demo_engine: Engine) -> None:
    with keyed(demo_engine, metrics="key") as served:
        assert kind(served.get("/metrics")) == "key-required"
        assert kind(served.get("/metrics", key=served.search)) == "insufficient-scope"
        assert kind(served.get("/metrics", key=served.widget, Origin=PORTAL)) == "insufficient-scope"
        assert samples(served, served.write)
        assert served.get().status_code == 200  # the interface stays as open as it was
