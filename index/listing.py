"""Which groups of hits a search returns: in what order, from where, how many."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.store import Store, StoredPassage
from corpus.thai import dictionary_order
from index.present import Ranked

SORTS = ("relevance", "newest", "oldest", "name")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?!\d)")
_FIRST_BUDDHIST_YEAR = 2400
_ERA = 543


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of the groups found.

    Attributes:
        k: groups to return.
        offset: groups to pass over.
        sort: one of `SORTS`; ties keep the order of relevance, and what has no year comes last.
    """

    k: int = 10
    offset: int = 0
    sort: str = "relevance"

    def __post_init__(self) -> None:
        """Refuse an unknown order by name."""
        if self.sort not in SORTS:
            raise ValueError(f"sort must be one of {', '.join(SORTS)}, not {self.sort!r}")

    @property
    def is_first(self) -> bool:
        """Whether it begins with the most relevant group."""
        return self.offset == 0 and self.sort == "relevance"

    def part(self, groups: Sequence[Sequence[Ranked]], store: Store) -> Sequence[Sequence[Ranked]]:
        """The part of ``groups`` (most relevant first) that this names; ``store`` says what they are called."""
        if self.sort != "relevance":
            first = store.stored([group[0][0].row for group in groups])
            told = [(first[group[0][0].row], group) for group in groups]
            groups = self._by_name(told) if self.sort == "name" else self._by_date(told, store)
        return groups[self.offset : self.offset + self.k]

    def _by_name(
        self, groups: Sequence[tuple[StoredPassage, Sequence[Ranked]]]
    ) -> Sequence[Sequence[Ranked]]:
        ordered = sorted(groups, key=lambda one: dictionary_order(_name(one[0])))
        return [group for _, group in ordered]

    def _by_date(
        self, groups: Sequence[tuple[StoredPassage, Sequence[Ranked]]], store: Store
    ) -> Sequence[Sequence[Ranked]]:
        known = store.metadata([stored.passage.document_id for stored, _ in groups])
        dated = [(_date(stored, known), group) for stored, group in groups]
        told = [(date, group) for date, group in dated if date is not None]
        told.sort(key=lambda one: one[0], reverse=self.sort == "newest")
        return [group for _, group in told] + [group for date, group in dated if date is None]


def _name(stored: StoredPassage) -> str:
    """What a group is called: its case's name, else its document's title, which leads the passage's context."""
    return stored.case.name if stored.case is not None else stored.context.split("\n", 1)[0]


def _date(stored: StoredPassage, metadata: Mapping[str, Mapping[str, str]]) -> tuple[int, int, int] | None:
    """Buddhist-era year, month and day of a case or document as far as known; 0 for what is not."""
    if stored.case is not None and stored.case.year_be is not None:
        return (stored.case.year_be, 0, 0)
    about = metadata.get(stored.passage.document_id, {})
    found = _YEAR.search(about.get("date") or about.get("year_be") or "")
    if found is None:
        return None
    year, month, day = (int(part or 0) for part in found.groups())
    return (year if year >= _FIRST_BUDDHIST_YEAR else year + _ERA, month, day)
