"""Names as suggestions find them: all in one text, and where their words begin in the order of what follows.

A sparse suffix array (Manber & Myers 1993) over `index.lexical.skeleton` of every name, which a binary search reads.
It is made when a generation's base files are written, and for what came since once more in its delta (`index.delta`).
"""

from __future__ import annotations

import json
import mmap
import os
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from corpus.segment import Segmenter, fold
from corpus.store import Store
from index.lexical import skeleton
from index.writing import save_array

NAMES = "names"
_LIST, _TEXT, _ENDS, _STARTS = "names.json", "skeletons.txt", "ends.npy", "starts.npy"
_FILES = (_LIST, _TEXT, _ENDS, _STARTS)
#: One name in the list's JSON: brackets around strings and nulls. Its file is mapped and a name read when it is shown:
#: as Python's own values all of them would take four times the room, in every process that serves.
_ENTRY = re.compile(rb'\[(?:[^"\[\]]|"(?:[^"\\]|\\.)*+")*+\]')
_COMPARED_CHARS = 24
_WORDS_A_NAME = 16
_READ = 400
"""Places read of those where the typed text begins a word: a single letter begins thousands."""


@dataclass(frozen=True, slots=True)
class Name:
    """Something with a name.

    Attributes:
        text: the name.
        kind: ``place``, ``case``, ``heading`` or ``document``.
        target: the case's or document's id, the province of a place; else ``None``.
        document_id: one that has the heading.
    """

    text: str
    kind: str
    target: str | None = None
    document_id: str | None = None


class NameTable:
    """Read-only; open with `read`."""

    def __init__(
        self,
        names: mmap.mmap,
        places: memoryview[int],
        text: str,
        ends: memoryview[int],
        starts: memoryview[int],
    ) -> None:
        self._names = names
        self._places = places
        self._text = text
        self._ends = ends
        self._starts = starts

    @classmethod
    def read(cls, folder: Path) -> NameTable:
        """Open the table that `write` wrote into ``folder`` (a generation's, or its delta's).

        Raises:
            ValueError: its files are not of one making.
        """
        at = folder / NAMES
        ends = _array(at / _ENDS)
        places = np.empty(len(ends), dtype=np.int64)
        # Read, not mapped: whatever of a mapped file was ever touched counts as this process' memory.
        if _entries(np.frombuffer((at / _LIST).read_bytes(), dtype=np.uint8), places) != len(ends):
            raise ValueError(f"{_LIST} and {_ENDS} differ")
        text = (at / _TEXT).read_text(encoding="utf-8")
        return cls(_mapped(at / _LIST), places.data, text, ends, _array(at / _STARTS))

    def matching(self, wanted: str, words: Sequence[str]) -> list[Name]:
        """Names with a word that begins like ``wanted``, else names that hold all of several words.

        Args:
            wanted: the typed text's skeleton.
            words: the skeletons of its words.
        """
        found = self._beginning(wanted)
        if found:
            return found
        told = [word for word in words if word]
        if len(told) < 2:
            return []
        longest = max(told[:-1], key=len)
        return [one for one in self._beginning(longest) if all(w in plain(one.text) for w in told)]

    def _beginning(self, wanted: str) -> list[Name]:
        prefix, text = wanted[:_COMPARED_CHARS], self._text
        low = bisect_left(self._starts, prefix, key=lambda at: text[at : at + len(prefix)])
        high = bisect_right(self._starts, prefix, low, key=lambda at: text[at : at + len(prefix)])
        if high - low > _READ:  # names that begin so are worth more than names that hold it
            places = [at for at in self._starts[low:high] if self._first(at)][:_READ]
        else:
            places = list(self._starts[low:high])
        ranked = sorted(
            (not self._first(at), bisect_right(self._ends, at))
            for at in places
            if text.startswith(wanted, at)
        )
        return [self._name(number) for number in dict.fromkeys(number for _, number in ranked)]

    def _name(self, number: int) -> Name:
        entry = _ENTRY.match(self._names, self._places[number])
        assert entry is not None  # noqa: S101 - one was found there
        text, kind, target, document_id = json.loads(entry[0])
        return Name(str(text), str(kind), target, document_id)

    def _first(self, at: int) -> bool:
        return at == 0 or self._text[at - 1] == "\n"


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """`skeleton`, remembered for the texts asked for most."""
    return skeleton(text)


def write(folder: Path, names: Iterable[Name], segmenter: Segmenter) -> None:
    """Write the table of some names, the ones to be shown first before the others, into a new folder ``names``."""
    listed: list[tuple[str | None, ...]] = []
    parts: list[str] = []
    starts, ends, end = array("q"), array("q"), 0
    for name in names:
        letters, begins = _begins(name.text, segmenter)
        if not letters:
            continue
        starts.extend(end + begin for begin in begins)
        parts.append(letters)
        end += len(letters) + 1
        listed.append((name.text, name.kind, name.target, name.document_id))
        ends.append(end)
    text = "\n".join(parts)
    ordered = sorted(starts, key=lambda at: text[at : at + _COMPARED_CHARS])
    at = folder / NAMES
    at.mkdir()
    (at / _LIST).write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    (at / _TEXT).write_text(text, encoding="utf-8")
    save_array(at / _ENDS, np.asarray(ends, dtype=np.int64))
    save_array(at / _STARTS, np.asarray(ordered, dtype=np.int64))


def link(base: Path, generation: Path) -> None:
    """Hard links of one generation's base table in another, in the making."""
    (generation / NAMES).mkdir()
    for name in _FILES:
        os.link(base / NAMES / name, generation / NAMES / name)


def names_of(store: Store, since: int = 0) -> Iterator[Name]:
    """Everything with a name that came after a change, shorter ones first within a kind."""
    cases = store.case_names(since)
    provinces = sorted({province for _, _, province in cases if province})
    yield from (Name(province, "place", province) for province in provinces)
    told = sorted(cases, key=lambda case: (len(case[1]), case))
    yield from (Name(name, "case", case_id) for case_id, name, _ in told)
    names = {name for _, name, _ in cases}
    headings = [(heading, where) for heading, where in store.headings(since) if heading not in names]
    for heading, where in sorted(headings, key=lambda one: (len(one[0]), one)):
        yield Name(heading, "heading", None, where)
    titles = [(title, document_id) for document_id, title in store.all_titles(since)]
    for title, document_id in sorted(titles, key=lambda one: (len(one[0]), one)):
        yield Name(title, "document", document_id)


def lives(name: Name, store: Store) -> bool:
    """Whether the corpus still has what a table names."""
    if name.kind == "document":
        return store.titles([name.target or ""]).get(name.target or "") == name.text
    if name.kind == "case":
        info = store.case(name.target or "")
        return info is not None and info.case.name == name.text
    if name.kind == "heading":
        return store.has_heading(name.document_id or "", name.text)
    return store.has_province(name.text)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _array(path: Path) -> memoryview[int]:
    """Numbers in a mapped file, as Python's own view: a binary search asks for one at a time, which numpy answers slowly."""
    mapped: NDArray[np.int64] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    return mapped.data


@compiled
def _entries(data: NDArray[np.uint8], places: NDArray[np.int64]) -> int:
    """Fill in where each entry of a JSON list of lists begins, as far as there is room; how many there are."""
    count, quoted, at = 0, False, 1
    while at < len(data):
        if data[at] == 0x22:  # "
            quoted = not quoted
        elif quoted and data[at] == 0x5C:  # what follows a backslash ends nothing
            at += 1
        elif not quoted and data[at] == 0x5B:  # [
            if count < len(places):
                places[count] = at
            count += 1
        at += 1
    return count


def _begins(text: str, segmenter: Segmenter) -> tuple[str, list[int]]:
    """A name's skeleton and where in it words begin."""
    letters = ""
    begins: list[int] = []
    for word in segmenter.words(fold(text)):
        part = skeleton(word)
        if part and len(begins) < _WORDS_A_NAME:
            begins.append(len(letters))
        letters += part
    return letters, begins
