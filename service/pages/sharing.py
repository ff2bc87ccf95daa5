"""What people carry away from a result: the address of a hit, and references to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from corpus.records import Citation
from corpus.store import Store
from index.engine import Engine
from index.hits import SearchResult, page_url
from service.citing import STYLES, Reference, reference
from service.pages.fragments import share_url
from service.problems import not_found
from service.state import ServingDep

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Shared:
    """One passage to pass on: ``url`` is absolute, ``texts`` holds a reference by style."""

    url: str
    texts: Mapping[str, str]


@router.get("/passages/{passage_id}")
async def passage(passage_id: str, serving: ServingDep) -> RedirectResponse:
    """A short address to hand on: the viewer at the passage, by its place and by its words.

    The words are worked out here, once somebody follows the link, and not for every hit of every search.
    """

    def place(engine: Engine) -> str | None:
        store = engine.store
        found = store.passage(passage_id)
        page = store.page(found.document_id, found.page) if found else None
        if found is None or page is None:
            return None
        title = store.titles([found.document_id]).get(found.document_id, "")
        return share_url(found.document_id, found.page, page.text, found.start, found.end, title)

    address = await serving.call(place)
    if address is None:
        raise not_found("ข้อความนี้", "passage")
    return RedirectResponse(address, 302, {"Cache-Control": "private, max-age=300"})


def shared_as(cited: Reference, url: str = "") -> Shared:
    """A reference in every style, with an address to hand on: its own, or a better one."""
    return Shared(url or cited.url, {style: written(cited) for style, written in STYLES.items()})


def shared_of(store: Store, result: SearchResult, site: str) -> dict[str, Shared]:
    """What to pass on of the answer (under ``""``) and of each group's best hit (under its passage's id)."""
    metadata: dict[str, Mapping[str, str]] = {}

    def shared(passage_id: str, citation: Citation, address: str) -> Shared:
        if citation.document_id not in metadata:
            info = store.document(citation.document_id)
            metadata[citation.document_id] = info.metadata if info else {}
        # A reference names the place; the words that a browser may look for would only make it long.
        url = f"{site}{page_url(citation)}#cite"
        cited = reference(passage_id, citation, metadata[citation.document_id], url)
        return shared_as(cited, f"{site}{address}")

    found = {}
    for group in result.groups:
        passage_id = group.best.passage.passage_id
        found[passage_id] = shared(passage_id, group.best.citation, f"/passages/{quote(passage_id, safe='')}")
    if result.answer is not None:
        place = result.answer.citation
        page = store.page(place.document_id, place.page)
        address = share_url(
            place.document_id, place.page, page.text if page else "", place.start, place.end, place.title
        )
        found[""] = shared(result.answer.passage_id, place, address)
    return found
