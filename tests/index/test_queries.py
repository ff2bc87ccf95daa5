from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.segment import default_segmenter
from index.queries import MAX_CHARS, question_kind, understand
from index.vocabulary import QUESTION_WORDS

CUT = default_segmenter().terms


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("ใครใช้ MOU กับโรงพยาบาล", "who"),
        ("เทศบาลไหนดูแลผู้สูงอายุ", "who"),
        ("อบต. ใดคัดแยกขยะ", "who"),
        ("Which municipality signed an MOU?", "who"),
        ("มีกี่เครือข่าย", "howmany"),
        ("ใช้งบเท่าไหร่", "howmany"),
        ("ได้รางวัลปีไหน", "when"),
        ("ศูนย์อยู่ที่ไหน", "where"),
        ("ทำไมน้ำท่วม", "why"),
        ("แก้ปัญหาขยะยังไง", "how"),
        ("มีโรงเรียนผู้สูงอายุหรือไม่", "yesno"),
        ("ขยะ เชียงใหม่", "what"),
    ],
)
def test_the_question_tells_which_kind_of_answer_it_wants(question: str, kind: str) -> None:
    assert question_kind(question) == kind


def test_question_words_weigh_nothing_and_content_stays() -> None:
    asked = understand("ใครคัดแยกขยะบ้างครับ", CUT)
    assert "ขยะ" in asked.content
    assert not QUESTION_WORDS & (set(asked.words) | set(asked.content))
    assert understand("คัดแยกขยะ", CUT).grams == asked.grams


@pytest.mark.parametrize(
    "spoken",
    [
        "เอ่อ อยากรู้ว่า{}อ่ะครับ",
        "ขอถามหน่อยครับว่า{}",
        "ช่วยบอกหน่อย {}",
        "พอจะรู้ไหมว่า{}",
        "{} พอจะรู้มั้ยคะ",
        "{}ป่ะ",
        "สวัสดีครับ รบกวนสอบถามหน่อยค่ะ {}",
        "มีใครรู้บ้างไหมว่า{}",
        "{} ขอบคุณครับ",
    ],
)
def test_what_people_say_around_a_question_weighs_nothing(spoken: str) -> None:
    question = "เทศบาลไหนแก้น้ำท่วม"
    assert understand(spoken.format(question), CUT) == understand(question, CUT)


@pytest.mark.parametrize(
    "question", ["พืชมีโรคอะไรเป็นพาหนะ", "ใครดูแลด่านหน้า", "ปลูกไม้มีค่า", "สอบถามราคายาง", "รู้ไหม", "นายกขอบคุณ"]
)
def test_words_that_only_look_like_fillers_stay(question: str) -> None:
    assert understand(question, CUT).text == question


def test_other_names_of_a_thing_come_along_with_less_weight() -> None:
    asked = understand("อบต. ทำ MOU กับหมอ", CUT)
    assert "แพทย์" in asked.words
    assert asked.words["แพทย์"] < asked.words["หมอ"]
    assert any("ข้อตกลง" in term for term in asked.words)


def test_a_question_without_thai_takes_thai_names_along() -> None:
    asked = understand("dengue fever in Hatyai", CUT)
    assert {"ไข้เลือดออก", "หาดใหญ่"} <= {*asked.content, *asked.words}
    assert "หาดใหญ่" in asked.text
    assert asked.suggestion is None
    assert understand("โรคไข้เลือดออกที่หาดใหญ่", CUT).text == "โรคไข้เลือดออกที่หาดใหญ่"


def test_decomposed_sara_am_and_thai_digits_ask_the_same() -> None:
    assert understand("นํ้าท่วมปี ๒๕๖๒", CUT).words == understand("น้ำท่วมปี 2562", CUT).words


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_understanding(text: str) -> None:
    asked = understand(text, CUT)
    assert all(weight > 0 for weight in (*asked.words.values(), *asked.grams.values()))
    assert all(term.strip() == term and term for term in asked.content)


def test_only_the_beginning_of_an_endless_query_counts() -> None:
    assert len(understand("ขยะ" * 10_000, CUT).text) <= MAX_CHARS
