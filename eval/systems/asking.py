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
        self._dataset_ids = collection.original_ids
        self._indexed_ids = {given: indexed for indexed, given in collection.original_ids.items()}

    @property
    def name(self) -> str:
        """The engine's system."""
        return self._system

    def ask(self, question: str) -> Mapping[str, Any]:
        """Search as the service does."""
        result = self._engine.search(question, k=self._k, system=self._system, everything=True)
        sure = 0.0 if result.answer is None else result.answer.confidence
        if sure < self._threshold:
            result = replace(result, answer=None)
        return {**self._renamed(as_dict(result)), "confidence": sure}

    def _renamed(self, response: dict[str, Any]) -> dict[str, Any]:
        """Cite documents by the data set's ids where indexing had to use others."""
        if self._dataset_ids:
            hits = [one for hit in response["hits"] for one in (hit, *hit.get("more", []))]
            for one in (*hits, response["answer"] or {}):
                if "citation" in one:
                    known = one["citation"]["document_id"]
                    one["citation"]["document_id"] = self._dataset_ids.get(known, known)
        return response

    def page_text(self, document_id: str, number: int) -> str | None:
        """Read the page from the store."""
        page = self._engine.store.page(self._indexed_ids.get(document_id, document_id), number)
        return None if page is None else page.text
