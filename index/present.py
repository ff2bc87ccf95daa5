"""From ranked passages to what people read: groups by case, highlights, citations, facets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import regex

from corpus.cleaning import CLEANER_VERSION
from corpus.records import Citation
from corpus.segment import fold
from corpus.store import Store, StoredPassage
from index.hits import FoundPassage, Group
from index.queries import Query
from index.vocabulary import FUNCTION_WORDS

_MAX_MORE = 5
_QUOTE_CHARS = 160
_MARK = regex.compile(r"\p{M}|\u0e33")
FACETS = ("province", "year_be", "kind", "award", "document_id")


#: A passage that was found, its score and each input's share of it.
Ranked = tuple[StoredPassage, float, Mapping[str, float]]


def grouped(hits: Iterable[Ranked]) -> list[list[Ranked]]:
    """Hits by case (else by document), best group first, best passage of each first."""
    members: dict[str, list[Ranked]] = {}
    for hit in hits:
        passage = hit[0].passage
        members.setdefault(passage.case_id or f"document:{passage.document_id}", []).append(hit)
    return list(members.values())


def present(groups: Iterable[Sequence[Ranked]], asked: Query, store: Store) -> tuple[Group, ...]:
    """Groups as people read them: the best passage first, a few further ones under it."""
    pattern = highlight_pattern(asked)
    chosen = [found[: _MAX_MORE + 1] for found in groups]
    passages = [hit[0].passage for found in chosen for hit in found]
    titles = store.titles(passage.document_id for passage in passages)
    sources = store.page_sources((passage.document_id, passage.page) for passage in passages)
    shown = [[_found(*hit, pattern, sources, titles) for hit in found] for found in chosen]
    return tuple(Group(found[0], tuple(found[1:])) for found in shown)


def _found(
    stored: StoredPassage,
    score: float,
    parts: Mapping[str, float],
    pattern: re.Pattern[str] | None,
    sources: Mapping[tuple[str, int], tuple[str, str]],
    titles: Mapping[str, str],
) -> FoundPassage:
    passage = stored.passage
    return FoundPassage(
        passage=passage,
        score=score,
        parts=parts,
        highlights=highlights(passage.text, pattern),
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


def highlight_pattern(asked: Query) -> re.Pattern[str] | None:
    """A pattern for the question's content words and their expansions, longest first."""
    unmarked = FUNCTION_WORDS | asked.replaced
    wanted = {term for term in asked.words if term not in unmarked and len(term) > 1}
    if not wanted:
        return None
    longest_first = sorted(wanted, key=lambda term: (-len(term), term))
    return re.compile("|".join(re.escape(term) for term in longest_first))


def highlights(text: str, pattern: re.Pattern[str] | None) -> tuple[tuple[int, int], ...]:
    """Spans of ``text`` that match, ascending, apart, never inside a grapheme cluster."""
    if pattern is None:
        return ()
    spans: list[tuple[int, int]] = []
    for match in pattern.finditer(fold(text)):
        start, end = match.span()
        if _MARK.match(text, start) or _MARK.match(text, end):
            continue  # a word that goes on with a mark is another word
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def facets_of(found: Iterable[StoredPassage]) -> dict[str, dict[str, int]]:
    """Counts over the hits' cases (and documents): facet → value → number of them."""
    owners = {
        (stored.case.case_id if stored.case else stored.passage.document_id): stored for stored in found
    }
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for stored in owners.values():
        counts["document_id"][stored.passage.document_id] += 1
        for name in FACETS[:-1]:
            value = getattr(stored.case, name, None)
            if value is not None:
                counts[name][str(value)] += 1
    return {name: dict(sorted(c.items(), key=lambda item: (-item[1], item[0]))) for name, c in counts.items()}
