"""Pages saved from an on-line page viewer: they state their document's name and page number.

Such an export opens with two lines, ``Page 25 - kpiebook62009`` and ``P. 25``,
and often closes with a row of neighbouring page numbers. The whole text stays in
the page: cleaning reads those lines and drops them.
"""

from __future__ import annotations

import re
import unicodedata

from corpus.records import SourcePage

_HEADER = re.compile(
    r"^[ \t\xa0]*Page[ \t\xa0]+(?P<number>\d{1,6})[ \t\xa0]+-[ \t\xa0]+(?P<name>\S[^\n]{0,199}?)[ \t\xa0]*\n"
    r"\s*P\.[ \t\xa0]*(?P=number)[ \t\xa0]*$",
    re.MULTILINE,
)


def split_viewer(text: str) -> list[tuple[str, tuple[SourcePage, ...]]]:
    """Find the documents and pages of a viewer export, in order of appearance; empty when it is none.

    One text may hold several exports after one another. A text with anything
    before its first header is no export: it only quotes one.
    """
    headers = list(_HEADER.finditer(text))
    if not headers or text[: headers[0].start()].strip("\ufeff\f \t\r\n\xa0"):
        return []
    ends = [header.start() for header in headers[1:]] + [len(text)]
    pages: dict[str, list[SourcePage]] = {}
    start = 0
    for header, end in zip(headers, ends, strict=True):
        name = unicodedata.normalize("NFC", header["name"])
        pages.setdefault(name, []).append(SourcePage(max(1, int(header["number"])), text[start:end]))
        start = end
    return [(name, _merged(found)) for name, found in pages.items()]


def _merged(pages: list[SourcePage]) -> tuple[SourcePage, ...]:
    """One page per number, ascending; a page that was exported twice keeps both texts unless equal."""
    texts: dict[int, list[str]] = {}
    for page in pages:
        known = texts.setdefault(page.number, [])
        if page.text.strip() not in (text.strip() for text in known):
            known.append(page.text)
    return tuple(SourcePage(number, "\n".join(texts[number])) for number in sorted(texts))
