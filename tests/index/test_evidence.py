from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.segment import default_segmenter
from index.answers import word_weight
from index.encoders import load_encoder, load_lexicon
from index.evidence import EvidenceFinder, Grams, clauses, runs
from index.lexical import ngrams, skeleton
from index.queries import understand

TEXT = (
    "เทศบาลมีสนามกีฬาและสระว่ายน้ำ เปิดให้ประชาชนใช้ทุกวัน ทำบันทึกข้อตกลง (MOU) กับโรงพยาบาล จนเกิด “ศูนย์แพทย์ชุมชน”\n"
    "ปีต่อมา อ. บ้านบึง จ. ชลบุรี จัดงานประจำปี มีผู้ร่วมงาน 300 คน"
)


def finder(question: str) -> EvidenceFinder:
    asked = understand(question, default_segmenter().terms)
    return EvidenceFinder(asked, word_weight, load_lexicon(load_encoder()))


@pytest.mark.parametrize(
    ("question", "inside"),
    [("ใครทำ MOU กับโรงพยาบาล", "ข้อตกลง (MOU) กับโรงพยาบาล"), ("มีผู้ร่วมงานกี่คน", "ผู้ร่วมงาน 300 คน")],
)
def test_the_sentence_that_answers_is_found(question: str, inside: str) -> None:
    weighed = finder(question).weigh(TEXT)
    assert weighed is not None
    best = weighed[0]
    assert inside in TEXT[best.start : best.end]
    assert len(TEXT[best.start : best.end]) < len(TEXT)


def test_evidence_never_spans_two_lines_or_ends_at_an_abbreviation() -> None:
    spans = clauses(TEXT)
    for first, last in runs(TEXT, spans):
        start, end = spans[first][0], spans[last][1]
        assert "\n" not in TEXT[start:end]
        assert not TEXT[start:end].endswith(("อ.", "จ.", "300"))


@given(st.text(alphabet="กขคา่ำ ๆ.()0123“”\n", max_size=400))
@settings(max_examples=200, deadline=None)
def test_clauses_cover_the_text_in_order(text: str) -> None:
    at = 0
    for start, end in clauses(text):
        assert text[at:start].strip() == ""
        assert start < end
        assert text[start:end].strip() == text[start:end]
        at = end
    assert text[at:].strip() == ""


def test_support_is_higher_for_the_passage_that_answers() -> None:
    asked = finder("ใครทำ MOU กับโรงพยาบาล")
    (_, right), (_, wrong) = (asked.weigh(text) for text in (TEXT, "ชาวบ้านปลูกข้าวและเลี้ยงปลาในนา"))
    assert right.coverage > wrong.coverage
    assert right.grams > wrong.grams
    assert right.soft > wrong.soft
    assert right.cosine > wrong.cosine


def test_what_the_context_says_counts_as_known() -> None:
    asked = finder("เทศบาลบ้านบึงมีสระว่ายน้ำไหม")
    (alone, _), (told, _) = asked.weigh(TEXT), asked.weigh(TEXT, "เทศบาลตำบลบ้านบึง")
    assert told.coverage >= alone.coverage


@given(
    st.text(alphabet="กขค12", min_size=1, max_size=12),
    st.text(alphabet="กขค1 ่", max_size=20),
    st.text(alphabet="กขค12 ่ๆ", max_size=60),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_the_share_of_grams_is_that_of_looking_for_each(
    question: str, before: str, text: str, data: st.DataObject
) -> None:
    wanted = sorted(set(ngrams(question)))
    held = Grams(wanted).held(before, text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    shares = held.shares(np.asarray([start, 0]), np.asarray([end, len(text)]))
    parts = (text[start:end], text)
    assert shares.tolist() == [
        pytest.approx(sum(gram in part for gram in wanted) / len(wanted)) for part in map(skeleton, parts)
    ]
    whole = skeleton(before + text)
    assert held.share == pytest.approx(sum(gram in whole for gram in wanted) / len(wanted))


def test_the_cosine_of_a_run_is_that_of_the_sum_of_its_tokens() -> None:
    asked = finder("ใครทำ MOU กับโรงพยาบาล")
    lexicon = load_lexicon(load_encoder())
    weighed = asked.weigh(TEXT, "เทศบาลบ้านบึง")
    assert weighed is not None
    best, support = weighed
    spans = [(s, e) for s, e in clauses(TEXT) if best.start <= s and e <= best.end]
    total = sum(lexicon.vectors[lexicon.rows([TEXT[s:e]])[0]].sum(axis=0) for s, e in spans)
    query = lexicon.encode_queries(["ใครทำ MOU กับโรงพยาบาล"])[0]
    assert best.cosine == pytest.approx(float(total @ query / np.linalg.norm(total)), abs=1e-5)
    pieces = ["เทศบาลบ้านบึง", *(TEXT[s:e] for s, e in clauses(TEXT))]
    whole = lexicon.pooled(np.concatenate(lexicon.rows(pieces)))
    assert support.cosine == pytest.approx(float(whole @ query), abs=1e-5)
