"""Segmentation of what no Thai writer types: found by fuzzing."""

from __future__ import annotations

import pytest

from corpus.segment import default_segmenter


@pytest.mark.parametrize("text", ["ขยะ\ud800น้ำ", "\udfff", "\ud83d\ude00 ขยะ", "a\udc00b"])
def test_half_surrogate_pairs_part_words_and_break_nothing(text: str) -> None:
    words = default_segmenter().words(text)
    assert len("".join(words)) == len(text)
    assert not any("\ud800" <= char <= "\udfff" for char in "".join(words))


@pytest.mark.parametrize("text", ["\u3000", "ขยะ\u3000น้ำ", "\u1680", "\u205f ขยะ"])
def test_white_space_of_any_kind_is_no_term(text: str) -> None:
    assert all(term.strip() for term in default_segmenter().terms(text))
