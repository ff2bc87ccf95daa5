"""Newmm must cut as nlpo3 does, whose words the indexes of earlier versions hold."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import nlpo3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.newmm import Newmm
from corpus.segment import Segmenter, write_dictionary

# Every sign that a cluster rule names, letters that they stand beside, and what is no Thai.
CLUSTERS = "กตยวรอหะัาำิีึืุูเแโใไ็่้๋์"
TEXT = st.text(CLUSTERS, max_size=60) | st.text(CLUSTERS + " \t\n,.-ฯๆ๒3aBé💡“", max_size=80)
WORDS = st.lists(st.text(CLUSTERS, min_size=1, max_size=4), max_size=30)
NAMES = count()


def theirs(text: str, words: list[str], folder: Path) -> list[str]:
    name = f"test-newmm-{next(NAMES)}"
    path = folder / name
    path.write_text("\n".join(words), encoding="utf-8")
    nlpo3.load_dict(str(path), name)
    return list(nlpo3.segment(text, name, safe=False)) if text else []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("words")


@pytest.fixture(scope="module")
def segmenter(folder: Path) -> Segmenter:
    path = folder / "words.txt"
    write_dictionary(path)
    nlpo3.load_dict(str(path), "test-newmm")
    return Segmenter(path)


@settings(max_examples=500, deadline=None)
@given(text=TEXT, words=WORDS)
@example(text="ตาก" * 200, words=["ต", "า", "ก", "ตา", "ตาก", "ากต", "กต", "กตา", "าก"])
def test_any_dictionary_cuts_any_text_as_nlpo3_does(folder: Path, text: str, words: list[str]) -> None:
    assert Newmm(words).words(text) == theirs(text, words, folder)


@settings(max_examples=500, deadline=None)
@given(
    text=st.lists(
        st.sampled_from("โรงพยาบาล เทศบาลตำบล ขยะ น้ำท่วม ที่ 2,500 บาท เรียน เดิม เสีย".split()) | TEXT
    ).map("".join)
)
def test_the_general_dictionary_cuts_as_nlpo3_does(segmenter: Segmenter, text: str) -> None:
    cut = segmenter.words(text)
    assert cut == (list(nlpo3.segment(text, "test-newmm", safe=False)) if text else [])


@settings(deadline=None)
@given(texts=st.lists(st.text("กขคาิ่ ,.1a\u200b", max_size=20), max_size=6))
def test_texts_at_once_are_as_each_alone(segmenter: Segmenter, texts: list[str]) -> None:
    assert segmenter.joined_terms(texts) == [" ".join(segmenter.terms(text)) for text in texts]


def test_a_long_text_is_cut_in_pieces() -> None:
    words = Newmm(["กรุงเทพ", "เทพ"], at_once=10).words("กรุงเทพ" * 3)
    assert "".join(words) == "กรุงเทพ" * 3
    assert max(map(len, words)) <= 10
    assert words[0] == "กรุงเทพ"


def test_terms_hold_content_and_no_white_space_around_it() -> None:
    found = Newmm(["ขยะ", " น้ำ "]).terms(["ขยะ น้ำ (a) — \u3000", ""], "|")
    assert found == ["ขยะ|น้ำ|a", ""]
