"""Text fragments (``#:~:text=``): addresses that make a browser find and show a quotation by its words.

A browser matches whole words only, and cuts Thai into words with a dictionary of its own (ICU's), which
differs from ours. So a term begins and ends where no dictionary has a say: at white space or
punctuation. Where the quotation itself does not, the words before it (``prefix-,``) or after it
(``,-suffix``) reach to such a place; between them and the quotation no word needs to end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from service.pages.marking import whole_clusters

_LONGEST_WHOLE = 60
_TERM_CHARS = 24
_LONGEST_TERM = 300
_LONGEST_LINE = 1000
"""A quotation without any safe cut is named whole up to here: an address has to be sent."""
_CONTEXTS = (0, 8, 20, 40, 80, 160)
# Browsers compare letters without case and without tone marks.
_TONE = re.compile("[\u0e47-\u0e4e]+")
_SPACES = re.compile(r"\s+")
_HEADING = re.compile(r"#{1,6} +")


@dataclass(frozen=True, slots=True)
class _Directive:
    """The four terms, each as [start, end) of the text; empty where there is none."""

    prefix: tuple[int, int]
    head: tuple[int, int]
    tail: tuple[int, int]
    suffix: tuple[int, int]

    def spelled(self, text: str) -> str:
        """The directive, percent-encoded."""
        prefix, head, tail, suffix = (
            _encoded(text[a:b]) for a, b in (self.prefix, self.head, self.tail, self.suffix)
        )
        terms = [f"{prefix}-" if prefix else "", head, tail, f"-{suffix}" if suffix else ""]
        return ",".join(term for term in terms if term)


def text_fragment(text: str, start: int, end: int, before: str = "") -> str:
    """The directive that finds ``text[start:end]``, such as ``:~:text=...``; empty where nothing shows.

    Args:
        text: the page as it is shown, lines as in `corpus.records.Page.text`.
        start: where the quotation begins, in code points.
        end: one past its last.
        before: what stands above the text on the same web page, where the words must not be found first.
    """
    start, end = _shown(text, *whole_clusters(text, start, end))
    if start >= end:
        return ""
    above = _comparable(f"{before}\n{text[:start]}")
    wanted = len(above), len(above + _comparable(text[start:end]))
    comparable = _comparable(f"{before}\n{text}")
    directive = None
    for directive in _candidates(text, start, end):
        if _finds(comparable, directive, text, wanted):
            break
    return ":~:text=" + directive.spelled(text) if directive else ""


def share_url(document_id: str, page: int, text: str, start: int, end: int, title: str = "") -> str:
    """The page viewer's address for handing on: at the mark, and at the words where a browser knows how.

    ``text`` is the page's; ``title`` the document's, which stands above it in the viewer.
    """
    place = urlencode({"page": page, "start": start, "end": end})
    fragment = text_fragment(text, start, end, title)
    return f"/documents/{quote(document_id, safe='')}?{place}#cite{fragment}"


def _shown(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space around it and without the marks of a heading, which no page prints."""
    while start < end and (text[start].isspace() or _at_heading_mark(text, start)):
        start += 1
    while end > start and (text[end - 1].isspace() or _at_heading_mark(text, end - 1)):
        end -= 1
    return start, end


def _at_heading_mark(text: str, at: int) -> bool:
    line = text.rfind("\n", 0, at) + 1
    marks = _HEADING.match(text, line)
    return bool(marks and at < marks.end())


def _candidates(text: str, start: int, end: int) -> Iterator[_Directive]:
    """Directives from short to long: more words at the ends, then more context around them."""
    heads = list(_heads(text, start, end))
    for chars in _CONTEXTS:
        prefix = _prefix(text, start, chars)
        for head, tail in heads:
            for suffix in dict.fromkeys((_suffix(text, end, 0), _suffix(text, end, chars))):
                yield _Directive(prefix, head, tail, suffix)


def _heads(text: str, start: int, end: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """How to name the quotation: whole, or by its first and last words; never across lines."""
    one_line = "\n" not in text[start:end]
    nothing = (end, end)
    if one_line and end - start <= _LONGEST_WHOLE:
        yield (start, end), nothing
        return
    for chars in (_TERM_CHARS, 2 * _TERM_CHARS, 4 * _TERM_CHARS):
        head, tail = _first_words(text, start, end, chars), _last_words(text, start, end, chars)
        if head[1] <= tail[0]:
            yield head, tail
    if one_line and end - start <= _LONGEST_TERM:
        yield (start, end), nothing
    # Lines without a safe cut inside them: the first and the last as they are.
    first, last = _first_words(text, start, end, end), _last_words(text, start, end, end)
    if max(first[1] - first[0], last[1] - last[0]) <= _LONGEST_LINE:
        yield first, last


def _first_words(text: str, start: int, end: int, chars: int) -> tuple[int, int]:
    line_end = text.find("\n", start, end)
    last = line_end if line_end >= 0 else end
    cut = next((at for at in range(min(start + chars, last), last) if _safe(text, at)), last)
    return start, len(text[:cut].rstrip()) if cut > start else cut


def _last_words(text: str, start: int, end: int, chars: int) -> tuple[int, int]:
    first = max(start, text.rfind("\n", start, end) + 1)
    marks = _HEADING.match(text, first, end)
    first = marks.end() if marks else first
    cut = next((at for at in range(max(end - chars, first), first, -1) if _safe(text, at)), first)
    while cut < end and text[cut].isspace():
        cut += 1
    return cut, end


def _prefix(text: str, start: int, chars: int) -> tuple[int, int]:
    """The words before the quotation; with ``chars`` 0 only as far as no word is cut."""
    if not chars and _safe(text, start):
        return start, start
    stop = len(text[:start].rstrip())
    if not stop:
        return start, start
    first = text.rfind("\n", 0, stop) + 1
    marks = _HEADING.match(text, first, stop)
    first = marks.end() if marks else first
    cut = next((at for at in range(max(stop - max(chars, 1), first), first, -1) if _safe(text, at)), first)
    while cut < stop and text[cut].isspace():
        cut += 1
    return cut, stop


def _suffix(text: str, end: int, chars: int) -> tuple[int, int]:
    """The words after the quotation; with ``chars`` 0 only as far as no word is cut."""
    if not chars and _safe(text, end):
        return end, end
    begin = end
    while begin < len(text) and (text[begin].isspace() or _at_heading_mark(text, begin)):
        begin += 1
    line_end = text.find("\n", begin)
    last = line_end if line_end >= 0 else len(text)
    cut = next((at for at in range(min(begin + max(chars, 1), last), last) if _safe(text, at)), last)
    return begin, max(begin, len(text[:cut].rstrip()))


def _safe(text: str, at: int) -> bool:
    """Whether every dictionary ends a word at this place: white space is beside it, or an edge of the text."""
    return at <= 0 or at >= len(text) or text[at - 1].isspace() or text[at].isspace()


def _finds(comparable: str, directive: _Directive, text: str, wanted: tuple[int, int]) -> bool:
    """Whether a browser finds the span ``wanted`` of ``comparable`` first of all."""
    prefix, head, tail, suffix = (
        _comparable(text[a:b])
        for a, b in (directive.prefix, directive.head, directive.tail, directive.suffix)
    )
    start, end = wanted
    if not tail:
        return end - start == len(head) and _first(comparable, (prefix, head, suffix), 0, start) == start
    if _first(comparable, (prefix, head, ""), 0, start) != start:
        return False
    last = end - len(tail)
    return _first(comparable, ("", tail, suffix), start + len(head), last) == last


def _first(comparable: str, words: tuple[str, str, str], low: int, latest: int) -> int:
    """Where the middle words stand first between the others, white space aside; -1 where not up to ``latest``."""
    before, middle, after = words
    at = comparable.find(middle, low)
    while 0 <= at <= latest:
        end = at + len(middle)
        begins = comparable.endswith((before, f"{before} "), 0, at)
        if begins and comparable.startswith((after, f" {after}"), end):
            return at
        at = comparable.find(middle, at + 1)
    return -1


def _comparable(text: str) -> str:
    """As browsers compare: without case and tone marks, white space alike."""
    bare = _SPACES.sub(" ", _TONE.sub("", text))
    lowered = bare.lower()
    if len(lowered) == len(bare):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in bare)


def _encoded(term: str) -> str:
    """A term with everything escaped that could end it: ``,`` ``&`` and ``-`` are the directive's own."""
    return quote(term, safe="").replace("-", "%2D")
