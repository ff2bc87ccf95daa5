"""The numbered passages that an answer may be written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from index.answers import known_beside
from index.hits import FoundPassage, SearchResult


@dataclass(frozen=True, slots=True)
class Source:
    """A passage, its number in the answer, and what is known beside its text: title, case, heading."""

    number: int
    found: FoundPassage
    beside: str

    @property
    def text(self) -> str:
        """The passage's text."""
        return self.found.passage.text


def sources_of(result: SearchResult, limit: int) -> tuple[Source, ...]:
    """The passage that the extractive answer stands on, each case's best one, then further ones of the first."""
    answer = result.answer
    first = [found for found in _all(result) if answer and found.passage.passage_id == answer.passage_id]
    chosen: dict[str, FoundPassage] = {}
    for found in [*first, *_in_turn(result)]:
        chosen.setdefault(found.passage.passage_id, found)
    numbered = enumerate(list(chosen.values())[:limit], start=1)
    return tuple(Source(number, found, known_beside(found)) for number, found in numbered)


def _all(result: SearchResult) -> Iterator[FoundPassage]:
    for group in result.groups:
        yield group.best
        yield from group.more


def _in_turn(result: SearchResult) -> Iterable[FoundPassage]:
    """The first case's two best, the other cases' best, then what is left, in order."""
    heads = [found for group in result.groups[:1] for found in (group.best, *group.more[:1])]
    return [*heads, *(group.best for group in result.groups[1:]), *_all(result)]
