"""What every list needs beside its entries: which part is shown, and the addresses of all other states of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from service.questions import readable

SIZE = 50
_SHOWN_VALUES = 6
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that the list can be narrowed or sorted by, and the address that does it (or undoes it)."""

    value: str
    count: int
    chosen: bool
    url: str


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter's values: some in sight, the rest folded away."""

    name: str
    shown: tuple[Choice, ...]
    rest: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Part of a list of ``total`` entries at ``path``, with the ``state`` that its address says."""

    path: str
    state: Mapping[str, str]
    total: int
    offset: int
    sorts: tuple[str, ...]

    @property
    def last(self) -> int:
        """One past the part's last entry."""
        return min(self.offset + SIZE, self.total)

    @property
    def sort(self) -> str:
        """The order that is shown."""
        return self.state.get("sort", self.sorts[0])

    def url(self, **changes: Any) -> str:
        """The address of another state, from its first part unless ``offset`` says otherwise."""
        merged = {**self.state, **changes}
        if merged.get("sort") == self.sorts[0]:
            merged.pop("sort")
        query = urlencode({name: value for name, value in merged.items() if value not in (None, "", 0)})
        return f"{self.path}?{query}" if query else self.path

    @property
    def previous_url(self) -> str:
        """The part before, or nothing."""
        return self.url(offset=max(0, self.offset - SIZE)) if self.offset else ""

    @property
    def next_url(self) -> str:
        """The part after, or nothing."""
        return self.url(offset=self.last) if self.last < self.total else ""

    @property
    def orders(self) -> list[Choice]:
        """Every order that the list has."""
        return [Choice(name, 0, name == self.sort, self.url(sort=name)) for name in self.sorts]

    def facets(self, counts: Mapping[str, Mapping[str, int]]) -> list[Facet]:
        """The filters with their values; a chosen value's address drops it. None with a single unchosen value."""
        found = []
        for name, values in counts.items():
            chosen = self.state.get(name)
            known = values if chosen is None or chosen in values else {chosen: 0, **values}
            if len(known) < 2 and chosen is None:
                continue
            choices = [
                Choice(value, count, value == chosen, self.url(**{name: None if value == chosen else value}))
                for value, count in known.items()
            ]
            choices.sort(key=lambda choice: not choice.chosen)
            found.append(Facet(name, tuple(choices[:_SHOWN_VALUES]), tuple(choices[_SHOWN_VALUES:])))
        return found

    def chosen(self, names: Sequence[str]) -> list[tuple[str, Choice]]:
        """The filters that are set, each with the address without it."""
        return [
            (name, Choice(self.state[name], 0, chosen=True, url=self.url(**{name: None})))
            for name in names
            if name in self.state
        ]


def asked(request: Request, names: Sequence[str], sorts: Sequence[str]) -> dict[str, str]:
    """The state that a list's address says; what no list understands is passed over, as links collect such."""
    state = {name: readable(request.query_params.get(name, ""))[:_LONGEST] for name in names}
    sort = request.query_params.get("sort", "")
    state["sort"] = sort if sort in sorts[1:] else ""
    return {name: value for name, value in state.items() if value}


def number(request: Request, name: str) -> int | None:
    """A parameter as a number, or ``None``: an address cut short still opens its page."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def offset(request: Request) -> int:
    """Where the shown part begins, as asked; the list's end is looked for later."""
    return (number(request, "offset") or 0) // SIZE * SIZE
