"""Cutting text at marks, and mapping spans back to the source."""

from __future__ import annotations

import itertools
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from corpus.cleaning import clean
from service.pages.marking import segments, whole_clusters, window
from service.pages.source_map import source_spans

TEXT = st.text(alphabet="กขคงจ่้ิีำเแโ ab\n", max_size=80)
SPANS = st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=6)


@given(TEXT, SPANS, SPANS)
def test_segments_give_the_text_again(
    text: str, one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    parts = segments(text, {"one": one, "two": two})
    assert "".join(part.text for part in parts) == text
    at = 0
    for part in parts:
        assert part.text
        for index in range(at, at + len(part.text)):
            kinds = [k for k, spans in (("one", one), ("two", two)) if any(a <= index < b for a, b in spans)]
            assert list(part.kinds) == kinds
        at += len(part.text)


def test_overlapping_layers() -> None:
    parts = segments("abcdef", {"evidence": [(1, 4)], "match": [(3, 9)]})
    assert [tuple(p) for p in parts] == [
        ("a", ()),
        ("bc", ("evidence",)),
        ("d", ("evidence", "match")),
        ("ef", ("match",)),
    ]


@given(TEXT, st.integers(-5, 90), st.integers(-5, 90))
def test_whole_clusters_cut_no_mark_off(text: str, start: int, end: int) -> None:
    low, high = whole_clusters(text, start, end)
    assert 0 <= low <= high <= len(text)
    assert low <= min(max(start, 0), len(text))
    for edge in (low, high):
        if 0 < edge < len(text):
            assert text[edge] != "ำ"
            assert not unicodedata.category(text[edge]).startswith("M")


@given(TEXT, st.lists(st.tuples(st.integers(0, 80), st.integers(1, 9)), max_size=5), st.integers(10, 60))
def test_a_window_is_a_part_and_keeps_what_fits(text: str, places: list[tuple[int, int]], size: int) -> None:
    spans = sorted((min(a, len(text)), min(a + n, len(text))) for a, n in places)
    spans = [span for span in spans if span[0] < span[1]]
    low, high = window(text, spans, size)
    assert 0 <= low <= high <= len(text)
    assert high - low <= size * 1.25 + 20
    if spans and len(text) > size * 1.25:
        assert any(a < high and b > low for a, b in spans)


def test_a_window_moves_to_the_matches() -> None:
    text = "ก " * 200 + "เป้าหมาย และ เป้าหมาย " + "ข " * 200
    at = text.index("เป้าหมาย")
    low, high = window(text, [(0, 1), (at, at + 8), (at + 13, at + 21)], 100)
    assert low <= at
    assert at + 21 <= high
    assert high - low <= 120


@given(st.text(alphabet="กขา้ำํ\uf70a\u200b -\nabc", max_size=60), st.data())
def test_source_spans_hold_every_place_that_the_map_names(source: str, data: st.DataObject) -> None:
    page = clean(source)
    start = data.draw(st.integers(0, len(page.text)))
    end = data.draw(st.integers(start, len(page.text)))
    spans = source_spans(page.pieces, source, start, end)
    assert all(0 <= a < b <= len(source) for a, b in spans)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    for index in range(start, end):
        piece = next(p for p in page.pieces if p.start <= index < p.start + p.length)
        if piece.length == piece.source_length:
            at = piece.source_start + index - piece.start
            assert any(a <= at < b for a, b in spans)
        elif piece.source_length:
            whole = (piece.source_start, piece.source_start + piece.source_length)
            assert any(a <= whole[0] and whole[1] <= b for a, b in spans)


def test_source_spans_join_over_white_space() -> None:
    source = "บรรทัดหนึ่ง\n      บรรทัดสอง"
    page = clean(source)
    assert source_spans(page.pieces, source, 0, len(page.text)) == [(0, len(source))]


@given(
    st.text(max_size=30),
    st.dictionaries(
        st.sampled_from("abc"), st.lists(st.tuples(st.integers(-3, 33), st.integers(-3, 33)), max_size=6)
    ),
)
def test_pieces_carry_exactly_the_spans_that_cover_them(
    text: str, layers: dict[str, list[tuple[int, int]]]
) -> None:
    at = 0
    for piece in segments(text, layers):
        for place in range(at, at + len(piece.text)):
            covering = tuple(kind for kind, spans in layers.items() if any(a <= place < b for a, b in spans))
            assert piece.kinds == covering
        at += len(piece.text)
    assert at == len(text)


def test_ten_thousand_marks_are_worked_out_in_one_go() -> None:
    text = "ก" * 20_000
    assert len(segments(text, {"glyph": [(at, at + 1) for at in range(0, 20_000, 2)]})) == 20_000
