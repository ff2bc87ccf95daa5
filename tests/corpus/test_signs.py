from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import signs, thai
from corpus.cleaning import clean
from corpus.tracing import Traced

#: What repairs look for, what stands between it, and what is left alone.
TROUBLE = (
    "\u0e01\u0e1b\u0e2d\u0e40\u0e41\u0e42\u0e44\u0e30\u0e32\u0e33\u0e45\u0e31\u0e34\u0e35\u0e39\u0e3a\u0e47\u0e48\u0e49"
    "\u0e4c\u0e4d\u0e4e\u0e2f .-_·\n\r\t\u00a0\u2028\u200b\u00ad\ue123\uf0b7\uf0b0\uf70a\uf712\u0e24a1e\u0301\U000e0001\U0001f600"
)
TEXTS = st.text(st.sampled_from(TROUBLE), min_size=64, max_size=200)
ORDINARY = "เทศบาลตำบลชมภูจัดตั้งกลุ่มอาสาสมัครดูแลลำน้ำร่วมกับชาวบ้านในพื้นที่ ตั้งแต่ปี 2562 เป็นต้นมา "


def repaired(text: str) -> str:
    return thai.repair(thai.glyphs(thai.characters(Traced(text)))).text


@settings(deadline=None, max_examples=50)
@given(TEXTS)
def test_no_repair_is_passed_over(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signs, "_FEWEST_CHARS", 1 << 30)  # every repair is tried
        expected, cleaned = repaired(text), clean(text)
    assert repaired(text) == expected
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "trouble",
    [
        "\u00a0",
        "\u200b",
        "\uf0b7",
        "\uf70a",
        "  ",
        " ่",
        "ํ า",
        "ก า",
        "ๅ",
        "เเ",
        "าา",
        "เ เ",
        "้ี",
        "....",
        ". . . . ",
    ],
)
def test_each_trouble_is_seen_between_ordinary_words(trouble: str) -> None:
    ordinary = signs.of(ORDINARY * 3)
    assert ordinary == signs.ALWAYS
    assert signs.of(ORDINARY * 2 + "ก" + trouble + "ก" + ORDINARY) != ordinary


def test_ordinary_text_comes_back_as_it_is() -> None:
    assert repaired(ORDINARY * 3) == ORDINARY * 3
