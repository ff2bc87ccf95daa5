"""A stream of words becomes sentences, whatever way it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answering.sentences import MAX_CHARS, Sentences


def cut(text: str, sizes: list[int] | None = None) -> list[tuple[str, tuple[int, ...]]]:
    machine, found, at = Sentences(), [], 0
    for size in sizes or [len(text)]:
        found += list(machine.feed(text[at : at + size]))
        at += size
    found += [*machine.feed(text[at:]), *machine.finish()]
    return [(one.text, one.citations) for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ก ข [1]\nค ง [2]\n", [("ก ข", (1,)), ("ค ง", (2,))]),
        ("ก ข [1] ค ง [2]", [("ก ข", (1,)), ("ค ง", (2,))]),
        ("ก ข [1]ค ง [2]", [("ก ข", (1,)), ("ค ง", (2,))]),
        ("ก [1][2] ข [๓]", [("ก", (1, 2)), ("ข", (3,))]),
        ("ก [1] [2]\nข", [("ก", (1, 2)), ("ข", ())]),
        ("ก [1,2, 3]\n", [("ก", (1, 2, 3))]),
        ("ก [1–3]\n", [("ก", (1, 2, 3))]),
        ("It began [1]. It ended [2].", [("It began.", (1,)), ("It ended.", (2,))]),
        ("It began [1] and ended [2].", [("It began and ended.", (1, 2))]),
        ("It began. [1] It ended. [2]", [("It began.", (1,)), ("It ended.", (2,))]),
        ("- **ก** ข [1]\n1. ค [2]\n# หัวข้อ\n", [("ก ข", (1,)), ("ค", (2,)), ("หัวข้อ", ())]),
        ("ก\u202eข\x00\u200b ค [1]\n", [("ก ข ค", (1,))]),
        ("10 คน [1]\n", [("10 คน", (1,))]),
        ("[1]\n\n[2]\n", []),
        ("อ้าง [a] และ [2562] ไม่ใช่\n", [("อ้าง [a] และ [2562] ไม่ใช่", ())]),
        ("<think>คิด [1]\n</think>\nก [1]", [("ก", (1,))]),
        ("<think>คิดไม่จบ [1]\n", []),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert cut(text) == expected


@given(st.lists(st.integers(1, 9), max_size=60))
def test_the_pieces_that_words_come_in_make_no_difference(sizes: list[int]) -> None:
    text = "<think>ก [9]</think>It began [1]. ข้อความ ๒๕๖๒ [1][๒] และ [3,4] ค\n- ง [5] จ"
    assert cut(text, sizes) == cut(text)


@given(st.text(alphabet="ก ข[]12,-\n.<think>/【】", max_size=200))
def test_no_text_breaks_it_and_nothing_is_said_twice(text: str) -> None:
    found = cut(text)
    assert all("\n" not in said and said.strip() == said for said, _ in found)
    assert sum(len(said) for said, _ in found) <= len(text)


def test_a_line_without_end_is_not_kept_waiting() -> None:
    machine = Sentences()
    found = [one for _ in range(100) for one in machine.feed("ก" * 100)]
    assert len(found) > 5
    assert {one.citations for one in found} == {()}
    assert all(0 < len(one.text) < MAX_CHARS for one in found)


@pytest.mark.parametrize(
    "piece", ["[1", "[1,", "[1] ", "[1][1", "[1]  .", "[1-", "[ 1 , 2", "“", "ก [1]", "<think>", " "]
)
def test_no_text_makes_the_cutting_slow(piece: str) -> None:
    """Steps grow with the text, not with its square: a quadratic pattern takes minutes here, not a second."""
    machine, text = Sentences(), piece * (20_000 // len(piece))
    for at in range(0, len(text), 5):
        for _ in machine.feed(text[at : at + 5]):
            pass
    assert len(list(machine.finish())) <= 2


@pytest.mark.parametrize("blank", [" ", "\u200b", "\t"])
def test_a_long_line_of_nothing_is_no_sentence(blank: str) -> None:
    assert cut(blank * (2 * MAX_CHARS)) == []
