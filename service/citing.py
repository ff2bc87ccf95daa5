"""A passage as a reference that people paste: plain, APA as Thai writers use it, BibTeX.

Years are stated in the Buddhist era where people read them; BibTeX's ``year`` is a Gregorian year, as
every program that sorts or prints it takes it for one, and its note says the Buddhist one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from corpus.records import Citation
from service.pages.marking import whole_clusters

_QUOTE_CHARS = 240
_BE_MINUS_CE = 543
_FIRST_BE_YEAR = 2400
_YEAR = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_BIBTEX = {
    # A backslash before a brace does not take it out of BibTeX's count of braces: only a command does.
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    **{char: f"\\{char}" for char in "$&#%_"},
}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference states. ``author`` is an organisation; empty strings and ``None`` are left out.

    ``year_be`` counts in the Buddhist era; ``url`` is absolute.
    """

    passage_id: str
    document_id: str
    author: str
    title: str
    page: int
    source: str
    year_be: int | None
    quote: str
    url: str


def reference(passage_id: str, citation: Citation, metadata: Mapping[str, str], url: str) -> Reference:
    """What is known of a citation's work, from its case and its document's ``metadata``."""
    case = citation.case
    year = case.year_be if case is not None and case.year_be else _year_be(metadata)
    author = metadata.get("author") or metadata.get("organisation") or (case.name if case else "")
    return Reference(
        passage_id=passage_id,
        document_id=citation.document_id,
        author=_line(author),
        title=_line(citation.title),
        page=citation.page,
        source=_line(metadata.get("source", "")),
        year_be=year,
        quote=_shortened(_line(citation.quote)),
        url=url,
    )


def _year_be(metadata: Mapping[str, str]) -> int | None:
    """The Buddhist-era year that a document's metadata names, in either era."""
    found = _YEAR.search(metadata.get("year_be") or metadata.get("date") or "")
    if found is None:
        return None
    year = int(found[0])
    return year if year >= _FIRST_BE_YEAR else year + _BE_MINUS_CE


def plain(cited: Reference) -> str:
    """The quote and where it stands, in a sentence: for a message or a footnote."""
    author = cited.author if cited.author not in cited.title else ""
    year = f"พ.ศ. {cited.year_be}" if cited.year_be else ""
    place = ", ".join(part for part in (author, cited.title, year, f"หน้า {cited.page}") if part)
    source = f" ที่มา: {cited.source}." if cited.source else ""
    return (
        f"“{cited.quote}” — {place}.{source} {cited.url}" if cited.quote else f"{place}.{source} {cited.url}"
    )


def apa(cited: Reference) -> str:
    """APA as Thai universities teach it: organisation, (year of the Buddhist era), title, page, source, address."""
    year = str(cited.year_be) if cited.year_be else "ม.ป.ป."
    title = f"{cited.title} (น. {cited.page})"
    # A work without an author is listed by its title.
    head = f"{cited.author}. ({year}). {title}" if cited.author else f"{title}. ({year})"
    return ". ".join(part for part in (head, cited.source, cited.url) if part)


def bibtex(cited: Reference) -> str:
    """One entry with a key of ASCII letters, whatever the document is called."""
    year = cited.year_be - _BE_MINUS_CE if cited.year_be else None
    note = f"หน้า {cited.page}" + (f", พ.ศ. {cited.year_be}" if cited.year_be else "")
    fields = {
        # The second pair of braces keeps an organisation from being read as first and last name.
        "author": f"{{{_escaped(cited.author)}}}" if cited.author else "",
        "title": f"{{{_escaped(cited.title)}}}",
        "year": str(year or ""),
        "howpublished": _escaped(cited.source),
        "note": _escaped(note),
        "url": re.sub(r"[\s{}\\]", lambda found: f"%{ord(found[0]):02X}", cited.url),
        "langid": "thai",
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{{_key(cited)},\n{lines}}}"


STYLES: Mapping[str, Callable[[Reference], str]] = {"plain": plain, "apa": apa, "bibtex": bibtex}


def _key(cited: Reference) -> str:
    """The document, the page, and some of the passage's id, so that two passages of a page differ."""
    name = re.sub(r"[^a-z0-9]+", "-", cited.document_id.lower()).strip("-")
    name = name if re.match("[a-z]", name) else f"karani-{_digest(cited.document_id)}"
    return f"{name[:60]}-p{cited.page}-{_digest(cited.passage_id)}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:6]


def _escaped(text: str) -> str:
    return "".join(_BIBTEX.get(char, char) for char in text)


def _line(text: str) -> str:
    """One line of visible text: a reference is pasted where line breaks and invisible marks do harm."""
    return " ".join(_INVISIBLE.sub(" ", unicodedata.normalize("NFC", text)).split())


def _shortened(quote: str) -> str:
    if len(quote) <= _QUOTE_CHARS:
        return quote
    _, end = whole_clusters(quote, 0, _QUOTE_CHARS)
    space = quote.rfind(" ", _QUOTE_CHARS // 2, end)
    return f"{quote[: space if space > 0 else end].rstrip()} …"
