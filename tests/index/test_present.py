from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from index.present import highlights

_THAI = "กขคนำ่ัา ๑1a"


def by_pattern(text: str, terms: list[str]) -> tuple[tuple[int, int], ...]:
    """The same by one pattern of all terms."""
    spans: list[tuple[int, int]] = []
    if not terms:
        return ()
    for match in re.finditer("|".join(map(re.escape, terms)), text):
        start, end = match.span()
        if text[start] in "ำ่ั" or text[end : end + 1] in tuple("ำ่ั"):
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


@given(
    st.text(alphabet=_THAI, max_size=60), st.sets(st.text(alphabet=_THAI, min_size=1, max_size=4), max_size=6)
)
@settings(max_examples=300, deadline=None)
def test_highlights_are_those_of_a_pattern_of_all_terms(text: str, terms: set[str]) -> None:
    text = text.replace("๑", "1")
    longest_first = sorted(terms, key=lambda term: (-len(term), term))
    assert highlights(text, longest_first) == by_pattern(text, longest_first)
