"""Relevance judgements: a table per split, as BEIR and TREC write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.errors import DataError
from eval.files import lines, written

Qrels = dict[str, dict[str, int]]

_HEADER = {"query-id": "query", "query_id": "query", "qid": "query"}
_DOCUMENT = {"corpus-id", "corpus_id", "document_id", "document-id", "docid", "doc_id"}
_PAGE = {"page"}
_CASE = {"case_name", "case-name", "case"}
_SCORE = {"score", "relevance", "grade", "rel"}


def _columns(path: Path, header: list[str]) -> tuple[int, int, int]:
    """Find where query, document and grade stand, by the names of a header line."""
    names = [name.strip().lower() for name in header]

    def place(wanted: set[str]) -> int:
        found = [index for index, name in enumerate(names) if name in wanted]
        if not found:
            raise DataError(
                path, f"header {names} lacks a column", line=1, expected=f"one of {', '.join(sorted(wanted))}"
            )
        return found[0]

    return place(set(_HEADER)), place(_DOCUMENT), place(_SCORE)


def _grade(path: Path, number: int, column: int, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise DataError(
            path, f"grade {text!r}", line=number, column=column, expected="a whole number such as 0, 1 or 2"
        ) from None


def read_qrels(path: Path) -> Qrels:
    """Read grades by query id and document id, in the file's order.

    Two layouts are told apart by the first line: a tab-separated table whose header names
    ``query-id``, ``corpus-id`` (or ``document_id``) and ``score``, further columns ignored; or TREC's
    four columns ``query iteration document grade`` without a header.

    Raises:
        DataError: a missing column, a grade that is no whole number, a pair judged twice differently,
            or no judgement at all.

    """
    qrels: Qrels = {}
    places: tuple[int, int, int] | None = None
    split = re.compile(r"\t").split
    for number, line in lines(path):
        if not line.strip():
            continue
        if places is None:
            is_table = line.split("\t")[0].strip().lower() in _HEADER
            places = _columns(path, line.split("\t")) if is_table else (0, 2, 3)
            if is_table:
                continue
            split = re.compile(r"\s+").split
        fields = [value.strip() for value in split(line.strip("\r\n "))]
        if len(fields) <= max(places):
            raise DataError(
                path, f"{len(fields)} columns", line=number, expected=f"at least {max(places) + 1} columns"
            )
        query_id, document_id = fields[places[0]], fields[places[1]]
        for place, value in zip(places, (query_id, document_id), strict=False):
            if not value:
                raise DataError(path, "an empty id", line=number, column=place + 1, expected="an id")
        grade = _grade(path, number, places[2] + 1, fields[places[2]])
        known = qrels.setdefault(query_id, {}).setdefault(document_id, grade)
        if known != grade:
            reason = f"query {query_id!r} and document {document_id!r} judged again, {known} and {grade}"
            raise DataError(path, reason, line=number, expected="one grade for a pair")
    if not qrels:
        raise DataError(path, "no judgements", expected="at least one judged pair")
    return qrels


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a judge says that the answer stands; page and case are ``None`` where the table does not say."""

    document_id: str
    grade: int
    page: int | None = None
    case_name: str | None = None


def read_evidence(path: Path) -> dict[str, list[Evidence]]:
    """Read judgements with the optional columns ``page`` and ``case_name``; several lines a pair are kept.

    Raises DataError as `read_qrels` does, and for a page that is no number.
    """
    read_qrels(path)
    found: dict[str, list[Evidence]] = {}
    names: list[str] = []
    for number, line in lines(path):
        fields = [value.strip() for value in line.split("\t")]
        if number == 1:
            names = [name.lower() for name in fields]
            if names[0] not in _HEADER:
                break
        elif line.strip():
            row = dict(zip(names, fields, strict=False))
            found.setdefault(_cell(row, set(_HEADER)) or "", []).append(_evidence(path, number, row))
    if found:
        return found
    return {q: [Evidence(d, g) for d, g in grades.items()] for q, grades in read_qrels(path).items()}


def _evidence(path: Path, number: int, row: Mapping[str, str]) -> Evidence:
    page = _cell(row, _PAGE)
    if page is not None and not page.isdecimal():
        raise DataError(path, f"page {page!r}", line=number, expected="a page number")
    return Evidence(
        document_id=_cell(row, _DOCUMENT) or "",
        grade=int(_cell(row, _SCORE) or 0),
        page=None if page is None else int(page),
        case_name=_cell(row, _CASE),
    )


def _cell(row: Mapping[str, str], names: set[str]) -> str | None:
    return next((value for name, value in row.items() if name in names and value), None)


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
