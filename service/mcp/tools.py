"""The three tools. Each reads with the engine, on a worker thread, and returns values ready for JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from corpus import catalogue
from corpus.store import DocumentInfo, Store
from index.engine import Engine
from index.hits import Answer, Filters, SearchResult
from index.hits import FoundPassage as Hit
from service.documents import case_url, document_url, passage_url
from service.edge.observing import observed
from service.mcp import shapes
from service.mcp.citing import Addresses, cited, page_resource, reference
from service.pages.marking import whole_clusters
from service.questions import readable
from service.schemas import case_values

A = TypeVar("A", bound=BaseModel)
_MORE = 2
_NEAR_PAGES = 5
_SHOWN_VALUES = 40
_FILTERS = ("province", "year_be", "kind", "award", "document_id")
_PREFIXES = {"province": ("จังหวัด", "จ.")}


class ToolFaultError(Exception):
    """A call that cannot be served as it is; the message says what to do, in Thai and English."""


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """A tool's name, what it tells about itself, its shapes, and the work it does."""

    name: str
    title: str
    description: str
    arguments: type[A]
    result: type[BaseModel]
    run: Callable[[Engine, A, Addresses], dict[str, Any]]


def search(engine: Engine, asked: shapes.SearchArguments, address: Addresses) -> dict[str, Any]:
    """The answer and the best passages, each with its citation."""
    question = readable(asked.query)
    if not question:
        raise ToolFaultError("query ว่างเปล่า ให้ใส่คำถาม · query is empty: pass a question")
    filters = Filters(**_filters(asked), case_id=asked.case_id)
    result = observed(
        engine.search(question, k=asked.limit, offset=asked.offset, filters=filters, exact=asked.exact)
    )
    after = result.offset + len(result.groups)
    return {
        "query": question,
        "suggestion": result.suggestion,
        "answer": None if result.answer is None else _answer(result.answer, address),
        "results": [
            {
                "rank": rank,
                **_hit(group.best, address),
                "more": [_hit(hit, address) for hit in group.more[:_MORE]],
            }
            for rank, group in enumerate(result.groups, start=result.offset + 1)
        ],
        "total": result.total,
        "next_offset": after if result.groups and after < result.total else None,
        "generation": result.generation,
        "note": _note(result),
    }


def _note(result: SearchResult) -> str:
    if result.answer is not None:
        return "Cite every statement with its citation's cite_as and url. · อ้างอิงทุกข้อความด้วย cite_as และ url"
    if result.groups:
        return (
            "Nothing here clearly answers the question: say so; the results are only the nearest passages. "
            "· ไม่มีข้อความที่ตอบชัดเจน ให้บอกผู้ถามตามนั้น"
        )
    return (
        "Nothing was found. Try other Thai words, fewer filters, or list_cases. "
        "· ไม่พบ ลองใช้คำไทยอื่น ลดตัวกรอง หรือใช้ list_cases"
    )


def _answer(answer: Answer, address: Addresses) -> dict[str, Any]:
    return {
        "text": answer.text,
        "confidence": round(answer.confidence, 4),
        "citation": cited(answer.citation, answer.evidence, address),
    }


def _hit(hit: Hit, address: Addresses) -> dict[str, Any]:
    return {
        "passage_id": hit.passage.passage_id,
        "heading": hit.passage.heading,
        "citation": cited(hit.citation, hit.passage.text, address),
    }


def get_page(engine: Engine, asked: shapes.PageArguments, address: Addresses) -> dict[str, Any]:
    """A part of one page's cleaned text, with the passages that begin in it."""
    store = engine.store
    document = store.document(asked.document_id)
    if document is None:
        raise ToolFaultError(
            "ไม่มีเอกสารนี้ ใช้ document_id จากผลของ search หรือ list_cases · "
            "no such document: take document_id from a result of search or list_cases"
        )
    page = store.page(asked.document_id, asked.page)
    if page is None:
        there = _numbers(document.pages)
        raise ToolFaultError(f"เอกสารนี้มีหน้า {there} เท่านั้น · this document has only page {there}")
    length = len(page.text)
    if asked.start >= max(1, length):
        raise ToolFaultError(
            f"หน้านี้ยาว {length} ตัวอักษร from ต้องน้อยกว่านั้น · the page has {length} characters: from must be less"
        )
    start, end = whole_clusters(page.text, asked.start, min(length, asked.start + asked.limit))
    passages = store.page_passages(asked.document_id, asked.page)
    return {
        "document_id": document.document_id,
        "title": document.title,
        "page": page.number,
        "text": page.text[start:end],
        "from": start,
        "to": end,
        "total_chars": length,
        "next_from": end if end < length else None,
        "pages": _near(document, page.number),
        "source": page.source,
        "url": address(f"{document_url(document.document_id)}?page={page.number}"),
        "resource": page_resource(document.document_id, page.number),
        "cite_as": reference(document.title, page.number, None),
        "passages": [
            {
                "passage_id": passage.passage_id,
                "heading": passage.heading,
                "start": passage.start,
                "end": passage.end,
                "case_id": passage.case_id,
                "url": address(passage_url(passage)),
            }
            for passage in passages
            if start <= passage.start < end
        ],
    }


def _numbers(pages: Sequence[int]) -> str:
    """Page numbers in words short enough for an error.

    >>> _numbers([1, 2, 3]), _numbers([4, 9]), _numbers(range(0, 40, 2))
    ('1-3', '4, 9', '0-38 (20)')
    """
    if len(pages) > 1 and pages[-1] - pages[0] + 1 == len(pages):
        return f"{pages[0]}-{pages[-1]}"
    return ", ".join(map(str, pages)) if len(pages) <= 12 else f"{pages[0]}-{pages[-1]} ({len(pages)})"


def _near(document: DocumentInfo, number: int) -> list[int]:
    at = document.pages.index(number)
    return list(document.pages[max(0, at - _NEAR_PAGES) : at + _NEAR_PAGES + 1])


def list_cases(engine: Engine, asked: shapes.CasesArguments, address: Addresses) -> dict[str, Any]:
    """Cases that match every filter, a part at a time."""
    store, filters = engine.store, _filters(asked)
    wanted = catalogue.CaseFilter(find=asked.name or "", **filters)
    part = catalogue.cases(store, wanted, sort=asked.sort, offset=asked.offset, limit=asked.limit)
    after = asked.offset + len(part.entries)
    return {
        "total": part.total,
        "offset": asked.offset,
        "next_offset": after if part.entries and after < part.total else None,
        "cases": [
            {
                **case_values(one.case),
                "document_id": one.document_id,
                "passages": one.passages,
                "url": address(case_url(one.case.case_id)),
            }
            for one in part.entries
        ],
        "note": "" if part.total else _no_case(store, filters),
    }


def _filters(asked: shapes.CaseFilters) -> dict[str, Any]:
    """The filters that are set; a province may come with the word for province before it."""
    found = {}
    for name in _FILTERS:
        value = getattr(asked, name)
        for prefix in _PREFIXES.get(name, ()) if isinstance(value, str) else ():
            value = value.removeprefix(prefix).strip() or value
        if value is not None:
            found[name] = value
    return found


def _no_case(store: Store, wanted: Mapping[str, Any]) -> str:
    """Which values there are for the first filter that no case has."""
    facets = catalogue.case_facets(store, catalogue.CaseFilter())
    for name, value in wanted.items():
        there = facets.get(name)
        if there is not None and str(value) not in there:
            shown = ", ".join(list(there)[:_SHOWN_VALUES]) + (" …" if len(there) > _SHOWN_VALUES else "")
            return f"ไม่มีกรณีที่ {name} เป็นค่านี้ · no case has this {name}; there are: {shown or '-'}"
    return "ไม่มีกรณีที่ตรงทุกเงื่อนไข ลดตัวกรองลง · no case matches all of it: use fewer filters"


TOOLS: Mapping[str, Tool[Any]] = {
    tool.name: tool
    for tool in (
        Tool(
            "search",
            "ค้นหากรณีศึกษา · Search the cases",
            "Ask the corpus of Thai case texts a question. Gives the short answer, or null when nothing answers, "
            "and the best passages grouped by case (กรณี). Every citation holds the exact quote, document, page, "
            "start and end, and a url that opens the page at the quote: cite with them. Ask in Thai where you can; "
            "everyday words, typing slips and Thai digits are fine. ใช้ถามคำถามจากคลังกรณีศึกษา เช่น ใครทำเรื่องขยะ",
            shapes.SearchArguments,
            shapes.SearchFound,
            search,
        ),
        Tool(
            "get_page",
            "อ่านหน้าที่อ้างอิง · Read a cited page",
            "Read the text of one page of a document, for the context around a citation. Offsets count code points "
            "of the page's text; long pages come in parts (from, limit, next_from). ใช้อ่านข้อความรอบจุดที่อ้างอิง",
            shapes.PageArguments,
            shapes.PageFound,
            get_page,
        ),
        Tool(
            "list_cases",
            "รายชื่อกรณี · List the cases",
            "List the cases (one organisation's story each) by name, narrowed by province, year, kind of "
            "organisation, award, document or part of the name. Use it to count, to compare, or to find the values "
            "that search's filters take. ใช้ดูว่ามีกรณีใดบ้าง ในจังหวัดใด ปีใด",
            shapes.CasesArguments,
            shapes.CasesFound,
            list_cases,
        ),
    )
}
