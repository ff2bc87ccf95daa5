from __future__ import annotations

import re

import numpy as np
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.segment import fold
from index.highlighting import Spans, _is_mark, _tables, highlights

_THAI = "กขคนำ่ัา ๑1aA"
_texts = st.text(alphabet=_THAI, max_size=60)
_terms = st.sets(st.text(alphabet=_THAI, min_size=1, max_size=4).map(fold), max_size=6)


def by_pattern(text: str, terms: list[str]) -> Spans:
    """The same by one pattern of all terms."""
    spans: list[tuple[int, int]] = []
    if not terms:
        return ()
    for match in re.finditer("|".join(map(re.escape, terms)), fold(text)):
        start, end = match.span()
        if text[start] in "ำ่ั" or text[end : end + 1] in tuple("ำ่ั"):
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


@given(st.lists(_texts, max_size=5), _terms)
@settings(max_examples=300, deadline=None)
def test_highlights_are_those_of_a_pattern_of_all_terms(texts: list[str], terms: set[str]) -> None:
    longest_first = sorted(terms, key=lambda term: (-len(term), term))
    assert highlights(texts, longest_first) == [by_pattern(text, longest_first) for text in texts]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.data())
@settings(max_examples=200, deadline=None)
def test_what_a_text_holds_is_found_whatever_its_script(texts: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(text)))
    term = "".join(map(fold, text[start : start + 4]))
    spans = highlights(texts, [term] if term else [])[texts.index(text)]
    assert all(0 <= a < b <= len(text) for a, b in spans)
    rest = text[start + len(term) : start + len(term) + 1]
    if term and [fold(one) for one in text].count(term[0]) == 1 and not any(map(_joins, (text[start], rest))):
        assert any(a <= start and start + len(term) <= b for a, b in spans)


def test_a_words_capitals_and_thai_digits_do_not_matter() -> None:
    assert highlights(["MOU ปี ๒๕๖๒", "", "mou"], ["2562", "mou"]) == [((0, 3), (7, 11)), (), ((0, 3),)]


def test_every_letter_folds_and_every_mark_joins_as_in_a_text_of_its_own() -> None:
    folded, marks = _tables()
    every = list(map(chr, range(0x110000)))
    assert [fold(one) if len(fold(one)) == 1 else one for one in every[: len(folded)]] == list(
        map(chr, folded)
    )
    assert not [one for one in every[len(folded) :] if fold(one) != one]
    assert [one for one in every if _is_mark(np.uint32(ord(one)), marks)] == list(filter(_joins, every))


def _joins(character: str) -> bool:
    return bool(regex.fullmatch(r"[\p{M}ำ]", character))
