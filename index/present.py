"""From ranked passages to what people read: groups by case, highlights, citations, facets."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from corpus.cleaning import CLEANER_VERSION
from corpus.records import Case, Citation
from corpus.segment import fold
from corpus.store import Place, Store, StoredPassage
from index.hits import FoundPassage, Group
from index.queries import Query
from index.stages import Stopwatch
from index.vocabulary import FUNCTION_WORDS

_MAX_MORE = 5
_QUOTE_CHARS = 160
_SARA_AM = "\u0e33"
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
    terms = highlighted(asked)
    chosen = [found[: _MAX_MORE + 1] for found in groups]
    with watch("read"):
        stored = store.stored([hit[0].row for found in chosen for hit in found])
        passages = [one.passage for one in stored.values()]
        titles = store.titles(passage.document_id for passage in passages)
        sources = store.page_sources((passage.document_id, passage.page) for passage in passages)
    with watch("highlight"):
        marked = {row: highlights(one.passage.text, terms) for row, one in stored.items()}
    with watch("present"):
        shown = [
            [
                _found(stored[place.row], score, parts, marked[place.row], sources, titles)
                for place, score, parts in found
            ]
            for found in chosen
        ]
        return tuple(Group(found[0], tuple(found[1:])) for found in shown)


def _found(
    stored: StoredPassage,
    score: float,
    parts: Mapping[str, float],
    marked: tuple[tuple[int, int], ...],
    sources: Mapping[tuple[str, int], tuple[str, str]],
    titles: Mapping[str, str],
) -> FoundPassage:
    passage = stored.passage
    return FoundPassage(
        passage=passage,
        score=score,
        parts=parts,
        highlights=marked,
        citation=cite(stored, sources, titles, passage.start, passage.end, passage.text),
    )


def cite(
    stored: StoredPassage,
    sources: Mapping[tuple[str, int], tuple[str, str]],
    titles: Mapping[str, str],
    start: int,
    end: int,
    quoted: str,
) -> Citation:
    """A citation of ``page.text[start:end]``; ``quote`` is the beginning of it."""
    passage = stored.passage
    source, cleaner = sources.get((passage.document_id, passage.page), ("", CLEANER_VERSION))
    return Citation(
        document_id=passage.document_id,
        title=titles.get(passage.document_id, passage.document_id),
        page=passage.page,
        case=stored.case,
        start=start,
        end=end,
        source=source,
        quote=quoted[:_QUOTE_CHARS],
        cleaner=cleaner,
    )


def highlighted(asked: Query) -> tuple[str, ...]:
    """What is marked: the question's content words and their expansions, longest first."""
    unmarked = FUNCTION_WORDS | asked.replaced
    wanted = {term for term in asked.words if term not in unmarked and len(term) > 1}
    return tuple(sorted(wanted, key=lambda term: (-len(term), term)))


def highlights(text: str, terms: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Spans of ``text`` that hold one of some terms, ascending, apart, never inside a grapheme cluster.

    From the left the longest term counts that begins at a place; looking for one after the other takes an
    eighth of the time of a pattern of all of them.
    """
    folded = fold(text)
    spans: list[tuple[int, int]] = []
    reached = 0
    for start, shortness in sorted(_occurrences(folded, terms)):
        if start < reached:
            continue
        end = reached = start - shortness
        if _is_mark(text[start]) or (end < len(text) and _is_mark(text[end])):
            continue  # a word that goes on with a mark is another word
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def _occurrences(folded: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where each term begins, and the opposite of its length."""
    found = []
    for term in terms:
        at = folded.find(term)
        while at >= 0:
            found.append((at, -len(term)))
            at = folded.find(term, at + 1)
    return found


@lru_cache(maxsize=4096)
def _is_mark(character: str) -> bool:
    return character == _SARA_AM or unicodedata.category(character)[0] == "M"


def facets_of(found: Iterable[Place], cases: Mapping[str, Case]) -> dict[str, dict[str, int]]:
    """Counts over the hits' cases (and documents): facet → value → number of them."""
    owners = {place.case_id if place.case_id in cases else place.document_id: place for place in found}
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for place in owners.values():
        counts["document_id"][place.document_id] += 1
        case = cases.get(place.case_id or "")
        if case is None:
            continue
        for name in FACETS[:-1]:
            value = getattr(case, name)
            if value is not None:
                counts[name][str(value)] += 1
    return {name: dict(sorted(c.items(), key=lambda item: (-item[1], item[0]))) for name, c in counts.items()}
