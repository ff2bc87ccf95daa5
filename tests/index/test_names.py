from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.names import key, places, romanised, table


@pytest.mark.parametrize(
    ("thai", "spellings"),
    [
        ("เชียงใหม่", ["Chiang Mai", "Chiangmai", "chiengmai"]),
        ("ขอนแก่น", ["Khon Kaen", "Khonkaen", "Konkaen"]),
        ("ภูเก็ต", ["Phuket", "Puket"]),
        ("โคราช", ["Korat", "Khorat"]),
        ("หาดใหญ่", ["Hat Yai", "Hatyai"]),
        ("บางบัวทอง", ["Bang Bua Thong", "Bangbuatong"]),
        ("ทุ่งสง", ["Thung Song", "Tungsong"]),
    ],
)
def test_usual_romanisations_meet(thai: str, spellings: list[str]) -> None:
    assert all(thai in places()[key(spelling)] for spelling in spellings)


@pytest.mark.parametrize("word", ["hospital", "market", "budget", "management", "school", "visit", "waste"])
def test_english_words_name_no_place(word: str) -> None:
    assert key(word) not in places()


def test_the_shipped_table_is_the_gazetteers() -> None:
    assert places() == table()


@given(st.text("กขคงจนมรลวยสหอะาิีุูเแโไใ่้์็ำ", max_size=12))
def test_any_thai_can_be_romanised(text: str) -> None:
    assert romanised(text).isascii()
