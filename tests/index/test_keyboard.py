from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.keyboard import as_latin, as_thai, neighbours


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(".8i", "ใคร"), ("g=up'.s,j", "เชียงใหม่"), ("0y's;yf", "จังหวัด"), ("Fi'grpk[k]", "โรงเพยาบาล")],
)
def test_thai_typed_with_the_latin_layout_on(typed: str, meant: str) -> None:
    assert as_thai(typed) == meant


def test_latin_typed_with_the_thai_layout_on() -> None:
    assert as_latin("้ำสสน") == "hello"


@given(st.text(string.ascii_letters + string.digits + " ", max_size=40))
def test_the_way_there_and_back(text: str) -> None:
    assert as_latin(as_thai(text)) == text


def test_adjacent_keys_are_neighbours() -> None:
    assert {"น", "ี"} <= neighbours("ร")
    assert "ร" in neighbours("น")
    assert {"f", "h"} <= neighbours("g")
    assert not neighbours("🙂")
