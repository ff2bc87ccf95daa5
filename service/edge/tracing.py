"""OpenTelemetry traces, when ``KARANI_TRACING`` switches them on: one span a request, one a stage of a search.

The packages of the extra ``otel`` are imported only then. Spans name routes, never addresses or questions.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from index.hits import SearchResult
from service.settings import ServiceSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span


class TracingUnavailableError(RuntimeError):
    """Traces are wanted but the packages are not there; the message says how to get them."""


class Tracing:
    """Makes spans of requests and sends them in batches, from a thread of its own."""

    def __init__(self, settings: ServiceSettings, exporter: SpanExporter | None = None) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            raise TracingUnavailableError(
                "KARANI_TRACING=1 ต้องติดตั้งเพิ่ม / wants more packages: pip install 'karani[otel]'"
            ) from error
        self._trace = trace
        self._propagator = TraceContextTextMapPropagator()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "karani"}),
            sampler=ParentBased(TraceIdRatioBased(settings.trace_sample)),
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or _otlp(settings.otlp_endpoint)))
        self._tracer = self._provider.get_tracer("karani")

    def begin(self, method: str, headers: Mapping[bytes, bytes]) -> Span:
        """The span of a request, below the caller's own where ``traceparent`` names one."""
        carrier = {
            name: headers[name.encode()].decode("latin-1")
            for name in ("traceparent", "tracestate")
            if name.encode() in headers
        }
        parent = self._propagator.extract(carrier)
        return self._tracer.start_span(
            method, parent, self._trace.SpanKind.SERVER, {"http.request.method": method}
        )

    def end(self, span: Span, method: str, route: str, status: int) -> None:
        """Name the span by its route and close it."""
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()

    def search(self, span: Any, result: SearchResult) -> None:
        """Spans of a search that has just ended and of its stages, one after the other."""
        if span is None or not span.is_recording():
            return
        ended = time.time_ns()
        start = ended - round(result.took_ms * 1e6)
        inside = self._trace.set_span_in_context(span)
        told: dict[str, str | int | bool] = {
            "karani.generation": result.generation,
            "karani.hits": len(result.groups),
            "karani.answered": result.answer is not None,
        }
        search = self._tracer.start_span("search", inside, attributes=told, start_time=start)
        below = self._trace.set_span_in_context(search)
        for stage, ms in getattr(result, "stages", {}).items():
            child = self._tracer.start_span(stage, below, start_time=start)
            start += round(ms * 1e6)
            child.end(start)
        search.end(ended)

    def close(self) -> None:
        """Send what waits and stop."""
        self._provider.shutdown()


def trace_id(span: Any) -> str | None:
    """The trace's id in hexadecimal, for the log."""
    return None if span is None else f"{span.get_span_context().trace_id:032x}"


def _otlp(endpoint: str) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
