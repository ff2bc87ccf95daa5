"""The pages of cases: the list, one case's story, and the map of provinces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from corpus import catalogue
from corpus.catalogue import CASE_FACETS, CaseFilter
from corpus.records import Passage
from corpus.store import CaseInfo, DocumentInfo, Store
from index.engine import Engine
from service.citations import citation_of
from service.citing import reference
from service.documents import case_url
from service.pages import listing, provinces
from service.pages.addresses import site_of
from service.pages.fragments import share_url
from service.pages.listing import SIZE, Listing
from service.pages.rendering import PagesDep, made
from service.pages.sharing import Shared, shared_as
from service.pages.views import Corpus
from service.problems import not_found
from service.state import ServingDep

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SORTS = ("name", "newest", "province")
_FILTERS = ("find", *CASE_FACETS, "document_id")


@router.get("/cases")
async def cases_page(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """The cases that pass the filters, fifty at a time, with each filter's counts."""
    state = listing.asked(request, _FILTERS, _SORTS)
    if not _year(state):
        state.pop("year_be", None)
    wanted = _wanted(state)
    offset = listing.offset(request)

    def listed(engine: Engine, corpus: Corpus) -> HTMLResponse:
        store = engine.store
        part = catalogue.cases(store, wanted, sort=_sort(state), offset=offset, limit=SIZE)
        shown = Listing("/cases", state, part.total, offset, _SORTS)
        return pages.render(
            request,
            "cases.html",
            corpus=corpus,
            list=shown,
            cases=part.entries,
            facets=shown.facets(catalogue.case_facets(store, wanted)),
            chosen=shown.chosen((*CASE_FACETS, "document_id")),
            labels=store.titles([wanted.document_id]) if wanted.document_id else {},
            find=state.get("find", ""),
        )

    return await made(serving, pages, listed)


def _wanted(state: dict[str, str]) -> CaseFilter:
    values: dict[str, Any] = {name: state[name] for name in _FILTERS if name in state}
    if "year_be" in values:
        values["year_be"] = int(values["year_be"])
    return CaseFilter(**values)


def _year(state: dict[str, str]) -> bool:
    year = state.get("year_be", "")
    return year.isascii() and year.isdigit() and len(year) == 4


def _sort(state: dict[str, str]) -> catalogue.CaseSort:
    sorts: dict[str, catalogue.CaseSort] = {"newest": "newest", "province": "province"}
    return sorts.get(state.get("sort", ""), "name")


@dataclass(frozen=True, slots=True)
class Related:
    """How many other cases share a value with this one, and the list of them."""

    facet: str
    value: str
    others: int
    url: str


@dataclass(frozen=True, slots=True)
class Told:
    """One passage of a case: whether a new heading begins with it, and the address to hand on."""

    passage: Passage
    heading: str
    share_url: str


@dataclass(frozen=True, slots=True)
class CaseStory:
    """Everything that the store says about one case."""

    info: CaseInfo
    document: DocumentInfo | None
    told: tuple[Told, ...]
    pages: tuple[int, ...]
    related: tuple[Related, ...]
    shared: Shared | None


@router.get("/cases/{case_id}")
async def case_page(request: Request, case_id: str, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """One case: what is known of it, its passages in reading order, and cases like it."""

    def told(engine: Engine, corpus: Corpus) -> HTMLResponse:
        story = _story(engine.store, case_id, site_of(request))
        if story is None:
            raise not_found("กรณีนี้", "case")
        return pages.render(
            request,
            "case.html",
            corpus=corpus,
            story=story,
            info=story.info,
            case=story.info.case,
            document=story.document,
            shared=story.shared,
        )

    return await made(serving, pages, told)


def _story(store: Store, case_id: str, site: str) -> CaseStory | None:
    info = store.case(case_id)
    if info is None:
        return None
    document, passages = store.document(info.document_id), store.case_passages(case_id)
    title = document.title if document else ""
    texts: dict[int, str] = {}
    told, heading = [], ""
    for passage in passages:
        if passage.page not in texts:
            page = store.page(passage.document_id, passage.page)
            texts[passage.page] = page.text if page else ""
        url = share_url(
            passage.document_id, passage.page, texts[passage.page], passage.start, passage.end, title
        )
        told.append(Told(passage, "" if passage.heading == heading else passage.heading, url))
        heading = passage.heading
    pages = tuple(dict.fromkeys(passage.page for passage in passages))
    return CaseStory(
        info, document, tuple(told), pages, _related(store, info), _shared(store, info, passages, site)
    )


def _shared(store: Store, info: CaseInfo, passages: Sequence[Passage], site: str) -> Shared | None:
    """References to the case as a whole: no words of it, and its own address."""
    if not passages:
        return None
    document = store.document(info.document_id)
    url = f"{site}{case_url(info.case.case_id)}"
    cited = reference(
        passages[0].passage_id, citation_of(store, passages[0]), document.metadata if document else {}, url
    )
    return shared_as(replace(cited, quote=""))


def _related(store: Store, info: CaseInfo) -> tuple[Related, ...]:
    found = []
    for name in CASE_FACETS:
        value = getattr(info.case, name)
        if value in (None, ""):
            continue
        others = catalogue.count_cases(store, replace(CaseFilter(), **{name: value})) - 1
        if others > 0:
            found.append(Related(name, str(value), others, "/cases?" + urlencode({name: value})))
    return tuple(found)


@router.get("/provinces")
async def provinces_page(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """Thailand by province: a map of tiles, and the same as a list."""

    def mapped(engine: Engine, corpus: Corpus) -> HTMLResponse:
        counts = catalogue.case_facets(engine.store, CaseFilter(), ["province"])["province"]
        drawn = provinces.tile_map(counts)
        known = {tile.province.name for tile in drawn.tiles}
        return pages.render(
            request,
            "provinces.html",
            corpus=corpus,
            map=drawn,
            regions=provinces.REGIONS,
            cell=provinces.CELL,
            gap=provinces.GAP,
            placed=sum(count for name, count in counts.items() if name in known),
            unplaced=corpus.cases - sum(counts.values()),
        )

    return await made(serving, pages, mapped)
