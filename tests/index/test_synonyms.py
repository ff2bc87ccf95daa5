from __future__ import annotations

import unicodedata

import pytest

from corpus.segment import default_segmenter, fold
from index.synonyms import bare, groups, other_names


def others(question: str) -> set[str]:
    found = other_names(fold(question), default_segmenter().terms(question))
    return {name for names in found for name in names}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("หมอไปตรวจที่ไหน", "แพทย์"),
        ("คนแก่ได้เบี้ยเท่าไหร่", "ผู้สูงอายุ"),
        ("อบต. ไหนทำธนาคารขยะ", "องค์การบริหารส่วนตำบล"),
        ("สธ. แจกยา", "กระทรวงสาธารณสุข"),
        ("schools in Chiangmai", "โรงเรียน"),
        ("schools in Chiangmai", "เชียงใหม่"),
        ("projects of Bangbuatong", "บางบัวทอง"),
    ],
)
def test_one_name_brings_the_others(question: str, name: str) -> None:
    assert name in others(question)


def test_short_abbreviations_are_not_found_inside_words() -> None:
    assert not others("ออกกำลังกาย")
    assert "กระทรวงมหาดไทย" not in others("มทร.ธัญบุรี")


def test_the_table_is_clean() -> None:
    for group in groups():
        assert len(group) > 1
        assert len(set(group)) == len(group)
        for name in group:
            assert name == name.strip() == unicodedata.normalize("NFC", name)
            assert bare(name)
