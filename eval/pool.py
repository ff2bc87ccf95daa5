"""Pools: the documents that several runs put first, for judges who must not see which run or rank."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.datasets import CorpusText, Query
from eval.errors import DataError
from eval.files import json_lines, lines, written
from eval.results import Shown
from eval.runs import Run

DEPTH = 10
_TEXT_CHARS = 4000
_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class PoolDocument:
    """A document to grade: its beginning, and the passages that runs found in it."""

    document_id: str
    title: str = ""
    text: str = ""
    passages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolQuery:
    """A question with the documents to grade, in an order that says nothing of ranks."""

    query_id: str
    text: str
    documents: tuple[PoolDocument, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pool:
    """What is graded together, under one name."""

    name: str
    queries: tuple[PoolQuery, ...]

    def pairs(self) -> int:
        """Count the judgements that one judge can make."""
        return sum(len(query.documents) for query in self.queries)


def make_pool(
    name: str,
    queries: Sequence[Query],
    runs: Iterable[Run],
    *,
    depth: int = DEPTH,
    texts: Mapping[str, CorpusText] | None = None,
    shown: Iterable[Mapping[str, Shown]] = (),
    known: Mapping[str, Mapping[str, int]] | None = None,
) -> Pool:
    """Unite the first ``depth`` documents of every run, for each question.

    Args:
        name: what the pool is called where grades are stored.
        queries: the questions.
        runs: rankings by query id.
        depth: documents taken from each run.
        texts: documents' titles and texts.
        shown: the passages that runs found, as results keep them.
        known: grades that need not be given again; those documents are left out.

    """
    wanted: dict[str, set[str]] = {query.query_id: set() for query in queries}
    for run in runs:
        for query_id, ids in wanted.items():
            ids.update(document for document, _ in run.get(query_id, [])[:depth])
    kept = list(shown)
    pooled = []
    for query in queries:
        ids = wanted[query.query_id] - set((known or {}).get(query.query_id, ()))
        ordered = sorted(ids, key=lambda document, q=query: _shuffled(q.query_id, document))  # type: ignore[misc]
        documents = tuple(_document(document, query.query_id, texts or {}, kept) for document in ordered)
        if documents:
            pooled.append(PoolQuery(query.query_id, query.text, documents, query.metadata))
    return Pool(name, tuple(pooled))


def _shuffled(query_id: str, document_id: str) -> str:
    """Order documents by a hash: repeatable, and unrelated to rank, system or id."""
    return hashlib.sha256(f"{query_id}\0{document_id}".encode()).hexdigest()


def _document(
    document_id: str, query_id: str, texts: Mapping[str, CorpusText], shown: Sequence[Mapping[str, Shown]]
) -> PoolDocument:
    hits = [
        hit.found
        for one in shown
        if query_id in one
        for hit in one[query_id].hits
        if hit.found.document_id == document_id
    ]
    text = texts.get(document_id)
    title = text.title if text else next((hit.title for hit in hits if hit.title), "")
    passages = tuple(dict.fromkeys(hit.text for hit in hits if hit.text))[:_PASSAGES]
    return PoolDocument(document_id, title, text.text[:_TEXT_CHARS] if text else "", passages)


def write_pool(path: Path, pool: Pool) -> None:
    """Write a pool as JSON lines: its name, then a question a line."""
    with written(path) as stream:
        stream.write(json.dumps({"pool": pool.name}, ensure_ascii=False) + "\n")
        for query in pool.queries:
            stream.write(json.dumps(asdict(query), ensure_ascii=False) + "\n")


def read_pool(path: Path) -> Pool:
    """Read what `write_pool` wrote.

    Raises DataError for a file that is no pool, or a line that lacks something.
    """
    rows = json_lines(path)
    _, head = next(rows, (0, {}))
    if not isinstance(head.get("pool"), str):
        raise DataError(path, "not a pool", line=1, expected='a first line {"pool": name}')
    queries = []
    for number, line in rows:
        try:
            documents = tuple(
                PoolDocument(d["document_id"], d["title"], d["text"], tuple(d["passages"]))
                for d in line["documents"]
            )
            queries.append(PoolQuery(line["query_id"], line["text"], documents, line["metadata"]))
        except (KeyError, TypeError) as error:
            expected = "query_id, text, metadata and documents"
            raise DataError(path, f"incomplete ({error!r})", line=number, expected=expected) from error
    if not queries:
        raise DataError(path, "nothing to judge", expected="at least one question with a document")
    return Pool(head["pool"], tuple(queries))


def _feedback(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Read feedback in either layout, with line numbers."""
    if ".tsv" not in path.suffixes:
        yield from json_lines(path)
        return
    names: list[str] = []
    for number, line in lines(path):
        cells = [cell.strip() for cell in line.split("\t")]
        if not names:
            names = cells
        elif any(cells):
            yield number, {name: cell for name, cell in zip(names, cells, strict=False) if cell}


def from_feedback(path: Path, name: str) -> Pool:
    """Make a pool of what users said of hits: a candidate set for judges, not yet judgements.

    JSON lines, or a ``.tsv`` table whose header names the same: ``query`` and ``document_id``, and optionally ``title``,
    ``text`` and ``grade`` or ``relevant``, which are kept as metadata of the question. Raises DataError for a line
    without question or document.
    """
    documents: dict[str, dict[str, PoolDocument]] = {}
    votes: dict[str, dict[str, list[Any]]] = {}
    for number, line in _feedback(path):
        question, document_id = line.get("query"), line.get("document_id")
        if (
            not isinstance(question, str)
            or not question.strip()
            or not (isinstance(document_id, str) and document_id)
        ):
            raise DataError(
                path, "no question or document", line=number, column=1, expected='"query" and "document_id"'
            )
        text = str(line.get("text", ""))
        found = PoolDocument(document_id, str(line.get("title", "")), "", (text,) if text else ())
        documents.setdefault(question.strip(), {}).setdefault(document_id, found)
        said = line.get("grade", line.get("relevant"))
        votes.setdefault(question.strip(), {}).setdefault(document_id, []).append(said)
    if not documents:
        raise DataError(path, "no feedback", expected="at least one line")
    queries = []
    for question, found_by_id in documents.items():
        query_id = f"fb-{hashlib.sha256(question.encode()).hexdigest()[:10]}"
        ordered = sorted(found_by_id.values(), key=lambda d, q=query_id: _shuffled(q, d.document_id))  # type: ignore[misc]
        queries.append(PoolQuery(query_id, question, tuple(ordered), {"feedback": votes[question]}))
    return Pool(name, tuple(queries))
