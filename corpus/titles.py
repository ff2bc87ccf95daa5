"""A document's title where its file states none: from running headers, else from its first line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from corpus.records import Page

_VIEWER = re.compile(r"^\s*(?:Page\s+\d+\s*-|P\.\s*\d+\s*$|[\d\s]+$)")
_NOT_A_TITLE = re.compile(r"[>›»]|\d:\d\d|^(?:ที่มา|แหล่งที่มา)")
_THAI = re.compile("[ก-ฮ]")
_MIN_LETTERS = 6
_MAX_CHARS = 200


def title_of(document_id: str, pages: Sequence[Page]) -> str:
    """The header that most pages carry (the longest of equals), else a short first line, else the id.

    Headers and footers were dropped from the text by cleaning, and are read here.
    """
    seen = Counter(
        line for page in pages for line in dict.fromkeys(map(_tidy, page.dropped)) if _is_title(line)
    )
    if seen:
        return max(seen, key=lambda line: (seen[line], len(line)))
    first = pages[0].text.split("\n", 1)[0].strip() if pages else ""
    return first if _is_title(first) else document_id


def _tidy(line: str) -> str:
    words = line.split()
    half = len(words) // 2
    if words[:half] == words[half:]:  # the footers of two facing pages, glued to one line
        words = words[:half]
    return " ".join(words)


def _is_title(line: str) -> bool:
    return (
        len(line) <= _MAX_CHARS
        and len(_THAI.findall(line)) >= _MIN_LETTERS
        and not _VIEWER.match(line)
        and not _NOT_A_TITLE.search(line)
    )
