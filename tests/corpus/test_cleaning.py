from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pythainlp.util import normalize

from corpus import thai
from corpus.cleaning import clean, clean_query
from corpus.records import CleanedPage
from tests.corpus.overlay import RESULTS, STORY, glyph_encoded, without_low_marks, wrapped

LETTERS = "กขงญฐดตนบปพมยรลวสหอฤ"
NASTY = (
    LETTERS
    + "ะาำๅัิีึืฺุู็่้๊๋์ํ๎เแโใไๆฯ๑๒ "
    + "  \t\n\r\u00a0\u200b\u200d\u00ad\ufeff\u2028\x00\x0c\u3000"
    + "\uf700\uf701\uf70a\uf70b\uf70e\uf710\uf712\uf71a\uf0b7\ue000\ud800"
    + "ab1.-–“”()’>…/e\u0301\u0323é\u1100\u1161\U0001f600"
)
BLOCKS = [
    "ก",
    "ำ",
    "ํา",
    "ํ า",
    "่",
    " ",
    "\n",
    "เเ",
    "  ",
    "น้ำ",
    "-\n",
    "1) ",
    "• ",
    "Page 2 - x\nP. 2\n",
    "12",
    "รางวัล’ 64",
]


def lines_of_pages() -> st.SearchStrategy[str]:
    line = st.builds(
        lambda indent, words: " " * indent + "".join(words),
        st.sampled_from([0, 0, 4, 14, 20, 34]),
        st.lists(
            st.sampled_from(
                ["เทศบาล", "ตำบล", "การทํางาน ", "ให\uf70b", "และ", " ", "2562", "MOU ", "ก", "1) ", "หน่วย-"]
            ),
            max_size=14,
        ),
    )
    return st.lists(line, max_size=14).map("\n".join)


STRETCHES = [text for _, text in wrapped(STORY + RESULTS, 44, 0, 0)]


def overlaid_pages() -> st.SearchStrategy[str]:
    """Lines of two texts in any order, encoding and column, some glued together: what layers and columns ask."""
    stretch = st.builds(
        lambda text, encoding: encoding(text),
        st.sampled_from(STRETCHES),
        st.sampled_from([str, str, glyph_encoded, without_low_marks]),
    )
    line = st.builds(
        lambda indent, parts, gap: " " * indent + (" " * gap).join(parts),
        st.sampled_from([0, 0, 1, 6, 14, 14, 20, 34, 41]),
        st.lists(stretch, min_size=1, max_size=2),
        st.sampled_from([0, 1, 1, 3, 8]),
    )
    return st.lists(line, min_size=6, max_size=40).map("\n".join)


SOURCES = st.one_of(
    st.text(alphabet=NASTY, max_size=60),
    st.text(max_size=40),
    st.lists(st.sampled_from(BLOCKS), max_size=30).map("".join),
    lines_of_pages(),
    overlaid_pages(),
)


def assert_traceable(source: str, page: CleanedPage) -> None:
    at = 0
    for start, length, source_start, source_length in page.pieces:
        assert start == at
        assert length > 0
        assert 0 <= source_start <= source_start + source_length <= len(source)
        at += length
        if length == source_length:
            for offset in range(length):
                assert _same(page.text[start + offset], source[source_start + offset])
    assert at == len(page.text)
    assert page.blocks[0] == 0
    assert list(page.blocks) == sorted(set(page.blocks))
    assert all(block < len(page.text) for block in page.blocks[1:])


def _same(cleaned: str, source: str) -> bool:
    if cleaned == source or unicodedata.normalize("NFC", source) == cleaned:
        return True
    if cleaned in " \n":
        return source.isspace() or unicodedata.category(source) in ("Zs", "Zl", "Zp", "Cc")
    return thai.GLYPHS.get(ord(source)) == cleaned or (source, cleaned) == ("ๅ", "า") or cleaned == "•"


@given(SOURCES)
@settings(max_examples=400, deadline=None)
@example("ก\u200b\u0e48\n\n\u0e32")
@example("Page 25 - kpiebook62009\nP. 25\n")
@example("โทร 081" + "เ\n" * 30 + "a")  # two lines become one letter in each pass
def test_every_character_can_be_traced_and_cleaning_again_changes_nothing(source: str) -> None:
    page = clean(source)
    assert_traceable(source, page)
    again = clean(page.text)
    assert again.text == page.text


@given(SOURCES)
@settings(max_examples=400, deadline=None)
def test_cleaned_text_is_tidy(source: str) -> None:
    text = clean(source).text
    assert unicodedata.is_normalized("NFC", text)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00a0\u00ad\u200b-\u200f\u2028\ufeff\ue000-\uf8ff\ud800-\udfff]", text
    )
    assert "  " not in text
    assert all(line and line == line.strip(" ") for line in text.split("\n")) or text == ""
    assert not re.search(f"[ \n][{thai.MARKS}]", text)


def _bare(text: str) -> str:
    return "".join(text.split())


@given(SOURCES)
@settings(max_examples=400, deadline=None)
def test_pythainlp_finds_nothing_left_to_normalize_but_white_space(source: str) -> None:
    text = clean(source).text
    assert _bare(normalize(text)) == _bare(text)


@given(SOURCES)
@settings(max_examples=200, deadline=None)
def test_queries_are_spelled_like_pages(query: str) -> None:
    cleaned = clean_query(query)
    assert clean_query(cleaned) == cleaned
    assert "\n" not in cleaned
    assert _bare(normalize(cleaned)) == _bare(cleaned)


def test_a_terminals_colours_are_not_part_of_a_query() -> None:
    assert clean_query("\x1b[1;31mใครทำเรื่องขยะ\x1b[0m\x07") == "ใครทำเรื่องขยะ"
    assert clean_query("[31m ในวงเล็บ]") == "[31m ในวงเล็บ]"
