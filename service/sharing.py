"""What people carry away from a result: the address of a hit, and references to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corpus.records import Citation
from corpus.store import Store
from index.hits import FoundPassage, SearchResult, page_url
from service.citing import STYLES, Reference, reference


@dataclass(frozen=True, slots=True)
class Shared:
    """One passage to pass on: ``url`` is absolute, ``texts`` holds a reference by style."""

    url: str
    texts: Mapping[str, str]


def shared_as(cited: Reference) -> Shared:
    """A reference in every style, with its address."""
    return Shared(cited.url, {style: written(cited) for style, written in STYLES.items()})


def shared_of(store: Store, result: SearchResult, site: str) -> dict[str, Shared]:
    """What to pass on of the answer (under ``""``) and of each group's best hit (under its passage's id)."""
    metadata: dict[str, Mapping[str, str]] = {}

    def shared(passage_id: str, citation: Citation) -> Shared:
        if citation.document_id not in metadata:
            info = store.document(citation.document_id)
            metadata[citation.document_id] = info.metadata if info else {}
        url = f"{site}{page_url(citation)}#cite"
        cited = reference(passage_id, citation, metadata[citation.document_id], url)
        return shared_as(cited)

    best: list[FoundPassage] = [group.best for group in result.groups]
    found = {hit.passage.passage_id: shared(hit.passage.passage_id, hit.citation) for hit in best}
    if result.answer is not None:
        found[""] = shared(result.answer.passage_id, result.answer.citation)
    return found
