"""Documents as rows of the store's tables, and back."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from corpus.records import Case, Page, Passage, Piece

if TYPE_CHECKING:
    from corpus.store import DocumentRecord

PASSAGE = 'passage_id, document_id, page, case_id, heading, text, start, "end"'
PAGE = "number, source, sha256, reader, source_text, text, pieces, blocks, dropped"
CASE = "case_id, name, kind, province, year_be, award"
#: Each table's key and what is stored of a document in it.
TABLES = {
    "documents": ("document_key", "title, metadata"),
    "pages": (
        "page_key",
        "number, source, sha256, reader, cleaner, source_text, text, pieces, blocks, dropped",
    ),
    "cases": ("case_key", CASE),
    "passages": (
        "row", 'passage_id, page, case_id, heading, text, start, "end", context, fingerprint',
    ),
}  # fmt: skip


#: Lists of values are asked for in multiples of so many: few different lengths are few statements to prepare.
_VALUES = 16


def in_list(values: Sequence[int]) -> tuple[str, list[int]]:
    """What stands between the brackets of SQL's ``IN``, and the values for it; the last one may stand there repeatedly."""
    filled = list(values)
    filled += filled[-1:] * (-len(filled) % _VALUES)
    return ",".join("?" * len(filled)), filled


def _numbers(data: bytes) -> array[int]:
    numbers = array("i")
    numbers.frombytes(data)
    return numbers


def page_of(row: Sequence[Any]) -> Page:
    """The page that a row of `PAGE` holds."""
    flat = _numbers(row[6])
    pieces = tuple(Piece(*flat[i : i + 4]) for i in range(0, len(flat), 4))
    number, source, sha256, reader, source_text, text = row[:6]
    blocks, dropped = tuple(_numbers(row[7])), tuple(json.loads(row[8]))
    return Page(number, source, sha256, reader, source_text, text, pieces, blocks, dropped)


def _context(record: DocumentRecord, passage: Passage, cases: Mapping[str, Case]) -> str:
    """What a passage is indexed together with: title, heading, and whose story it is."""
    lines = [record.title]
    case = cases.get(passage.case_id or "")
    if case is not None:
        place = f"จังหวัด{case.province}" if case.province else ""
        lines.append(" ".join(part for part in (case.name, place) if part))
    if passage.heading and passage.heading not in lines:
        lines.append(passage.heading)
    return "\n".join(line for line in lines if line)


def table_rows(record: DocumentRecord) -> dict[str, Iterator[tuple[Any, ...]]]:
    """What is to be stored of a document, by table, in the order of `_TABLES`' columns."""
    cases = {span.case.case_id: span.case for span in record.spans}
    metadata = json.dumps(dict(record.metadata), ensure_ascii=False, sort_keys=True)
    return {
        "documents": iter([(record.title, metadata)]),
        "pages": (_page_row(page, record.cleaner) for page in record.pages),
        "cases": ((c.case_id, c.name, c.kind, c.province, c.year_be, c.award) for c in cases.values()),
        "passages": (_passage_row(record, passage, cases) for passage in record.passages),
    }


def _page_row(page: Page, cleaner: str) -> tuple[Any, ...]:
    pieces = array("i", (number for piece in page.pieces for number in piece)).tobytes()
    return (
        page.number, page.source, page.sha256, page.reader, cleaner, page.source_text, page.text,
        pieces, array("i", page.blocks).tobytes(), json.dumps(page.dropped, ensure_ascii=False),
    )  # fmt: skip


def _passage_row(record: DocumentRecord, passage: Passage, cases: Mapping[str, Case]) -> tuple[Any, ...]:
    context = _context(record, passage, cases)
    case = cases.get(passage.case_id or "")
    key = repr((passage.passage_id, context, case))
    return (
        passage.passage_id, passage.page, passage.case_id, passage.heading, passage.text, passage.start,
        passage.end, context, blake2b(key.encode(), digest_size=8).hexdigest(),
    )  # fmt: skip
