"""Rankings by query, as TREC run files hold them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.errors import DataError
from eval.files import lines, written

Ranking = list[tuple[str, float]]
Run = dict[str, Ranking]


def best_per_document(hits: Iterable[tuple[str, float]]) -> Ranking:
    """Keep each document at its best passage's score: highest first, equal scores by document id."""
    best: dict[str, float] = {}
    for document_id, score in hits:
        if document_id not in best or score > best[document_id]:
            best[document_id] = score
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))


def strictly_ordered(ranking: Sequence[tuple[str, float]]) -> Ranking:
    """Keep the order given and make it survive any engine: scores fall strictly, also as 32-bit floats.

    trec_eval keeps scores in single precision and breaks ties by descending document id, others
    by file order; a run without ties means the same everywhere.
    """
    ordered: Ranking = []
    last = np.float32(np.inf)
    for document_id, score in ranking:
        value = np.float32(score)
        if not value < last:
            value = np.nextafter(last, np.float32(-np.inf))
        ordered.append((document_id, float(value)))
        last = value
    return ordered


def write_run(path: Path, run: Mapping[str, Sequence[tuple[str, float]]], tag: str) -> None:
    """Write six columns: query, ``Q0``, document, rank from 1, strictly falling score, tag without white space."""
    name = "-".join(tag.split()) or "karani"
    with written(path) as stream:
        for query_id, ranking in run.items():
            for rank, (document_id, score) in enumerate(strictly_ordered(ranking), start=1):
                # Nine digits tell any two 32-bit floats apart.
                stream.write(f"{query_id} Q0 {document_id} {rank} {score:.9g} {name}\n")


def read_run(path: Path) -> Run:
    """Read rankings by falling score, equal scores in the order of their ranks.

    Raises:
        DataError: a line without six columns, a score or rank that is no number, a document twice.

    """
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for number, line in lines(path):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 6:
            raise DataError(
                path,
                f"{len(fields)} columns",
                line=number,
                column=min(len(fields), 6) + 1,
                expected="query Q0 document rank score tag",
            )
        query_id, _, document_id, rank, score, _ = fields
        entry = (_number(path, number, 5, score), int(_number(path, number, 4, rank)))
        if document_id in found.setdefault(query_id, {}):
            reason = f"document {document_id!r} stands twice for query {query_id!r}"
            raise DataError(path, reason, line=number, column=3, expected="each document once a query")
        found[query_id][document_id] = entry
    if not found:
        raise DataError(path, "an empty run", expected="at least one line of six columns")
    return {query_id: _ranking(entries) for query_id, entries in found.items()}


def _ranking(entries: Mapping[str, tuple[float, int]]) -> Ranking:
    ordered = sorted(entries.items(), key=lambda item: (-item[1][0], item[1][1], item[0]))
    return [(document_id, score) for document_id, (score, _) in ordered]


def _number(path: Path, line: int, column: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(path, f"{text!r} is no number", line=line, column=column, expected="a finite number")
    return value
