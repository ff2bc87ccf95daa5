"""From what a reader delivered to the text that people read, with the way back.

``clean`` repairs characters, tells text from furniture, joins wrapped lines and
repairs Thai spelling; every character of its text can be traced to the source.
Cleaning a cleaned text changes nothing; only a text made for it needs more than `_MOST_PASSES` to settle.
"""

from __future__ import annotations

import re

from corpus import columns, furniture, layers, layout, thai
from corpus.records import CleanedPage, Piece
from corpus.tracing import Traced

#: Recorded with citations; raise it whenever the same source may clean differently, and also whenever the same cleaned
#: pages may be told (`corpus.cases`, `corpus.titles`) or cut (`corpus.passages`) differently: a document that was made
#: of the same pages by the same version is not made again.
CLEANER_VERSION = "1"
_MOST_PASSES = 64
#: What a terminal puts around coloured text (ECMA-48): pasted along, its letters and digits are no words.
CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def clean(source_text: str, *, paged: bool = True) -> CleanedPage:
    """Clean one page.

    Args:
        source_text: the page exactly as its reader delivered it; any length, any characters.
        paged: whether the text may come from a page of paper, with lines wrapped at a margin, columns and
            layers. Where the format itself says what a paragraph is, lines are left as they are.

    Returns:
        The text, the map to ``source_text``, where separate texts begin, and the dropped lines.
    """
    traced, dropped = _pass(Traced(source_text), paged)
    for _ in range(_MOST_PASSES):  # the first finds nothing to do on all but strange input
        again, lost = _pass(Traced(traced.text, marks=traced.marks), paged)
        if again.text == traced.text:
            break
        traced = traced.after(again)
        dropped += lost
    starts = [mark for mark in traced.marks if 0 < mark < len(traced.text)]
    return CleanedPage(traced.text, tuple(map(Piece._make, traced.pieces)), (0, *starts), tuple(dropped))


def _pass(traced: Traced, paged: bool) -> tuple[Traced, list[str]]:
    traced = thai.characters(traced)
    glyphs = thai.glyph_places(traced.text)
    traced = thai.glyphs(traced)
    body, lost = furniture.peel(layout.lines_of(traced.text))
    if not paged:
        return thai.repair(layout.flow(traced, [[[line] for line in body]])), [line.text for line in lost]
    layered = layers.separate(body, glyphs)
    blocks = layered.blocks if layered else columns.separate(body)
    lost += layered.stray if layered else []
    flowed = layout.flow(traced, [layout.paragraphs(block) for block in blocks])
    lost.sort(key=lambda line: line.start)
    return thai.repair(flowed), [thai.repair(Traced(line.text)).text.strip() for line in lost]


def clean_query(text: str) -> str:
    """A query with the same spelling as cleaned pages: one line, repaired, no layout.

    Args:
        text: what a person typed.
    """
    text = CONTROL_SEQUENCE.sub("", text)
    for _ in range(_MOST_PASSES):
        traced = thai.glyphs(thai.characters(Traced(text)))
        cleaned = thai.repair(Traced(" ".join(traced.text.split()))).text.strip()
        if cleaned == text:
            break
        text = cleaned
    return text
