"""The check as a reader would make it: on real passages of the demo cases."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from corpus.records import Citation, Passage
from index.engine import Engine
from index.evidence import clauses
from index.hits import FoundPassage
from service.answering.checking import Checker
from service.answering.sentences import Sentence
from service.answering.sources import Source, sources_of

Check = Callable[[str], str]


def checker(engine: Engine, question: str) -> Checker:
    sources = sources_of(engine.search(question, k=6), 6)
    return Checker(sources, question, engine.opened.segmenter.terms)


def source(text: str, beside: str = "", number: int = 1) -> Source:
    citation = Citation("d", "d", 1, None, 0, len(text), "", text, "")
    passage = Passage(f"p{number}", "d", 1, None, "", text, 0, len(text))
    return Source(number, FoundPassage(passage, 1.0, {}, (), citation), beside)


def fault(
    engine: Engine, said: str, *sources: Source, question: str = "", cites: Sequence[int] = (1,)
) -> str:
    return Checker(sources, question, engine.opened.segmenter.terms).fault(Sentence(said, tuple(cites)))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("ใครใช้ MOU กับโรงพยาบาล", "เทศบาลตำบลบ้านบึงลงนามบันทึกข้อตกลงกับโรงพยาบาล จนเปิดศูนย์แพทย์ชุมชนในเทศบาลได้"),
        ("ใครใช้ MOU กับโรงพยาบาล", "เทศบาลตำบลบ้านบึงทำ MOU กับโรงพยาบาล ทำให้มี “ศูนย์แพทย์ชุมชน” ในเทศบาล"),
        ("ธนาคารน้ำใต้ดินทำที่ไหน", "อบต.เก่าขาม จังหวัดอุบลราชธานี เริ่มทำธนาคารน้ำใต้ดินตั้งแต่ปี ๒๕๕๘ เพราะพื้นที่น้ำท่วมและแล้งสลับกัน"),
        ("ธนาคารน้ำใต้ดินทำที่ไหน", "ธนาคารน้ำใต้ดินอยู่ที่ตำบลเก่าขาม จังหวัดอุบลราชธานี"),
        ("บ้านมั่นคงช่วยคนกี่ครัวเรือน", "โครงการบ้านมั่นคงช่วยเหลือประชาชนได้ 431 ครัวเรือน ใน 4 ชุมชน"),
        ("ธนาคารน้ำใต้ดินทำที่ไหน", "The groundwater bank began in 2015 (“เริ่มทำธนาคารน้ำใต้ดินมาตั้งแต่ปี 2558”)"),
    ],
)  # fmt: skip
def test_an_honest_sentence_passes_with_its_passage_alone(
    demo_engine: Engine, question: str, said: str
) -> None:
    check = checker(demo_engine, question)
    assert check.fault(Sentence(said, (1,))) == ""
    for number in (3, 4, 5, 6):  # passages of other cases
        assert check.fault(Sentence(said, (number,))) != ""


def test_clauses_pass_where_they_stand_and_hardly_anywhere_else(demo_engine: Engine) -> None:
    """Every clause of every passage, citing its own passage and one of another document."""
    chance = random.Random(7)
    passages = [p for p in demo_engine.store.passages() if len(p.text) > 60]
    own, other = [], []
    for passage in passages:
        for start, end in clauses(passage.text):
            said = passage.text[start:end]
            if end - start < 30:
                continue
            own.append(fault(demo_engine, said, source(passage.text)))
            far = chance.choice([p for p in passages if p.document_id != passage.document_id])
            other.append(fault(demo_engine, said, source(far.text)))
    assert len(own) > 300
    assert set(own) == {""}
    assert other.count("") <= 0.01 * len(other)


@pytest.mark.parametrize(
    ("said", "text", "expected"),
    [
        ("มีผู้สูงอายุ 3,120 คน", "มีผู้สูงอายุ ๓๑๒๐ คน", ""),
        ("มีผู้สูงอายุ 312 คน", "มีผู้สูงอายุ 3,120 คน", "number"),
        ("มีผู้สูงอายุ 20 คน", "มีผู้สูงอายุ 3,120 คน", "number"),
        ("ขยะลดลงร้อยละ 5.9", "ขยะลดลงร้อยละ 5.9 ในปีเดียว", ""),
        ("ขยะลดลงร้อยละ 59", "ขยะลดลงร้อยละ 5.9 ในปีเดียว", "number"),
        ("เริ่มธนาคารขยะเมื่อ ค.ศ. 2015", "เริ่มธนาคารขยะเมื่อปี 2558", ""),
        ("เริ่มธนาคารขยะเมื่อปี 2559", "เริ่มธนาคารขยะเมื่อปี 2558", "number"),
        ("เทศบาลตั้งธนาคารขยะในจังหวัดตาก", "เทศบาลตั้งธนาคารขยะ ตากผ้าไว้", "name"),
        ("เทศบาลตั้งธนาคารขยะในจังหวัดตาก", "เทศบาลตั้งธนาคารขยะในจังหวัดตาก", ""),
        ("เทศบาลตั้ง “ธนาคารขยะทองคำ”", "เทศบาลตั้งธนาคารขยะ", "name"),
        ("เทศบาลตั้งธนาคารขยะกับ UNDP", "เทศบาลตั้งธนาคารขยะ", "name"),
        ("เทศบาลตั้งธนาคารขยะ<br>", "เทศบาลตั้งธนาคารขยะ", "markup"),
        ("เทศบาลตั้งธนาคารขยะ [ดู](x)", "เทศบาลตั้งธนาคารขยะ", "markup"),
        ("เทศบาลตั้งธนาคารขยะ ดู www.example.com", "เทศบาลตั้งธนาคารขยะ", "link"),
        ("The municipality opened a waste bank.", "เทศบาลตั้งธนาคารขยะ", "words"),
        ("It opened a waste bank (“ตั้งธนาคารขยะ”).", "เทศบาลตั้งธนาคารขยะ", ""),
        ("It opened a waste bank (“ตั้งธนาคารเลือด”).", "เทศบาลตั้งธนาคารขยะ", "name"),
        ("It opened a waste bank (“ขยะ”).", "เทศบาลตั้งธนาคารขยะ", "words"),
        ("The town opened a waste bank.", "In 2015 the town opened its first waste bank.", ""),
        ("The town bought a helicopter.", "In 2015 the town opened its first waste bank.", "words"),
        ("!!!", "เทศบาลตั้งธนาคารขยะ", "words"),
    ],
)
def test_each_question_of_the_check(demo_engine: Engine, said: str, text: str, expected: str) -> None:
    assert fault(demo_engine, said, source(text)) == expected


def test_citations_must_be_given_ones(demo_engine: Engine) -> None:
    passage = source("เทศบาลตั้งธนาคารขยะ")
    assert fault(demo_engine, "เทศบาลตั้งธนาคารขยะ", passage, cites=()) == "uncited"
    assert fault(demo_engine, "เทศบาลตั้งธนาคารขยะ", passage, cites=(1, 2)) == "outside"


def test_two_cited_passages_support_together(demo_engine: Engine) -> None:
    said = "เทศบาลตั้งธนาคารขยะและสถานีสูบน้ำ 12 แห่ง"
    waste, pumps = source("เทศบาลตั้งธนาคารขยะ"), source("มีสถานีสูบน้ำ 12 แห่ง", number=2)
    assert fault(demo_engine, said, waste, pumps, cites=(1, 2)) == ""
    assert fault(demo_engine, said, waste, pumps, cites=(1,)) != ""


def test_what_is_known_beside_a_passage_counts(demo_engine: Engine) -> None:
    said = "อบต.เก่าขามตั้งธนาคารขยะเมื่อปี 2558"
    passage = source("ที่นี่ตั้งธนาคารขยะ", "องค์การบริหารส่วนตำบลเก่าขาม\n2558")
    assert fault(demo_engine, said, passage) == ""
    assert fault(demo_engine, said, source("ที่นี่ตั้งธนาคารขยะ")) == "number"
