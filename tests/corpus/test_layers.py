from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pythainlp.corpus import provinces, thai_family_names, thai_female_names, thai_male_names, thai_words
from pythainlp.tokenize import Trie, word_tokenize

from corpus import alignment, columns, layout
from corpus.cleaning import clean
from corpus.continuity import Continuity, model
from corpus.records import CleanedPage
from tests.corpus.overlay import (
    RESULTS,
    STORY,
    glyph_encoded,
    overlaid,
    seed,
    side_by_side,
    without_low_marks,
    wrapped,
)

TAIL = ("หน่วยงานของรัฐสนับสนุนเครื่องชั่งและรถขนส่งให้แก่กลุ่มแม่บ้าน ส่วนร้านรับซื้อของเก่าในตำบลตกลงประกันราคาขั้นต่ำไว้ตลอดทั้งปี",)
LABELS = json.loads(Path(__file__).with_name("seed_003_labels.json").read_text(encoding="utf-8"))["lines"]

Encoding = Callable[[str], str]


def bare(text: str) -> str:
    return "".join(text.split())


def encoded(lines: list[tuple[int, str]], encoding: Encoding) -> list[tuple[int, str]]:
    return [(column, encoding(text)) for column, text in lines]


def block_texts(page: CleanedPage) -> list[str]:
    ends = [*page.blocks[1:], len(page.text)]
    return [page.text[start:end].strip("\n") for start, end in zip(page.blocks, ends, strict=True)]


@pytest.mark.parametrize("encoding", [glyph_encoded, without_low_marks])
@pytest.mark.parametrize("touch", [0.0, 0.12])
def test_a_copy_is_merged_and_another_text_kept_as_its_own(encoding: Encoding, touch: float) -> None:
    layers = [
        wrapped(STORY, 58, 14, 20),
        encoded(wrapped(STORY, 74, 1, 6), encoding),
        encoded(wrapped(RESULTS, 70, 34, 41), glyph_encoded),
    ]
    page = clean(overlaid(layers, (0.0, 0.4, 0.45 if touch else 0.75), touch))
    story, results = block_texts(page)
    assert [bare(line) for line in story.split("\n")] == [bare(paragraph) for paragraph in STORY]
    assert results.split("\n") == list(RESULTS)


def test_what_a_copy_says_beyond_the_clean_text_is_a_text_of_its_own() -> None:
    layers = [
        wrapped(STORY, 58, 14, 20),
        encoded(wrapped(STORY + TAIL, 74, 1, 6), glyph_encoded),
        encoded(wrapped(RESULTS, 70, 34, 41), glyph_encoded),
    ]
    page = clean(overlaid(layers, (0.0, 0.4, 0.75), 0.0))
    story, tail, results = block_texts(page)
    assert bare(story) == bare("".join(STORY))
    assert bare(tail) == bare(TAIL[0])
    assert results.split("\n") == list(RESULTS)


def test_two_texts_in_two_encodings_are_told_apart_without_any_copy() -> None:
    layers = [wrapped(STORY, 58, 14, 20), encoded(wrapped(RESULTS, 70, 34, 41), glyph_encoded)]
    page = clean(overlaid(layers, (0.0, 0.5), 0.0))
    story, results = block_texts(page)
    assert bare(story) == bare("".join(STORY))
    assert bare(results) == bare("".join(RESULTS))


def test_a_stray_line_of_another_layer_is_dropped_not_mixed_in() -> None:
    layers = [wrapped(STORY, 58, 14, 20), encoded(wrapped(STORY, 74, 1, 6), glyph_encoded)]
    lines = overlaid(layers, (0.0, 0.4), 0.0).split("\n")
    at = next(n for n, line in enumerate(lines) if "\uf70a" in line or "\uf70b" in line)
    lines[at + 2] = " " * 8 + "ด้านการเสริมสร้างเครือข่ายภาครัฐ " + lines[at + 2].strip()
    page = clean("\n".join(lines))
    assert bare(page.text) == bare("".join(STORY))
    assert page.dropped == ("ด้านการเสริมสร้างเครือข่ายภาครัฐ",)


@pytest.mark.parametrize("number", range(12))
def test_layers_at_any_height_lose_no_result_and_repeat_no_sentence(number: int) -> None:
    chance = random.Random(number)
    layers = [
        wrapped(STORY, chance.randint(50, 64), 14, 20),
        encoded(wrapped(STORY, chance.randint(64, 80), 1, 6), glyph_encoded),
        encoded(wrapped(RESULTS, chance.randint(60, 80), 34, 41), glyph_encoded),
    ]
    source = overlaid(layers, (0.0, chance.random() * 3, chance.random() * 4), 0.0)
    text = bare(clean(source).text)
    assert [text.count(bare(paragraph)) for paragraph in STORY] == [1] * len(STORY)
    places = [text.find(bare(result)) for result in RESULTS]
    assert -1 not in places
    assert places == sorted(places)


def test_headings_in_an_old_font_stay_where_they_are() -> None:
    headings = [glyph_encoded(f"{at}. หัวข้อที่ต้องเน้นให้เด่น") for at in (1, 2, 3)]
    source = "\n".join(line for pair in zip(headings, STORY, strict=True) for line in pair)
    assert clean(source).blocks == (0,)
    assert clean(source).text.split("\n")[2] == "2. หัวข้อที่ต้องเน้นให้เด่น"


def test_letters_tell_a_copy_whatever_became_of_its_marks() -> None:
    whole, copy = STORY[1], without_low_marks(STORY[1])
    first, second = (alignment.Letters.of(text).letters for text in (copy, whole))
    assert first == second
    runs = alignment.copied("กกก" + first[:40] + "ขขขข" + first[40:], second)
    assert [(run.start, run.other, run.length) for run in runs] == [(3, 0, 40), (47, 40, len(first) - 40)]
    assert alignment.copied("คำที่ไม่เหมือนกันเลย", second) == []


def columns_of(text: str) -> list[str]:
    return ["\n".join(line.text for line in column) for column in columns.separate(layout.lines_of(text))]


LEFT = [text for _, text in wrapped((*STORY[:2], *RESULTS[1:3]), 50, 0, 0)]
RIGHT = [text for _, text in wrapped((*RESULTS[3:], STORY[2], TAIL[0]), 50, 0, 0)]


def test_columns_with_a_gutter_are_cut_at_it() -> None:
    source = side_by_side(list(enumerate(LEFT)), list(enumerate(RIGHT)), 4, 75)
    assert columns_of(source) == ["\n".join(LEFT), "\n".join(RIGHT)]


def test_columns_glued_by_one_space_are_found_by_what_reads_on() -> None:
    """Lines of both columns at one height share a line; below a paragraph's end they stand apart."""
    right = [(at + (0.5 if at > 4 else 0.0), text) for at, text in enumerate(RIGHT)]
    source = side_by_side([(float(at), text) for at, text in enumerate(LEFT)], right, 1, 0)
    found = columns_of(source)
    assert len(found) == 2
    kept = sum(line in found[0] for line in LEFT) + sum(line in found[1] for line in RIGHT)
    assert kept >= 0.8 * (len(LEFT) + len(RIGHT))
    page = clean(source)
    assert len(page.blocks) == 2
    assert page.text[page.blocks[1] - 1] == "\n"


@pytest.mark.parametrize("cells", [50, 70, 95, 120])
def test_one_column_is_never_split(cells: int) -> None:
    lines = [text for _, text in wrapped(STORY + RESULTS + TAIL, cells, 0, 0)]
    assert columns_of("\n".join(lines)) == ["\n".join(lines)]


def test_a_table_is_no_pair_of_columns() -> None:
    rows = [f"หมู่ที่ {at}          {at * 12}          บ้านเหนือ" for at in range(1, 15)]
    assert len(columns_of("\n".join(rows))) == 1


def test_the_language_model_knows_what_reads_on() -> None:
    known = model()
    assert known.follows("การดำเนินงานขององค์การบริหารส่วน", "ตำบลตัวอย่าง") > 2
    assert known.follows("การดำเนินงานขององค์การบริหารส่วน", "และน้ำท่วม") < 0
    assert known.follows("สมาชิกของชุม", "ชนแห่งนี้") > known.follows("สมาชิกของชุม", "การประชุม")
    assert known.breaks("มีรายละเอียด ดังนี้", "1) การริเริ่ม") > known.breaks("และความ", "ร่วมมือ")
    assert known.follows("", "ข้อความ") == known.breaks("", "") == 0
    with pytest.raises(FileNotFoundError):
        Continuity(Path("nowhere.npz"))


# The real pages, where they are at hand.


def real(number: str) -> str:
    text = seed(number)
    if text is None:
        pytest.skip(
            "the sample pages are not here (set KARANI_DATASETS, or put shared/seeds beside the repository)"
        )
    return text


def labels_of(source: str, page: CleanedPage, start: int, end: int) -> set[str]:
    """The labels of the source's places that a stretch of the cleaned page came from."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found: set[str] = set()
    for at, length, source_start, source_length in page.pieces:
        if at + length <= start or at >= end:
            continue
        for place in range(source_start, source_start + source_length):
            if source[place].isspace():
                continue
            number = max(n for n, begin in enumerate(starts) if begin <= place)
            column = place - starts[number]
            found.add([label for begin, label in LABELS[str(number)] if begin <= column][-1])
    return found


def test_003_no_block_joins_two_texts() -> None:
    source = real("003")
    page = clean(source)
    ends = [*page.blocks[1:], len(page.text)]
    labels = [labels_of(source, page, start, end) for start, end in zip(page.blocks, ends, strict=True)]
    assert labels == [{"clean"}, {"copy"}, {"results"}]


def test_003_is_readable_thai() -> None:
    known = {*map(str, thai_words()), *map(str, provinces())}
    known |= thai_male_names() | thai_female_names() | thai_family_names()
    trie = Trie(known)

    def share(text: str) -> float:
        words = [word.strip() for word in word_tokenize(text, custom_dict=trie, join_broken_num=False)]
        words = [word for word in words if re.search("[\u0e01-\u0e45\u0e47-\u0e4e]", word)]
        return sum(word in known for word in words) / len(words)

    assert share(real("003")) < 0.8
    assert share(clean(real("003")).text) >= 0.99


def test_003_every_clean_line_stands_once_and_all_nine_results_in_order() -> None:
    source = real("003")
    text = bare(clean(source).text)
    for number, line in enumerate(source.split("\n")):
        if LABELS.get(str(number)) == [[0, "clean"]] and len(line.strip()) > 25:
            assert text.count(bare(clean(line).text.removesuffix("-"))) == 1
    items = [line[:2] for line in clean(source).text.split("\n") if re.match(r"[1-9]\)", line)]
    assert items == ["3)", *(f"{number})" for number in range(1, 10))]
    for fact in ("96 ราย", "431 ครัวเรือน", "13 ชุมชน", "เมืองน่าอยู่ของจังหวัดเชียงราย"):
        assert bare(fact) in text


def test_002_reads_down_the_left_column_then_down_the_right() -> None:
    page = clean(real("002"))
    assert len(page.blocks) == 2
    left, right = block_texts(page)
    assert "การบริหารเทศบาลโดยการน้อมนำพระปฐมบรมราชโองการ" in left
    assert "จัดทำบันทึกตกลงความร่วมมือ (MOU : Memorandum of Understanding)" in left
    assert "แนวทางการจัดบริการสาธารณะร่วมกันระหว่างองค์กรปกครองส่วนท้องถิ่น" in right
    assert "ไม่ได้จัดทำบันทึกตกลงความร่วมมืออย่างเป็นทางการ" in right
    assert page.dropped[-1] == "รางวัลพระปกเกล้า’ 58 รางวัลพระปกเกล้า’ 58"


@pytest.mark.parametrize("number", ["000", "001", "004"])
def test_pages_of_one_text_stay_one(number: str) -> None:
    page = clean(real(number))
    assert page.blocks == (0,)
    assert clean(page.text).text == page.text


def test_000_the_first_case_and_its_agreement_with_the_hospital() -> None:
    page = clean(real("000"))
    assert page.text.startswith("3.6 เทศบาลตำบลบ้านบึง (ต.บ้านบึง อ.บ้านบึง จ.ชลบุรี)")
    assert "ภายในเทศบาลจากการทำบันทึกข้อตกลง(MOU)กับโรงพยาบาล\n3.7 " in page.text
    assert [line[:4] for line in page.text.split("\n")] == ["3.6 ", "3.7 ", "3.8 "]
