"""Other names of the same thing: acronyms, everyday and official words, English, provinces.

``synonyms.tsv`` holds a group a line, its names separated by tabs; written for this
project. A question that uses one name of a group also searches for the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from corpus.gazetteer import place_names
from corpus.segment import fold
from index.names import key, places

TABLE = Path(__file__).with_name("synonyms.tsv")
_NOT_LETTERS = re.compile(r"[\s.\-–'’()/,ฯ]")
_LATIN = re.compile("[a-z]+")
_MOST_TERMS, _MOST_LATIN_TERMS = 10, 4
_SHORT = 2
"""Thai abbreviations of up to this many letters count only with their dots."""


@cache
def groups() -> tuple[tuple[str, ...], ...]:
    """All groups, as written."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("#"))


@cache
def _by_name() -> Mapping[str, tuple[int, ...]]:
    """Numbers of the groups that have a name, by its bare letters."""
    found: dict[str, list[int]] = {}
    for number, group in enumerate(groups()):
        for name in dict.fromkeys(bare(name) for name in group if not _dotted(name)):
            found.setdefault(name, []).append(number)
            if _LATIN.fullmatch(name) and name[-1] != "s":
                found.setdefault(f"{name}s", []).append(number)
    return {name: tuple(numbers) for name, numbers in found.items() if name}


@cache
def _abbreviations() -> tuple[re.Pattern[str], Mapping[str, int]]:
    """Short abbreviations, with their dots or standing alone, and the group of each."""
    short = {bare(name): number for number, group in enumerate(groups()) for name in group if _dotted(name)}
    spelled = sorted((r"\.?".join(letters) for letters in short if len(letters) > 1), key=len, reverse=True)
    pattern = f"(?<![ก-๎.])(?:{'|'.join(spelled)})(?:\\.|(?![ก-๎]))"
    return re.compile(pattern), short


@cache
def _romanised() -> Mapping[str, int]:
    """Groups of places by the key of their Latin names."""
    return {
        key(name): number
        for number, group in enumerate(groups())
        if _is_place(group)
        for name in group
        if name.isascii()
    }


@lru_cache(maxsize=8192)
def bare(name: str) -> str:
    """A name's folded letters and digits alone.

    >>> bare("รพ.สต.") == bare("รพสต")
    True
    """
    return _NOT_LETTERS.sub("", fold(name))


def other_names(folded: str, terms: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """For each name that a question uses: the other names of the same thing.

    Args:
        folded: the whole question.
        terms: its terms in order; of overlapping names the longest counts.
    """
    for name in _named(terms):
        for number in _by_name()[name]:
            yield tuple(other for other in groups()[number] if bare(other) != name)
    pattern, short = _abbreviations()
    for found in dict.fromkeys(map(bare, pattern.findall(folded))):
        yield tuple(other for other in groups()[short[found]] if bare(other) != found)
    yield from _places(terms)


@cache
def _longest_name() -> int:
    return max(map(len, _by_name()))


def _named(terms: Sequence[str]) -> Iterator[str]:
    """Bare names that terms together make, from the left, the longest first, none inside another."""
    plain = [bare(term) for term in terms]
    known, longest = _by_name(), _longest_name()
    start = 0
    while start < len(plain):
        name, found, after = "", "", start + 1
        for end, term in enumerate(plain[start : start + _MOST_TERMS], start + 1):
            name += term
            if len(name) > longest:
                break
            if name in known:
                found, after = name, end
        if found:
            yield found
        start = after


def _places(terms: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Thai names of the places that Latin terms spell."""
    if not any(map(_LATIN.fullmatch, terms)):
        return
    for start in range(len(terms)):
        for end in range(start + 1, min(len(terms), start + _MOST_LATIN_TERMS) + 1):
            if not _LATIN.fullmatch(terms[end - 1]):
                break
            spelled = key("".join(terms[start:end]))
            if spelled in _romanised():
                yield tuple(name for name in groups()[_romanised()[spelled]] if not name.isascii())
            elif spelled in places():
                yield places()[spelled]


def _is_place(group: Sequence[str]) -> bool:
    return any(name in place_names() for name in group)


def _dotted(name: str) -> bool:
    """Whether it is an abbreviation too short to be told from a piece of a word without its dots."""
    return "." in name and not name.isascii() and len(bare(name)) <= _SHORT
