"""What a hit is when it is counted: a document, or a page of one, where the texts are books."""

from __future__ import annotations

from dataclasses import replace

from eval.datasets import Dataset
from eval.errors import UsageError, some
from eval.qrels import Qrels

UNITS = ("document", "page")


def page_id(document_id: str, page: int) -> str:
    """Name a page in runs and judgements: ``kpiebook62009#p25``."""
    return f"{document_id}#p{page}"


def split_page_id(given: str) -> tuple[str, int | None]:
    """Take a page's name apart; a document's own id has no page."""
    document_id, mark, page = given.rpartition("#p")
    return (document_id, int(page)) if mark and page.isdecimal() else (given, None)


def by_page(dataset: Dataset) -> Dataset:
    """Judge pages instead of documents: what the judgements say of pages becomes the grades.

    A page judged several times (for several cases on it) has its highest grade.

    Raises:
        UsageError: a judgement that names no page, or a corpus file, whose documents have none.

    """
    if dataset.is_beir:
        raise UsageError("a corpus.jsonl has documents without pages; expected --corpus with files of pages")
    without = sorted(
        {one.document_id for rows in dataset.evidence.values() for one in rows if one.page is None}
    )
    if without:
        raise UsageError(f"judged without a page: {some(without)}; expected a page in every judgement")
    qrels: Qrels = {}
    for query_id, rows in dataset.evidence.items():
        grades = qrels.setdefault(query_id, {})
        for one in rows:
            name = page_id(one.document_id, one.page or 0)
            grades[name] = max(grades.get(name, one.grade), one.grade)
    return replace(dataset, qrels=qrels)
