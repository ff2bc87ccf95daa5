from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.segment import Segmenter, write_dictionary
from index.corpus_words import CorpusWords
from index.spelling import Speller

COUNTS = {"โรงพยาบาล": 40, "ผู้สูงอายุ": 30, "เทศบาล": 60, "รางวัล": 20, "ขยะ": 25}


@pytest.fixture(scope="module")
def speller(tmp_path_factory: pytest.TempPathFactory) -> Speller:
    path = tmp_path_factory.mktemp("speller") / "words.txt"
    write_dictionary(path)
    words = CorpusWords(path.read_text(encoding="utf-8").split(), COUNTS, 100)
    return Speller(words, Segmenter(path).words, lambda term: COUNTS.get(term, 0), lambda _: 0, 100)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("โรงพยาบล", "โรงพยาบาล"),  # a letter left out
        ("เทศบบาลไหนดูแลผู้สูงอายุ", "เทศบาลไหนดูแลผู้สูงอายุ"),  # doubled
        ("ใครทำธนาคารขยะในจังหวดันครราชสีมา", "ใครทำธนาคารขยะในจังหวัดนครราชสีมา"),  # swapped
        ("เทศบาลที่ได้รางงัล", "เทศบาลที่ได้รางวัล"),  # the key beside
        ("เทศบาลไหนดูแลผูสูงอายุและผูปวย", "เทศบาลไหนดูแลผู้สูงอายุและผู้ป่วย"),  # no marks
        ("hospital managment", "hospital management"),
    ],
)
def test_one_slip_or_lost_marks_are_put_right(speller: Speller, typed: str, meant: str) -> None:
    found = speller.correct(typed)
    assert found is not None
    assert found.text == meant
    assert all(before in typed and after in meant for before, after in found.changes)


@pytest.mark.parametrize(
    "query",
    [
        "เทศบาลไหนดูแลผู้สูงอายุ",
        "อบต. ทำ MOU กับ รพ.สต.",
        "ปี 2562 งบ 1,200,000 บาท",
        "นายธวัชไชย",
        "Siriraj Piyamaharajkarun",
        "ศพค. ได้รางวัล",
        "",
    ],
)
def test_known_words_numbers_and_names_are_left_alone(speller: Speller, query: str) -> None:
    assert speller.correct(query) is None


def test_what_the_corpus_writes_is_no_slip(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    write_dictionary(path)
    cut = Segmenter(path).words
    typed = "โรงพยาบล"
    words = CorpusWords(path.read_text(encoding="utf-8").split(), {}, 10)
    assert Speller(words, cut, lambda _: 0, lambda _: 0, 10).correct(typed) is not None
    assert Speller(words, cut, lambda _: 0, lambda text: int("พยาบล" in text), 10).correct(typed) is None


@given(st.text(st.sampled_from("กขคงนมรสะาิีุู่้็์ำเแโใไฯๆ .-aก๑1"), max_size=40))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_it(speller: Speller, text: str) -> None:
    found = speller.correct(text)
    assert found is None or (found.text != text and found.changes)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(".8i", "ใคร"), ("Fi'rpk[k]", "โรงพยาบาล"), ("ไฟหะำ ทฟืฟเำทำืะ", "waste management")],
)
def test_the_other_keyboard_layout_is_undone(speller: Speller, typed: str, meant: str) -> None:
    assert speller.switched(typed) == meant


@pytest.mark.parametrize(
    "query", ["MOU", "Chiang Mai", "4G", "1506", "เทศบาล", "MOU กับโรงพยาบาล", "ศพค.", ""]
)
def test_a_query_on_the_right_layout_stays(speller: Speller, query: str) -> None:
    assert speller.switched(query) is None
