"""``/metrics`` for Prometheus: what is counted, and the page that shows it.

No label ever holds what a caller sends: addresses appear as route templates, unknown ones as ``(other)``,
unknown methods as ``OTHER``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from index.hits import SearchResult
from index.stages import STAGES
from service.answering.writing import Outcome
from service.pages.rendering import Pages
from service.problems import documented, not_found
from service.serving import Serving
from service.state import ServingDep
from service.workers.board import Board, Field

OTHER_ROUTE = "(other)"
#: The stage after those of `index.stages`: writing the answer as JSON.
SERIALISE = "serialise"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# From a suggestion's part of a millisecond to a written answer's half minute.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STAGE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_JOB_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_HITS = (0, 1, 2, 5, 10, 20, 50)


disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is of no use here and doubles the page


@dataclass(frozen=True, slots=True)
class State:
    """What gauges show: ``serves`` is the open index' generation, encoder, passages and documents."""

    waiting: int = 0
    jobs_waiting: int = 0
    workers: int = 1
    serves: tuple[str, str, int, int] | None = None
    fault: str = ""


class Metrics:
    """One application's counters, in a registry of their own.

    Args:
        board: the service's processes. Where there are several, `service.workers.member` has had the library keep its
            numbers in files of a folder, which the page adds up; those of a worker that died stay in the sums.
    """

    def __init__(self, board: Board | None = None) -> None:
        self._board = board or Board()
        self._jobs_wait = 0
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "karani_http_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self._durations = Histogram(
            "karani_http_request_duration_seconds",
            "From the request's head to the answer's last byte.",
            ("route", "method", "status_class"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            "karani_search_stage_seconds", "Time by stage of a search.", ("stage",), buckets=_STAGE_SECONDS,
            registry=registry,
        )  # fmt: skip
        self._searches = Histogram(
            "karani_search_seconds", "Time of a whole search.", buckets=_SECONDS, registry=registry
        )
        self._hits = Histogram(
            "karani_search_hits", "Groups that a search returned.", buckets=_HITS, registry=registry
        )
        self._answers = Counter(
            "karani_answers", "Searches by what became of the answer.", ("outcome",), registry=registry
        )
        self._refused = Counter(
            "karani_refused", "Calls refused before they ran, by the problem's kind.", ("reason",),
            registry=registry,
        )  # fmt: skip
        self._limited = Counter(
            "karani_rate_limited", "Calls over a limit, by policy.", ("policy",), registry=registry
        )
        # -- answers in sentences --
        self._written = Counter(
            "karani_written_answers", "Answers in sentences by outcome: written, else why not.", ("outcome",),
            registry=registry,
        )  # fmt: skip
        self._sentences = Counter(
            "karani_written_sentences", "Written sentences by what the check said.", ("checked",), registry=registry
        )  # fmt: skip
        self._first_words = Histogram(
            "karani_written_first_word_seconds", "From the question to the endpoint's first word.",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        # -- changes to the corpus --
        self._jobs = Counter("karani_jobs", "Jobs that ended, by outcome.", ("outcome",), registry=registry)
        self._job_seconds = Histogram(
            "karani_job_seconds", "From a change's acceptance to its end: served, or failed.", ("outcome",),
            buckets=_JOB_SECONDS, registry=registry,
        )  # fmt: skip
        for outcome in ("done", "failed"):
            self._jobs.labels(outcome)
        for outcome in ("given", "refused"):
            self._answers.labels(outcome)
        if not self._board.shared:
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=registry)
        # Finding a labelled child takes longer than counting in it.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._stage_children = {name: self._stages.labels(name) for name in (*STAGES, SERIALISE)}

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (route, method if method in _METHODS else "OTHER", status)
        children = self._children.get(key)
        if children is None:
            children = (
                self._requests.labels(key[0], key[1], str(status)),
                self._durations.labels(key[0], key[1], f"{status // 100}xx"),
            )
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def search(self, result: SearchResult) -> None:
        """Count one search: its stages, its hits, and whether it was answered."""
        for stage, ms in result.stages.items():
            self.stage(stage, ms / 1000)
        self._searches.observe(result.took_ms / 1000)
        self._hits.observe(len(result.groups))
        self._answers.labels("refused" if result.answer is None else "given").inc()

    def stage(self, name: str, seconds: float) -> None:
        """Count one stage of a search."""
        child = self._stage_children.get(name)
        if child is None:
            child = self._stage_children[name] = self._stages.labels(name)
        child.observe(seconds)

    def written(self, outcome: Outcome) -> None:
        """Count one answer in sentences, or why there is none."""
        self._written.labels(outcome.reason or outcome.mode).inc()
        self._sentences.labels("kept").inc(outcome.sentences)
        self._sentences.labels("dropped").inc(outcome.dropped)
        if outcome.first_ms is not None:
            self._first_words.observe(outcome.first_ms / 1000)

    def jobs_wait(self, count: int) -> None:
        """Set how many jobs wait or run."""
        self._jobs_wait = count

    def job(self, outcome: str, seconds: float) -> None:
        """Count one job that ended."""
        self._jobs.labels(outcome).inc()
        self._job_seconds.labels(outcome).observe(seconds)

    def refused(self, kind: str) -> None:
        """Count one call that was not let through; ``kind`` is its problem's."""
        self._refused.labels(kind).inc()

    def limited(self, policy: str) -> None:
        """Count one call over a limit."""
        self._limited.labels(policy).inc()

    def state(self, serving: Serving, serves: tuple[str, str, int, int] | None) -> State:
        """What the gauges are to show now."""
        board = self._board
        workers = len(list(board.living())) if board.shared else 1
        return State(board.sum(Field.WAITING), self._jobs_wait, workers, serves, serving.fault)

    def page(self, state: State) -> bytes:
        """Everything in Prometheus' text format."""
        if not self._board.shared:
            return generate_latest(self.registry) + _written(_Gauges(state))
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        return generate_latest(counted) + _written(_Gauges(state)) + _written(_Processes(self._board))


def _written(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


class _Gauges(Collector):
    """What is so just now."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """One family a gauge."""
        state = self._state
        yield GaugeMetricFamily("karani_ready", "1 while an index is open.", state.serves is not None)
        yield GaugeMetricFamily(
            "karani_generation_fallback",
            "1 while an older index serves than the one that should.",
            bool(state.fault),
        )
        yield GaugeMetricFamily(
            "karani_queue_length", "Calls that wait or run on the threads.", state.waiting
        )
        yield GaugeMetricFamily("karani_jobs_waiting", "Jobs that wait or run.", state.jobs_waiting)
        yield GaugeMetricFamily("karani_workers", "Processes that answer.", state.workers)
        generation, encoder, passages, documents = state.serves or ("", "", 0, 0)
        info = GaugeMetricFamily(
            "karani_generation_info", "1 for the index that serves.", labels=("generation", "encoder")
        )
        if generation:
            info.add_metric((generation, encoder), 1)
        yield info
        yield GaugeMetricFamily("karani_passages", "Passages in the corpus.", passages)
        yield GaugeMetricFamily("karani_documents", "Documents in the corpus.", documents)


class _Processes(Collector):
    """``process_…`` of every worker, told apart by the label ``worker``: 0 to one less than their number."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """The library's families, each with a line a worker."""
        families: dict[str, Metric] = {}
        for slot in self._board.living():
            one = ProcessCollector(pid=partial(self._board.of, slot, Field.PID), registry=None)
            for family in one.collect():
                whole = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    whole.add_sample(sample.name, {**sample.labels, "worker": str(slot)}, sample.value)
        yield from families.values()


router = APIRouter(tags=["running it"])


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented(401, 403, 404)},
)
async def metrics(request: Request, serving: ServingDep) -> Response:
    """In the text format; open, for keys of scope `write`, or off, as `KARANI_METRICS` says."""
    if serving.settings.metrics == "off":
        raise not_found("ตัวชี้วัด (KARANI_METRICS=off)", "metrics (KARANI_METRICS=off)")
    kept: Metrics = request.app.state.metrics
    pages: Pages = request.app.state.pages
    serves = None
    if serving.is_open:
        corpus = await asyncio.to_thread(pages.corpus, serving.engine)
        serves = (corpus.generation, corpus.encoder, corpus.passages, corpus.documents)
    page = await asyncio.to_thread(kept.page, kept.state(serving, serves))
    return Response(page, media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
