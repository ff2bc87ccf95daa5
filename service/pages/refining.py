"""The states of a search as addresses: filters that combine, sort, the parts of a long result.

Every control of the results page is a link or part of one form, so each state has an address of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from service.schemas import FILTERS, SearchRequest
from service.settings import ServiceSettings

#: The filters that a search takes, in the order of the page; each may be given several times.
FACETS = FILTERS
SIZES = (10, 20, 50)
#: Longer lists of values can be searched.
SEARCHABLE = 10
_SHOWN_VALUES = 6
_NEAR_PAGES = 1

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter's value, what to call it, how many cases would be found, whether it is chosen."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter's values: the most frequent and the chosen in sight, the rest folded away."""

    name: str
    shown: tuple[Choice, ...]
    rest: tuple[Choice, ...]

    @property
    def chosen(self) -> int:
        """How many values are chosen."""
        return sum(choice.chosen for choice in self.shown)


@dataclass(frozen=True, slots=True)
class Chip:
    """A chosen value with the address without it."""

    facet: str
    value: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class PageLink:
    """One entry of the pager; ``number`` is ``None`` for a gap."""

    number: int | None
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """The way through ``total`` groups, ``size`` at a time; empty addresses where there is no way."""

    first: int
    last: int
    total: int
    links: tuple[PageLink, ...]
    previous: str
    following: str


def pairs(values: Values, without: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """A search's parameters one by one, as a form's hidden fields say them."""
    left_out = set(without)
    for name, value in values.items():
        if name in left_out or value is None or value == "":
            continue
        for one in value if isinstance(value, (tuple, list)) else (value,):
            yield name, str(one)


def search_values(search: SearchRequest, settings: ServiceSettings) -> dict[str, Any]:
    """The parameters that an address needs to say this search again; what goes without saying is left out."""
    values = search.model_dump(exclude_none=True)
    usual = {
        "system": "hybrid",
        "sort": "relevance",
        "offset": 0,
        "k": settings.default_k,
        "exact": False,
        "everything": False,
    }
    kept = {name: value for name, value in values.items() if name not in usual or value != usual[name]}
    return kept | ({"exact": "1"} if search.exact else {})


def search_url(values: Values, **changes: Any) -> str:
    """The address of a search; ``None`` leaves a parameter out."""
    return "/?" + urlencode(list(pairs({**values, **changes})))


def without(values: Values, facet: str, value: str) -> str:
    """The address of a search with one chosen value less, from its first part on."""
    left = tuple(one for one in _chosen(values, facet) if one != value)
    return search_url(values, **{facet: left}, offset=None)


def facets_of(
    counts: Mapping[str, Mapping[str, int]], values: Values, labels: Mapping[str, str]
) -> list[Facet]:
    """The filters worth showing: those that tell found cases apart, and those with a chosen value."""
    found = []
    for name in FACETS:
        chosen = _chosen(values, name)
        known = {
            **counts.get(name, {}),
            **{value: 0 for value in chosen if value not in counts.get(name, {})},
        }
        if not chosen and len(known) < 2:
            continue
        ordered = sorted(known.items(), reverse=True) if name == "year_be" else list(known.items())
        choices = [Choice(value, labels.get(value, value), n, value in chosen) for value, n in ordered]
        shown = [c for i, c in enumerate(choices) if i < _SHOWN_VALUES or c.chosen]
        found.append(Facet(name, tuple(shown), tuple(c for c in choices if c not in shown)))
    return found


def chips_of(values: Values, labels: Mapping[str, str]) -> list[Chip]:
    """Everything that narrows the search, each with the way to drop it."""
    return [
        Chip(name, value, labels.get(value, value), without(values, name, value))
        for name in FACETS
        for value in _chosen(values, name)
    ]


def pager_of(values: Values, offset: int, size: int, shown: int, total: int) -> Pager:
    """The pager under ``shown`` groups from ``offset`` on."""
    current, count = offset // size, max(1, -(-total // size))

    def at(page: int) -> str:
        return search_url(values, offset=page * size or None)

    links = [
        PageLink(None, "", False) if page is None else PageLink(page + 1, at(page), page == current)
        for page in _pages(current, count)
    ]
    return Pager(
        first=offset + 1,
        last=offset + shown,
        total=total,
        links=tuple(links) if count > 1 else (),
        previous=at(current - 1) if 0 < current <= count else "",
        following=at(current + 1) if current + 1 < count else "",
    )


def _pages(current: int, count: int) -> Sequence[int | None]:
    """The first, the last, those around the current one; ``None`` where some are left out."""
    near = {0, count - 1, *range(current - _NEAR_PAGES, current + _NEAR_PAGES + 1)}
    wanted = sorted(page for page in near if 0 <= page < count)
    pages: list[int | None] = []
    for before, page in zip([-1, *wanted], wanted, strict=False):
        if page - before == 2:
            pages.append(page - 1)  # a gap of one takes no more room than its number
        elif page - before > 2:
            pages.append(None)
        pages.append(page)
    return pages


def _chosen(values: Values, facet: str) -> tuple[str, ...]:
    value = values.get(facet)
    if value is None:
        return ()
    return tuple(str(one) for one in value) if isinstance(value, (tuple, list)) else (str(value),)
