"""A run made elsewhere, measured like any other system."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from eval.datasets import CorpusText, Dataset, Query
from eval.errors import DataError, some
from eval.files import sha256
from eval.runs import read_run
from eval.systems.interfaces import SHOWN, Found, Timed


class TrecSystem:
    """The rankings of a TREC run file; it has no times, and questions that it lacks get nothing."""

    def __init__(self, path: Path, dataset: Dataset, name: str | None = None) -> None:
        self._path = path
        self._name = name or path.stem
        self._run = read_run(path)
        if not self._run.keys() & dataset.qrels.keys():
            reason = f"none of its queries is judged: {some(sorted(self._run))}"
            raise DataError(path, reason, expected=f"query ids such as {some(sorted(dataset.qrels))}")
        shown = {document for ranking in self._run.values() for document, _ in ranking[:SHOWN]}
        self._texts = {text.document_id: text for text in dataset.texts() if text.document_id in shown}

    @property
    def name(self) -> str:
        """The name given, else the file's."""
        return self._name

    def describe(self) -> Mapping[str, Any]:
        """Name the file and its hash."""
        return {"kind": "run", "file": self._path.name, "sha256": sha256(self._path)}

    def cache_key(self) -> str | None:
        """Keep nothing: the file is the answer."""
        return None

    def retrieve(self, query: Query, depth: int) -> Timed:
        """Look the ranking up."""
        ranking = self._run.get(query.query_id, [])[:depth]
        return Timed(tuple(self._found(document_id, score) for document_id, score in ranking), math.nan)

    def _found(self, document_id: str, score: float) -> Found:
        text = self._texts.get(document_id)
        return (
            Found(document_id, score)
            if text is None
            else Found(document_id, score, text.title, text.text[:600])
        )

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        """Give none."""
        del document_ids
        return ()

    def close(self) -> None:
        """Hold nothing open."""
