"""Where a quotation stands on a drawn page: its words found among the page's characters, as rectangles."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from corpus.originals import Picture
from corpus.thai import arabic_digits, without_marks

Box = tuple[int, int, int, int]

_QUOTE_CHARS = 1500
_TOLERANT_CHARS = 600
_LEAST_SHARE = 0.7
_MOST_SPREAD = 1.6


def rectangles(picture: Picture, quote: str, where: float = 0.0) -> list[Box]:
    """The lines of ``quote`` on the page as (left, top, width, height) in thousandths; empty if not found.

    The page's own characters may have lost marks, split ำ or wrap differently, so only letters and digits are
    compared. ``where`` (0 to 1) says how far down the text it stands, for words that occur more than once.
    """
    page, places = _skeleton(picture.text)
    wanted, _ = _skeleton(quote[:_QUOTE_CHARS])
    span = _exact(page, wanted, where) or _near(page, wanted)
    if span is None:
        return []
    first, last = places[span[0]], places[span[1] - 1]
    return list(_lines(picture.text[first : last + 1], picture.boxes[first : last + 1]))


def _skeleton(text: str) -> tuple[str, list[int]]:
    """Letters and digits alone, and where each stood."""
    kept, places = [], []
    for at, char in enumerate(text):
        bare = without_marks(arabic_digits(char)).lower()
        if len(bare) == 1 and unicodedata.category(bare)[0] in "LN":
            kept.append(bare)
            places.append(at)
    return "".join(kept), places


def _exact(page: str, wanted: str, where: float) -> tuple[int, int] | None:
    """The occurrence nearest to where the quotation should stand."""
    found, at = [], page.find(wanted) if wanted else -1
    while at >= 0:
        found.append(at)
        at = page.find(wanted, at + 1)
    if not found:
        return None
    best = min(found, key=lambda start: abs(start - where * len(page)))
    return best, best + len(wanted)


def _near(page: str, wanted: str) -> tuple[int, int] | None:
    """The place with most of the quotation's letters in order, if it is nearly all of them and close together."""
    wanted = wanted[:_TOLERANT_CHARS]
    if len(wanted) < 8:
        return None
    blocks = [
        b for b in SequenceMatcher(None, page, wanted, autojunk=False).get_matching_blocks() if b.size > 2
    ]
    matched = sum(block.size for block in blocks)
    if not blocks or matched < _LEAST_SHARE * len(wanted):
        return None
    start, end = blocks[0].a, blocks[-1].a + blocks[-1].size
    return (start, end) if end - start <= _MOST_SPREAD * len(wanted) else None


def _lines(text: str, boxes: Sequence[Box]) -> Iterator[Box]:
    """Boxes of characters joined into one for each line."""
    line: Box | None = None
    for char, box in zip(text, boxes, strict=True):
        left, top, right, bottom = box
        if char.isspace() or right <= left or bottom <= top:
            continue
        middle = (top + bottom) / 2
        if line and line[1] <= middle <= line[3] and left >= line[0]:
            line = (min(line[0], left), min(line[1], top), max(line[2], right), max(line[3], bottom))
        else:
            if line:
                yield line[0], line[1], line[2] - line[0], line[3] - line[1]
            line = box
    if line:
        yield line[0], line[1], line[2] - line[0], line[3] - line[1]


def svg(boxes: Sequence[Box]) -> str:
    """The rectangles as a drawing to be laid over the page's picture."""
    shapes = "".join(
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>' for x, y, width, height in boxes
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" preserveAspectRatio="none" '
        f'fill="#ffc800" fill-opacity=".38">{shapes}</svg>'
    )
