from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from corpus.gazetteer import provinces as known
from service.pages.provinces import CELL, REGIONS, provinces, tile_map


def test_every_province_has_one_tile_of_its_own() -> None:
    tiles = provinces()
    assert {province.name for province in tiles} == set(known())
    assert len(tiles) == 77
    for field in ("name", "english", "short"):
        assert len({getattr(province, field) for province in tiles}) == 77
    assert len({(province.column, province.row) for province in tiles}) == 77
    assert {province.region for province in tiles} == set(REGIONS)


def test_tiles_hang_together_but_for_none_alone() -> None:
    places = {(province.column, province.row) for province in provinces()}
    for column, row in places:
        around = {(column + x, row + y) for x in (-1, 0, 1) for y in (-1, 0, 1)} - {(column, row)}
        assert around & places


def test_rough_geography_holds() -> None:
    at = {province.name: province for province in provinces()}
    assert at["เชียงราย"].row < at["กรุงเทพมหานคร"].row < at["ชุมพร"].row < at["ยะลา"].row
    assert at["ตาก"].column < at["ขอนแก่น"].column < at["อุบลราชธานี"].column
    assert at["ภูเก็ต"].column < at["สงขลา"].column
    assert at["กาญจนบุรี"].column < at["สระแก้ว"].column


@pytest.mark.parametrize("most", [0, 1, 3, 5, 6, 7, 12, 40, 999, 90_000])
def test_the_legend_covers_every_count_once(most: int) -> None:
    drawn = tile_map({"ชลบุรี": most, "ระยอง": 1} if most else {})
    covered = [n for step in drawn.legend for n in range(step.low, step.high + 1)]
    assert covered == list(range(1, most + 1))
    assert len(drawn.legend) <= 5


def test_colours_follow_the_legend() -> None:
    counts = {"ชลบุรี": 40, "ระยอง": 1, "ตราด": 9, "ที่ไม่มีจริง": 5}
    drawn = tile_map(counts)
    for tile in drawn.tiles:
        step = next((s for s in drawn.legend if s.low <= tile.count <= s.high), None)
        assert tile.level == (step.level if step else 0)
    assert drawn.told == 3
    assert [t.province.name for t in drawn.region("east")] == ["ชลบุรี", "ตราด", "ระยอง"]
    assert all(tile.left + CELL <= drawn.width + 10 for tile in drawn.tiles)


def test_the_page_counts_what_the_lists_count(client: TestClient) -> None:
    page = client.get("/provinces").text
    total = client.get("/v1/cases").json()["total"]
    links = {html.unescape(link) for link in re.findall(r'href="(/cases\?province=[^"]*)"', page)}
    shown = 0
    for link in links:
        count = int(re.search(r'class="total">(\d+)<', client.get(link).text)[1])  # type: ignore[index]
        label = re.search(rf'href="{re.escape(html.escape(link))}" [^>]*><title>[^<]*?(\d+)', page)
        assert label is not None
        assert int(label[1]) == count
        shown += count
    assert shown == total
    assert page.count('class="tile level-') == 77


def test_names_are_in_the_readers_language(client: TestClient) -> None:
    client.cookies.clear()
    assert "Chon Buri" in client.get("/provinces?lang=en").text
    assert "ชลบุรี" in client.get("/provinces?lang=th").text
    client.cookies.clear()
