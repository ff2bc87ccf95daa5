"""From ranked passages to what people read: groups by case, highlights, citations, facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from corpus.cited import CitedPassage, cited
from corpus.records import Case, Citation
from corpus.store import Place, Store
from index.highlighting import Spans, highlights
from index.hits import FoundPassage, Group
from index.queries import Query
from index.stages import Stopwatch
from index.vocabulary import FUNCTION_WORDS

_MAX_MORE = 5
_QUOTE_CHARS = 160
FACETS = ("province", "year_be", "kind", "award", "document_id")

#: Whose the passage is that was found, its score and each input's share of it.
Ranked = tuple[Place, float, Mapping[str, float]]


def grouped(hits: Iterable[Ranked]) -> list[list[Ranked]]:
    """Hits by case (else by document), best group first, best passage of each first."""
    members: dict[str, list[Ranked]] = {}
    for hit in hits:
        place = hit[0]
        members.setdefault(place.case_id or f"document:{place.document_id}", []).append(hit)
    return list(members.values())


def present(
    groups: Iterable[Sequence[Ranked]], asked: Query, store: Store, watch: Stopwatch
) -> tuple[Group, ...]:
    """Groups as people read them: the best passage first, a few further ones under it.

    Only the passages shown are read.
    """
    chosen = [found[: _MAX_MORE + 1] for found in groups]
    with watch("read"):
        read = cited(store, [place.row for found in chosen for place, _, _ in found])
    with watch("highlight"):
        spans = highlights([one.passage.text for one in read.values()], highlighted(asked))
        marked = dict(zip(read, spans, strict=True))
    with watch("present"):
        shown = [
            [_found(read[place.row], score, parts, marked[place.row]) for place, score, parts in found]
            for found in chosen
        ]
        return tuple(Group(found[0], tuple(found[1:])) for found in shown)


def _found(one: CitedPassage, score: float, parts: Mapping[str, float], marked: Spans) -> FoundPassage:
    passage = one.passage
    citation = Citation(
        document_id=passage.document_id,
        title=one.title,
        page=passage.page,
        case=one.case,
        start=passage.start,
        end=passage.end,
        source=one.source,
        quote=passage.text[:_QUOTE_CHARS],
        cleaner=one.cleaner,
    )
    return FoundPassage(passage, score, parts, marked, citation)


def highlighted(asked: Query) -> tuple[str, ...]:
    """What is marked: the question's content words and their expansions, longest first."""
    unmarked = FUNCTION_WORDS | asked.replaced
    wanted = {term for term in asked.words if term not in unmarked and len(term) > 1}
    return tuple(sorted(wanted, key=lambda term: (-len(term), term)))


def facets_of(found: Iterable[Place], cases: Mapping[str, Case]) -> dict[str, dict[str, int]]:
    """Counts over the hits' cases (and documents): facet → value → number of them."""
    owners = {place.case_id if place.case_id in cases else place.document_id: place for place in found}
    counts = {name: Counter[str]() for name in FACETS}
    counts["document_id"].update(place.document_id for place in owners.values())
    told = [case for place in owners.values() if (case := cases.get(place.case_id or "")) is not None]
    for name in FACETS[:-1]:
        values = (getattr(case, name) for case in told)
        counts[name].update(str(value) for value in values if value is not None)
    return {name: _commonest_first(counted) for name, counted in counts.items()}


def _commonest_first(counted: Counter[str]) -> dict[str, int]:
    """Values by how often they occur; equals in their own order."""
    return dict(sorted(sorted(counted.items()), key=itemgetter(1), reverse=True))
