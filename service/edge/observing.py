"""The one call that search code makes when a search is done: counters, spans and the log line follow from it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from index.hits import SearchResult
from service.edge.current import CURRENT

if TYPE_CHECKING:
    from service.edge.metrics import Metrics
    from service.edge.tracing import Tracing

Observer = Callable[[SearchResult], None]

#: Set by `service.serving` around every piece of work on its threads.
OBSERVER: ContextVar[Observer | None] = ContextVar("karani_observer", default=None)


def observed(result: SearchResult) -> SearchResult:
    """Tell of one search, on whatever thread it ran; gives it back."""
    observer = OBSERVER.get()
    if observer is not None:
        observer(result)
    return result


def observer_of(metrics: Metrics, tracing: Tracing | None) -> Observer:
    """What one application does with each search."""

    def observe(result: SearchResult) -> None:
        metrics.search(result)
        current = CURRENT.get()
        if current is None:
            return
        current.generation = result.generation
        current.question = result.query
        current.hits = len(result.groups)
        current.answered = result.answer is not None
        current.search_ms = round(result.took_ms, 2)
        if tracing is not None:
            tracing.search(current.span, result)

    return observe
