"""The calls that search code makes when a search is done: counters, spans and the log line follow from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from index.hits import SearchResult
from service.edge.current import CURRENT

if TYPE_CHECKING:
    from service.edge.metrics import Metrics
    from service.edge.tracing import Tracing


class Observer:
    """What one application does with each search."""

    def __init__(self, metrics: Metrics, tracing: Tracing | None) -> None:
        self._metrics = metrics
        self._tracing = tracing

    def search(self, result: SearchResult) -> None:
        """Told of one search, on whatever thread it ran."""
        self._metrics.search(result)
        current = CURRENT.get()
        if current is None:
            return
        current.generation = result.generation
        current.question = result.query
        current.hits = len(result.groups)
        current.answered = result.answer is not None
        current.search_ms = round(result.took_ms, 2)
        if self._tracing is not None:
            self._tracing.search(current.span, result)

    def stage(self, name: str, seconds: float) -> None:
        """Told of a stage that follows a search."""
        self._metrics.stage(name, seconds)


#: Set by `service.serving` around every piece of work on its threads.
OBSERVER: ContextVar[Observer | None] = ContextVar("karani_observer", default=None)


def observed(result: SearchResult) -> SearchResult:
    """Tell of one search; gives it back."""
    observer = OBSERVER.get()
    if observer is not None:
        observer.search(result)
    return result


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time what follows a search, as `index.stages` times what is in it."""
    began = time.perf_counter()
    yield
    observer = OBSERVER.get()
    if observer is not None:
        observer.stage(name, time.perf_counter() - began)
