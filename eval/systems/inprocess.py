"""The engine in this process, asked as the service asks it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.records import Passage
from eval.collection import Collection as Texts
from eval.datasets import CorpusText, Query
from eval.errors import UsageError
from eval.systems.interfaces import SHOWN, Found, Timed
from eval.units import UNITS, page_id, split_page_id
from index.hits import Hit

if TYPE_CHECKING:
    from index.engine import Engine

SYSTEMS = ("hybrid", "dense", "lexical", "words", "characters")
# Passages that the service takes from each ranking, and how many times more fill a ranking of documents up.
INPUTS = ("dense", "words", "characters")
DEPTH = 100
DEEPER = 5


def check_system(name: str) -> None:
    """Raise UsageError for a system that the engine does not have."""
    if name not in SYSTEMS:
        raise UsageError(f"unknown system {name!r}; expected one of {', '.join(SYSTEMS)}")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What may differ from the shipped fusion: shares of the inputs, and whether first hits are reranked."""

    weights: Mapping[str, float] = field(default_factory=dict)
    rerank: bool = True

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if name not in INPUTS or not 0 <= weight < float("inf"):
                raise UsageError(
                    f"weight {name}={weight}; expected {', '.join(INPUTS)} with a number from 0 on"
                )

    def apply(self, engine: Engine) -> None:
        """Set an engine's fusion."""
        engine.weights = replace(engine.weights, **self.weights)
        if not self.rerank:
            engine.reranker = None

    def describe(self) -> dict[str, Any]:
        """Name what differs; empty for the shipped fusion."""
        found: dict[str, Any] = {"weights": dict(self.weights)} if self.weights else {}
        return found if self.rerank else {**found, "rerank": False}


class EngineSystem:
    """One of the engine's systems over a built collection; documents, or pages, under the data set's ids."""

    def __init__(
        self,
        collection: Texts,
        system: str = "hybrid",
        tuning: Tuning | None = None,
        unit: str = "document",
    ) -> None:
        check_system(system)
        if unit not in UNITS:
            raise UsageError(f"unknown unit {unit!r}; expected one of {', '.join(UNITS)}")
        self._by_page = unit == "page"
        self._collection = collection
        self._system = system
        self._tuning = tuning or Tuning()
        self._tuning.apply(collection.engine)
        self._titles: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The system's name, with its encoder's where that is not the built-in one."""
        encoder = self._collection.engine.encoder.name
        return self._system if encoder == "builtin" else f"{self._system} ({Path(encoder).name})"

    def describe(self) -> Mapping[str, Any]:
        """System, encoder with its revision, generation and the collection's content hash."""
        engine = self._collection.engine
        return {
            "kind": "engine",
            "system": self._system,
            **self._tuning.describe(),
            **({"unit": "page"} if self._by_page else {}),
            "encoder": engine.encoder.name,
            "revision": engine.encoder.revision,
            "generation": engine.generation,
            "collection": self._collection.key,
            "documents": self._collection.documents,
            "left_out": self._collection.left_out,
        }

    def cache_key(self) -> str | None:
        """Name corpus, code and encoder through the collection's key; the generation pins the rest."""
        tuned = sorted(self._tuning.describe().items())
        unit = " by page" if self._by_page else ""
        text = f"{self._collection.key} {self._collection.engine.generation} {self._system} {tuned}{unit}"
        return hashlib.sha256(text.encode()).hexdigest()

    def retrieve(self, query: Query, depth: int) -> Timed:
        """Rank documents by their best passage, as the service would; the time is the engine's alone.

        Where the service's passages hold fewer than ``depth`` documents, further ones from a deeper retrieval
        follow them, so that recall is measured to the depth asked for and the first ranks stay the service's.
        """
        started = time.perf_counter()
        hits = self._hits(query, DEPTH)
        took_ms = (time.perf_counter() - started) * 1000
        found = self._documents(hits)
        if len(found) < depth and len(hits) == DEPTH:
            found += self._documents(self._hits(query, DEEPER * DEPTH), {item.document_id for item in found})
        # Texts of the first hits are for readers of reports; those of all would swell the kept answers.
        rest = (Found(item.document_id, item.score) for item in found[SHOWN:depth])
        return Timed((*found[: min(SHOWN, depth)], *rest), took_ms)

    def _hits(self, query: Query, passages: int) -> list[Hit]:
        return self._collection.engine.retrieve(query.text, depth=passages, system=self._system)

    def _documents(self, hits: list[Hit], known: Collection[str] = ()) -> list[Found]:
        stored = self._collection.engine.store.passages([hit.passage_id for hit in hits])
        passages = {passage.passage_id: passage for passage in stored}
        # Hits come best first, so a document's first passage is its best and keeps the service's order.
        best: dict[str, tuple[float, Passage]] = {}
        for hit in hits:
            passage = passages[hit.passage_id]
            best.setdefault(self._id(passage), (hit.score, passage))
        found = [self._found(score, passage) for score, passage in best.values()]
        return [item for item in found if item.document_id not in known]

    def _found(self, score: float, passage: Passage) -> Found:
        return Found(self._id(passage), score, self._title(passage.document_id), passage.text, passage.page)

    def _id(self, passage: Passage) -> str:
        document_id = self._collection.dataset_id(passage.document_id)
        return page_id(document_id, passage.page) if self._by_page else document_id

    def _title(self, document_id: str) -> str:
        if document_id not in self._titles:
            document = self._collection.engine.store.document(document_id)
            self._titles[document_id] = "" if document is None else document.title
        return self._titles[document_id]

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        """Give the first page of documents in folders of texts, whose ids are the store's; or the page named."""
        store = self._collection.engine.store
        for name in sorted(document_ids):
            document_id, number = split_page_id(name) if self._by_page else (name, None)
            pages = [page for page in store.pages(document_id) if number in (None, page.number)]
            if pages:
                yield CorpusText(name, self._title(document_id), pages[0].text)

    def close(self) -> None:
        """Close the engine."""
        self._collection.engine.close()
