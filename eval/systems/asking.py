"""Whole answers, as version 1 of the search response lays them out, from an engine or a running service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from eval.collection import Collection
from index.hits import as_dict


class Asker(Protocol):
    """Anything that answers a question and shows the pages that it cites."""

    @property
    def name(self) -> str:
        """What to call it in tables."""

    def ask(self, question: str) -> Mapping[str, Any]:
        """Answer with the search response: ``answer``, ``hits`` with citations, ``took_ms``."""

    def page_text(self, document_id: str, number: int) -> str | None:
        """Fetch the cleaned text that citations of a page count in."""


class EngineAsker:
    """The engine in this process.

    The response also holds ``confidence``, which the engine keeps to itself where it declines: the threshold is applied
    here instead, so that declining can be judged at every threshold.
    """

    def __init__(self, collection: Collection, system: str = "hybrid", k: int = 10) -> None:
        self._engine = collection.engine
        self._threshold = self._engine.calibration.threshold
        self._engine.calibration = replace(self._engine.calibration, threshold=0.0)
        self._system = system
        self._k = k

    @property
    def name(self) -> str:
        """The engine's system."""
        return self._system

    def ask(self, question: str) -> Mapping[str, Any]:
        """Search as the service does."""
        result = self._engine.search(question, k=self._k, system=self._system)
        sure = 0.0 if result.answer is None else result.answer.confidence
        if sure < self._threshold:
            result = replace(result, answer=None)
        return {**as_dict(result), "confidence": sure}

    def page_text(self, document_id: str, number: int) -> str | None:
        """Read the page from the store."""
        page = self._engine.store.page(document_id, number)
        return None if page is None else page.text
