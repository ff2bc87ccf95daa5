"""Rows of the table for what a search lists: how much of what answers and helps, and how much else.

The nearest passages that the engine looks at are the whole; a search lists of their documents only those that
have to do with the question (`index.rerank.Reranker.related`), and counts and sorts no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eval.collection import Collection
from eval.quality.rows import Row
from eval.quality.sets import TITLES, Sets
from eval.significance import bootstrap_interval
from index.engine import DEPTH


@dataclass(frozen=True, slots=True)
class Listed:
    """One question: its grades, the documents of everything near, and those that a search lists."""

    grades: dict[str, int]
    near: frozenset[str]
    listed: frozenset[str]

    def kept(self, least: int) -> float | None:
        """Share of the near documents with at least this grade that are listed; ``None`` without any."""
        wanted = {document for document in self.near if self.grades.get(document, 0) >= least}
        return len(wanted & self.listed) / len(wanted) if wanted else None


def found(job: str, sets: Sets) -> list[Row]:
    """Ask every question of dev twice: for everything near, and as a person does."""
    dataset = sets.dataset("dev")
    collection = sets.collection(dataset)
    asked = []
    for done, query in enumerate(dataset.queries):
        sets.progress(done, len(dataset.queries), "asking")
        near, listed = (_documents(collection, query.text, everything) for everything in (True, False))
        asked.append(Listed(dict(dataset.qrels[query.query_id]), near, listed))
    measures: list[tuple[str, Callable[[Listed], float | None], int]] = [
        ("documents that answer, near and listed", lambda one: one.kept(2), 3),
        ("documents that answer or help, near and listed", lambda one: one.kept(1), 3),
        ("documents listed a question", lambda one: float(len(one.listed)), 1),
        ("documents near a question", lambda one: float(len(one.near)), 1),
    ]
    rows = []
    for label, measure, decimals in measures:
        values = [value for one in asked if (value := measure(one)) is not None]
        figure = sum(values) / len(values)
        interval = bootstrap_interval(values)
        rows.append(Row(job, TITLES["dev"], label, figure, interval, len(values), None, decimals))
    return rows


def _documents(collection: Collection, question: str, everything: bool) -> frozenset[str]:
    groups = collection.engine.search(question, k=DEPTH, everything=everything).groups
    return frozenset(collection.dataset_id(group.best.passage.document_id) for group in groups)
