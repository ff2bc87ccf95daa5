"""The values that every layer shares: what is read, cleaned, cut and cited.

All are frozen and slotted; behaviour lives in the modules that make them.
Offsets always count Unicode code points of a page's cleaned ``text``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Piece(NamedTuple):
    """One run of the map from a cleaned page back to its source text.

    ``text[start:start + length]`` came from
    ``source_text[source_start:source_start + source_length]``.
    Equal lengths map character by character; unequal ones are one indivisible
    repair; ``source_length`` 0 is an insertion.
    """

    start: int
    length: int
    source_start: int
    source_length: int


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page exactly as a reader delivered it; ``number`` counts from 1.

    ``source``, ``sha256`` and ``reader`` are the document's unless the page states its own, as an exported one does.
    """

    number: int
    text: str
    source: str = ""
    sha256: str = ""
    reader: str = ""


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """What one reader found in one file (a file of JSON lines holds many).

    ``name`` is the id that the source itself states (a page viewer's document
    name, a JSON line's ``id``), or ``None`` when only the file's name is known.
    ``metadata`` may hold ``organisation``, ``kind``, ``province``, ``district``,
    ``year_be``, ``award``, ``source`` (what a reader should cite), ``url``; other keys are kept.
    """

    name: str | None
    title: str | None
    source: str
    sha256: str
    reader: str
    pages: tuple[SourcePage, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """A page after cleaning.

    ``pieces`` cover ``text`` without gaps. ``blocks`` are the ascending offsets
    in ``text`` at which a separate text begins (another layer or column): no passage may
    cross one. The first is always 0. ``dropped`` holds the header, footer and
    page-number lines that are not text, in source order.
    """

    text: str
    pieces: tuple[Piece, ...]
    blocks: tuple[int, ...] = (0,)
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document, with its source and the map between both texts."""

    number: int
    source: str
    sha256: str
    reader: str
    source_text: str
    text: str
    pieces: tuple[Piece, ...]
    blocks: tuple[int, ...] = (0,)
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One source work; its pages may have come from several files."""

    document_id: str
    title: str
    pages: tuple[Page, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One organisation's story inside a document; ``None`` where no source says it."""

    case_id: str
    name: str
    kind: str
    province: str | None = None
    year_be: int | None = None
    award: str | None = None


@dataclass(frozen=True, slots=True)
class CaseSpan:
    """Where a case is told: ``page.text[start:end]`` under ``heading`` (may be empty)."""

    case: Case
    page: int
    start: int
    end: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is encoded, indexed and returned: ``page.text[start:end] == text``."""

    passage_id: str
    document_id: str
    page: int
    case_id: str | None
    heading: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a passage or an evidence sentence stands, for people to check."""

    document_id: str
    title: str
    page: int
    case: Case | None
    start: int
    end: int
    source: str
    quote: str
    cleaner: str
