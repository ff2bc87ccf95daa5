"""Questions from a spreadsheet: a CSV or TSV table, one expected document a row.

Columns are found by their names, English or Thai, in any order and case:

=============  ==========================================================  ======================================
column         names                                                       holds
=============  ==========================================================  ======================================
question       question, query, text, คำถาม                                the question; repeated for each document
document       document, document_id, file, เอกสาร, ไฟล์                    a file's name or a document's id; empty
                                                                           where nothing answers
page           page, หน้า                                                   page number, optional
case           case, case_name, กรณี, หน่วยงาน                               the case's name, optional
grade          grade, score, relevance, คะแนน                              0 no, 1 helps, 2 answers; default 2
id             id, query_id, รหัส                                           names the question, optional
answer         answer, คำตอบ                                                the accepted answer, optional
evidence       evidence, quote, หลักฐาน                                     the sentence that answers, optional
=============  ==========================================================  ======================================

Any other column becomes metadata of the question (``type``, ``register``, …).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from corpus.readers import SUFFIXES
from corpus.readers.encodings import BinaryError, decode
from eval.datasets import Dataset, Query, check_documents
from eval.errors import DataError
from eval.qrels import Evidence, Place, relevance_level

SUFFIXES_READ = (".csv", ".tsv")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "query", "text", "คำถาม"),
    "document": ("document", "document_id", "document-id", "corpus-id", "file", "เอกสาร", "ไฟล์"),
    "page": ("page", "หน้า"),
    "case": ("case", "case_name", "กรณี", "หน่วยงาน"),
    "grade": ("grade", "score", "relevance", "คะแนน"),
    "id": ("id", "_id", "query_id", "query-id", "รหัส"),
    "answer": ("answer", "คำตอบ"),
    "evidence": ("evidence", "quote", "หลักฐาน"),
}
_GRADE = 2
# What ingestion replaces in a file's name when it makes an id of it.
_NOT_IN_IDS = re.compile(r"[^0-9A-Za-z\u0e00-\u0e7f._-]+")


@dataclass(slots=True)
class _Rows:
    """What the rows read so far make of each question, by its id."""

    queries: dict[str, Query] = field(default_factory=dict)
    evidence: dict[str, list[Evidence]] = field(default_factory=dict)
    judged_at: dict[str, Place] = field(default_factory=dict)


def load_table(path: Path, split: str, corpus: Path, level: int | None = None) -> Dataset:
    """Read a table of questions over a corpus file or a folder of texts.

    Rows of one question (the same id, or the same text) are judgements of several documents. Where the table has
    a column ``split``, only its rows are read. Raises DataError with line and column for whatever is wrong.
    """
    if not corpus.exists():
        raise DataError(corpus, "no such corpus", expected="a corpus.jsonl or a folder of texts")
    rows = _Rows()
    for number, row, columns in _table(path):
        if row.get("split", split) in (split, ""):
            _add(path, number, row, columns, rows)
    if not rows.evidence:
        raise DataError(path, "no question with a document", expected="at least one row with both")
    qrels = {q: {e.document_id: e.grade for e in found} for q, found in rows.evidence.items()}
    is_beir = corpus.is_file() and ".jsonl" in corpus.suffixes
    if is_beir:
        check_documents(rows.judged_at, corpus)
    return Dataset(
        name=path.stem,
        split=split,
        corpus=(corpus,),
        is_beir=is_beir,
        queries=tuple(query for query in rows.queries.values() if query.query_id in qrels),
        qrels=qrels,
        relevance_level=level or relevance_level(qrels),
        unanswerable=tuple(query for query in rows.queries.values() if query.query_id not in qrels),
        evidence=rows.evidence,
        judged_at=rows.judged_at,
    )


def _table(path: Path) -> Iterator[tuple[int, dict[str, str], Sequence[str]]]:
    """Yield line number, cells by column name, and the names; spreadsheets' Thai encodings are recognised."""
    try:
        text = decode(path.read_bytes()).text
    except FileNotFoundError:
        raise DataError(path, "no such file", expected="a table of questions") from None
    except (BinaryError, OSError) as error:
        raise DataError(path, str(error), expected="a table saved as CSV or TSV, not a workbook") from error
    lines = text.splitlines(keepends=True)
    if not lines or not lines[0].strip():
        raise DataError(path, "no header", line=1, expected="a first row that names the columns")
    reader = csv.reader(lines, delimiter=_delimiter(path, lines[0]), strict=True)
    names: list[str] = []
    try:
        for cells in reader:
            if not names:
                names = _names(path, cells)
            elif any(cell.strip() for cell in cells):
                if len(cells) > len(names):
                    reason = f"{len(cells)} cells under {len(names)} columns"
                    raise DataError(
                        path,
                        reason,
                        line=reader.line_num,
                        column=len(names) + 1,
                        expected="quotes around cells with commas",
                    )
                yield reader.line_num, {n: c.strip() for n, c in zip(names, cells, strict=False)}, names
    except csv.Error as error:
        raise DataError(path, str(error), line=reader.line_num, expected="well-formed CSV") from error


def _delimiter(path: Path, header: str) -> str:
    if path.suffix == ".tsv":
        return "\t"
    return max(",;\t", key=header.count)


def _names(path: Path, cells: Sequence[str]) -> list[str]:
    """Give every column its own name here, or the one it has; duplicates and missing ones are errors."""
    ours = {name: key for key, names in _NAMES.items() for name in names}
    names = [ours.get(cell.strip().lower(), cell.strip()) for cell in cells]
    for wanted in ("question", "document"):
        if wanted not in names:
            expected = f"one of {', '.join(_NAMES[wanted])}"
            raise DataError(path, f"no column for the {wanted} in {names}", line=1, expected=expected)
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        reason = f"two columns {twice[0]!r}"
        raise DataError(path, reason, line=1, column=names.index(twice[0]) + 1, expected="each column once")
    return names


def _add(path: Path, line: int, row: Mapping[str, str], columns: Sequence[str], rows: _Rows) -> None:
    question, document = row.get("question", ""), row.get("document", "")
    query_id = row.get("id", "")
    known = {query.text: i for i, query in rows.queries.items()}
    if not question and query_id in rows.queries:
        question = rows.queries[query_id].text
    if not question:
        place = columns.index("question") + 1
        raise DataError(path, "no question", line=line, column=place, expected="a question in every row")
    query_id = query_id or known.get(question, f"q{len(rows.queries) + 1:03d}")
    if any(character.isspace() for character in query_id):
        place = columns.index("id") + 1
        raise DataError(
            path, f"id {query_id!r} holds white space", line=line, column=place, expected="an id without"
        )
    earlier = rows.queries.setdefault(query_id, Query(query_id, question, _metadata(row)))
    if earlier.text != question:
        reason, place = f"id {query_id!r} names another question, {earlier.text!r}", columns.index("id") + 1
        raise DataError(path, reason, line=line, column=place, expected="one question an id")
    if document:
        place = columns.index("document") + 1
        judged = _evidence(path, line, row, columns)
        same = [e for e in rows.evidence.get(query_id, ()) if e.document_id == judged.document_id]
        if any(e.grade != judged.grade for e in same) or judged in same:
            reason = f"document {judged.document_id!r} is judged twice for this question"
            expected = "one row for a question and a document"
            raise DataError(path, reason, line=line, column=place, expected=expected)
        rows.evidence.setdefault(query_id, []).append(judged)
        rows.judged_at.setdefault(judged.document_id, (path, line, place))


def _metadata(row: Mapping[str, str]) -> dict[str, str]:
    other = {"question", "document", "page", "case", "grade", "id", "evidence", ""}
    return {name: value for name, value in row.items() if name not in other and value}


def _evidence(path: Path, line: int, row: Mapping[str, str], columns: Sequence[str]) -> Evidence:
    def number(name: str, default: int | None) -> int | None:
        value = row.get(name, "")
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            place = columns.index(name) + 1
            raise DataError(
                path, f"{name} {value!r}", line=line, column=place, expected="a whole number"
            ) from None

    grade = number("grade", _GRADE)
    return Evidence(
        document_id=document_name(row["document"]),
        grade=_GRADE if grade is None else grade,
        page=number("page", None),
        case_name=row.get("case") or None,
        quote=row.get("evidence") or None,
    )


def document_name(given: str) -> str:
    """Turn a file's name into the id that ingestion gives its document; ids stay as they are."""
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if given.lower().endswith(s)), None)
    if suffix is None:
        return given
    return _NOT_IN_IDS.sub("-", PurePath(given).name[: -len(suffix)]).strip("-.")
