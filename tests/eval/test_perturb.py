from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.cleaning import clean_query
from eval.perturb import (
    KEDMANEE,
    QWERTY,
    SPELLINGS,
    decompose_am,
    drop_marks,
    one_slip,
    spaced_words,
    thai_digits,
)

THAI = st.text(st.characters(min_codepoint=0x0E01, max_codepoint=0x0E5B), min_size=2, max_size=40)


def test_marks_are_dropped_and_am_decomposed() -> None:
    assert drop_marks("น้ำเด็กที่ศูนย์") == "น\u0e4d\u0e32เดกทีศูนย"
    assert decompose_am("ทำ") == "ท\u0e4d\u0e32"
    assert drop_marks("MOU 2562 ๆ") == "MOU 2562 ๆ"


@given(THAI)
def test_no_mark_of_the_table_survives(text: str) -> None:
    assert not any(0x0E47 <= ord(c) <= 0x0E4C or c == "\u0e33" for c in drop_marks(text))


def test_the_product_repairs_a_decomposed_am() -> None:
    assert clean_query(decompose_am("กำนันน้ำดำ")) == "กำนันน้ำดำ"


def test_spellings_keep_the_letters() -> None:
    assert thai_digits("ปี 2562") == "ปี ๒๕๖๒"
    assert "".join(spaced_words("ธนาคารขยะของเด็ก").split()) == "ธนาคารขยะของเด็ก"
    assert SPELLINGS["extra_spaces"]("ก ข") == "  ก \u00a0ข "
    assert SPELLINGS["with_khrap"]("ไป") == "ไปครับ"


def test_neighbours_are_those_of_the_keyboard() -> None:
    assert set("หดำพปแ") == set(KEDMANEE["ก"])
    assert set("ฆฏฎฑ") <= set(KEDMANEE["ฏ"]) | {"ฏ", "ฆ"}
    assert set("wrsd34") & set(QWERTY["e"]) == set("wrsd")
    for letter, near in KEDMANEE.items():
        assert letter not in near
        assert all(letter in KEDMANEE[other] for other in near), letter


def _distance(first: str, second: str) -> int:
    """Edits with swaps of neighbours (optimal string alignment)."""
    rows = [list(range(len(second) + 1))]
    for i, a in enumerate(first, start=1):
        row = [i]
        for j, b in enumerate(second, start=1):
            best = min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


@given(THAI, st.integers(0, 1000))
def test_a_slip_is_one_edit_at_a_letter_and_repeats_with_its_seed(text: str, seed: int) -> None:
    slipped = one_slip(text, random.Random(seed))
    assert slipped == one_slip(text, random.Random(seed))
    letters = [c for c in text if "\u0e01" <= c <= "\u0e3a" or "\u0e40" <= c <= "\u0e45"]
    assert _distance(text, slipped) == (1 if len(letters) > 1 else 0)


def test_all_kinds_of_slip_happen() -> None:
    text = "เทศบาลตำบล"
    made = {one_slip(text, random.Random(seed)) for seed in range(300)}
    lengths = {len(one) - len(text) for one in made}
    assert lengths == {-1, 0, 1}
    assert any(sorted(one) == sorted(text) and one != text for one in made)
    assert any(len(one) == len(text) and sorted(one) != sorted(text) for one in made)


@pytest.mark.parametrize("text", ["", "ก", "12 !?", "\U0001f600"])
def test_texts_without_room_for_a_slip_stay(text: str) -> None:
    assert one_slip(text, random.Random(1)) == text


def test_latin_words_slip_on_their_own_keyboard() -> None:
    made = {one_slip("waste bank", random.Random(seed)) for seed in range(50)}
    assert "waste bank" not in made
    assert all(unicodedata.name(c, "").startswith(("LATIN", "SPACE")) for one in made for c in one)
