"""Relevance judgements: a table per split, as BEIR and TREC write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eval.errors import DataError
from eval.files import lines, written

Qrels = dict[str, dict[str, int]]
# File, line and column where something was said.
Place = tuple[Path, int, int]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "query": ("query-id", "query_id", "qid"),
    "document": ("corpus-id", "corpus_id", "document_id", "document-id", "docid", "doc_id"),
    "grade": ("score", "relevance", "grade", "rel"),
    "page": ("page",),
    "case": ("case_name", "case-name", "case"),
    "quote": ("evidence", "quote"),
}
_NEEDED = ("query", "document", "grade")
_TREC = {"query": 0, "document": 2, "grade": 3}
_OWN_NAME = {name: key for key, names in _NAMES.items() for name in names}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a judge says that the answer stands; ``None`` for what the table does not say.

    ``quote`` is the sentence that answers, in the page's words.
    """

    document_id: str
    grade: int
    page: int | None = None
    case_name: str | None = None
    quote: str | None = None


@dataclass(slots=True)
class Judgements:
    """One table: grades and evidence by query, and where each query and document is named first."""

    qrels: Qrels = field(default_factory=dict)
    evidence: dict[str, list[Evidence]] = field(default_factory=dict)
    queries_at: dict[str, Place] = field(default_factory=dict)
    documents_at: dict[str, Place] = field(default_factory=dict)


def read_qrels(path: Path) -> Qrels:
    """Read grades by query id and document id, in the file's order; see `read_judgements`."""
    return read_judgements(path).qrels


def read_evidence(path: Path) -> dict[str, list[Evidence]]:
    """Read what `read_judgements` says of places; several lines a pair are kept."""
    return read_judgements(path).evidence


def read_judgements(path: Path) -> Judgements:
    """Read a table of judgements, also ``.gz`` and ``.zst``.

    Two layouts are told apart by the first line: a tab-separated table whose header names
    ``query-id``, ``corpus-id`` (or ``document_id``) and ``score``, and optionally ``page``, ``case_name`` and
    ``evidence``, other columns ignored; or TREC's four columns ``query iteration document grade`` without a header.

    Raises:
        DataError: a missing column, a grade or page that is no whole number, a line that stands twice, a pair
            judged twice differently, or no judgement at all.

    """
    found, seen = Judgements(), dict[str, int]()
    for number, line, cells, places in _rows(path):
        if line in seen:
            reason = f"the same as line {seen[line]}"
            raise DataError(path, reason, line=number, column=1, expected="each judgement once")
        seen[line] = number
        _add(path, number, cells, places, found)
    if not found.qrels:
        raise DataError(path, "no judgements", expected="at least one judged pair")
    return found


def _rows(path: Path) -> Iterator[tuple[int, str, list[str], dict[str, int]]]:
    """Yield line number, line, its cells, and where in them everything stands."""
    places: dict[str, int] | None = None
    split = re.compile(r"\t").split
    for number, line in lines(path):
        if not line.strip():
            continue
        if places is None:
            header = [name.strip().lower() for name in line.split("\t")]
            is_table = header[0] in _NAMES["query"]
            places = _columns(path, number, header) if is_table else _TREC
            if is_table:
                continue
            split = re.compile(r"\s+").split
        yield number, line, [cell.strip() for cell in split(line.strip("\r\n "))], places


def _columns(path: Path, line: int, header: list[str]) -> dict[str, int]:
    """Find where everything stands, by the names of a header line."""
    places = {
        _OWN_NAME[name]: index for index, name in reversed(list(enumerate(header))) if name in _OWN_NAME
    }
    for wanted in _NEEDED:
        if wanted not in places:
            expected = f"one of {', '.join(_NAMES[wanted])}"
            reason = f"header {header} lacks a column"
            raise DataError(path, reason, line=line, column=len(header) + 1, expected=expected)
    return places


def _add(path: Path, line: int, cells: list[str], places: Mapping[str, int], found: Judgements) -> None:
    needed = max(places[name] for name in _NEEDED) + 1
    if len(cells) < needed:
        reason, column = f"{len(cells)} columns", len(cells) + 1
        raise DataError(path, reason, line=line, column=column, expected=f"at least {needed} columns")
    row = {name: cells[place] for name, place in places.items() if place < len(cells)}
    for name in ("query", "document"):
        if not row[name]:
            raise DataError(path, "an empty id", line=line, column=places[name] + 1, expected="an id")
    query_id, document_id = row["query"], row["document"]
    column = places["grade"] + 1
    grade = _grade(path, line, column, row["grade"])
    known = found.qrels.setdefault(query_id, {}).setdefault(document_id, grade)
    if known != grade:
        reason = f"query {query_id!r} and document {document_id!r} judged again, {known} and {grade}"
        raise DataError(path, reason, line=line, column=column, expected="one grade for a pair")
    page = row.get("page")
    if page and not page.isdecimal():
        reason, column = f"page {page!r}", places["page"] + 1
        raise DataError(path, reason, line=line, column=column, expected="a page number")
    judged = Evidence(
        document_id, grade, int(page) if page else None, row.get("case") or None, row.get("quote") or None
    )
    found.evidence.setdefault(query_id, []).append(judged)
    found.queries_at.setdefault(query_id, (path, line, places["query"] + 1))
    found.documents_at.setdefault(document_id, (path, line, places["document"] + 1))


def _grade(path: Path, line: int, column: int, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        expected = "a whole number such as 0, 1 or 2"
        raise DataError(path, f"grade {text!r}", line=line, column=column, expected=expected) from None


def write_qrels(path: Path, qrels: Mapping[str, Mapping[str, int]]) -> None:
    """Write the BEIR table, sorted by query and document id."""
    with written(path) as stream:
        stream.write("query-id\tcorpus-id\tscore\n")
        for query_id in sorted(qrels):
            for document_id in sorted(qrels[query_id]):
                stream.write(f"{query_id}\t{document_id}\t{qrels[query_id][document_id]}\n")


def relevance_level(qrels: Mapping[str, Mapping[str, int]]) -> int:
    """Find the grade from which binary measures count a document: 2 where it is used, else 1."""
    top = max((grade for grades in qrels.values() for grade in grades.values()), default=1)
    return 2 if top >= 2 else 1
