"""The fast tokenizer must be the shipped tokenizer: same ids for every text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from index.encoders import BUILTIN_FOLDER
from index.encoders.matching import LongestMatch

LETTERS = "กขคงจชซญดตถทนบปผพฟมยรลวศสหอะาิีึืุูเแโใไ็่้๊๋์ๆฯำํ๑๒๕ abcMOUx019.%,-()\n\u200b\u00a0💡é"


@pytest.fixture(scope="module")
def shipped() -> Tokenizer:
    return Tokenizer.from_file(str(BUILTIN_FOLDER / "tokenizer.json"))


@pytest.fixture(scope="module")
def fast() -> LongestMatch:
    return LongestMatch.from_file(BUILTIN_FOLDER / "tokenizer.json")


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=LETTERS, max_size=120) | st.text(max_size=60))
def test_same_ids_as_the_tokenizers_library(shipped: Tokenizer, fast: LongestMatch, text: str) -> None:
    assert fast.encode(text) == shipped.encode(text, add_special_tokens=False).ids


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(
        st.text(alphabet=LETTERS + "e\u0301\ud800", max_size=30) | st.text(max_size=10), max_size=8
    )
)
def test_texts_at_once_are_as_each_alone(fast: LongestMatch, texts: list[str]) -> None:
    ids, ends = fast.encode_all(texts)
    bounds = pairwise((0, *ends.tolist()))
    assert [ids[start:end].tolist() for start, end in bounds] == [fast.encode(text) for text in texts]


def test_every_letter_of_thai_and_latin_is_known(fast: LongestMatch) -> None:
    for letter in "กฮะำเ์ๆฯ๐๙azAZ09":
        assert fast.encode(letter), letter


def test_one_long_run_is_linear_and_complete(fast: LongestMatch) -> None:
    text = "กรุงเทพมหานคร" * 20_000
    assert fast.encode(text) == fast.encode("กรุงเทพมหานคร") * 20_000


def test_longest_token_wins_and_strangers_separate() -> None:
    matcher = LongestMatch({"a": 1, "b": 2, "ab": 3, "abcd": 4, "c": 5, "d": 6})
    assert matcher.encode("abcd") == [4]
    assert matcher.encode("abcab") == [3, 5, 3]
    assert matcher.encode("ab-\u200bab") == [3, 3]
    assert matcher.encode("a\u200bb") == [3]
    assert matcher.encode("ab\u00e9\U0001f4a1ab") == [3, 3]
    assert matcher.encode("") == []


def test_a_token_of_letters_that_are_no_entries_is_never_found() -> None:
    matcher = LongestMatch({"a": 1, "ax": 2, "xa": 3, "aa": 4})
    assert matcher.encode("axaxaa") == [1, 1, 4]


def test_another_kind_of_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    Tokenizer(models.BPE()).save(str(path))
    with pytest.raises(ValueError, match="longest-match"):
        LongestMatch.from_file(path)
