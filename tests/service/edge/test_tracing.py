"""OpenTelemetry: a span a request and a stage, below the caller's own, sent as OTLP over HTTP."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.process import ROOT

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed")

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """A local OTLP/HTTP collector; gives its address and the spans it got."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            sent = ExportTraceServiceRequest.FromString(body)
            spans.extend(s for r in sent.resource_spans for scope in r.scope_spans for s in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def traced(engine: Engine, **settings: Any) -> list[Any]:
    with collector() as (address, spans):
        made = ServiceSettings(reload_seconds=60, tracing=True, otlp_endpoint=address, **settings)
        with TestClient(create_app(made, engine)) as client:
            client.get("/v1/search?q=ใครใช้ MOU กับโรงพยาบาล", headers={"traceparent": PARENT})
            client.get("/v1/documents/nowhere")
        return spans  # the application's end has sent them


def test_spans_of_requests_and_stages(demo_engine: Engine) -> None:
    spans = traced(demo_engine)
    by_name = {span.name: span for span in spans}
    request, search = by_name["GET /v1/search"], by_name["search"]
    assert request.trace_id.hex() == PARENT.split("-")[1]
    assert request.parent_span_id.hex() == PARENT.split("-")[2]
    assert search.parent_span_id == request.span_id
    stages = [span for span in spans if span.parent_span_id == search.span_id]
    assert {"clean", "segment", "encode", "dense", "fuse", "present"} <= {span.name for span in stages}
    for span in stages:
        assert search.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= search.end_time_unix_nano + 1_000_000
    told = {one.key: one.value for one in request.attributes}
    assert told["http.response.status_code"].int_value == 200
    assert told["http.route"].string_value == "/v1/search"
    other = by_name["GET /v1/documents/{document_id}"]
    assert other.trace_id != request.trace_id
    assert "MOU" not in "".join(str(span) for span in spans)


def test_the_sampled_share(demo_engine: Engine) -> None:
    # The caller's own decision stands; of the others none is kept.
    names = {span.name for span in traced(demo_engine, trace_sample=0.0)}
    assert "GET /v1/search" in names
    assert "GET /v1/documents/{document_id}" not in names


def test_a_collector_that_is_away_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    from service.edge.tracing import Tracing

    class Away(SpanExporter):
        def export(self, _: Any) -> SpanExportResult:
            raise ConnectionError("nobody there")

    tracing = Tracing(ServiceSettings(), Away())
    for headers in (
        {},
        {b"traceparent": b"nonsense"},
        {b"traceparent": PARENT.encode(), b"tracestate": b"\xff"},
    ):
        tracing.end(tracing.begin("GET", headers), "GET", "/", 200)
    tracing.close()
    assert "nobody there" in caplog.text


def test_off_it_is_not_even_imported() -> None:
    code = (
        "import sys; from service.app import create_app; from service.settings import ServiceSettings\n"
        "create_app(ServiceSettings()); print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
