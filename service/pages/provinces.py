"""The map of Thailand as tiles: one for each province, so that small ones are as easy to see and hit as large ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

#: Regions from north to south, with the key of what to call each.
REGIONS = ("north", "northeast", "central", "east", "west", "south")
#: Side of a tile's cell and the gap between two tiles, in the drawing's own units.
CELL, GAP = 50, 5
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Province:
    """A province and its place in the grid; ``short`` is the official two-letter abbreviation."""

    name: str
    english: str
    short: str
    region: str
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Tile:
    """A province with its number of cases, and its colour: 0 for none, 1 to 5."""

    province: Province
    count: int
    level: int
    url: str

    @property
    def left(self) -> int:
        """The tile's left edge in the drawing."""
        return self.province.column * CELL

    @property
    def top(self) -> int:
        """The tile's upper edge in the drawing."""
        return self.province.row * CELL


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the legend: a level and the counts it stands for."""

    level: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class TileMap:
    """All that the page of provinces draws."""

    tiles: tuple[Tile, ...]
    legend: tuple[Step, ...]
    width: int
    height: int

    def region(self, name: str) -> list[Tile]:
        """A region's tiles that have cases, most first."""
        found = [tile for tile in self.tiles if tile.province.region == name and tile.count]
        return sorted(found, key=lambda tile: (-tile.count, tile.province.name))

    @property
    def told(self) -> int:
        """How many provinces have cases."""
        return sum(1 for tile in self.tiles if tile.count)


@cache
def provinces() -> tuple[Province, ...]:
    """The 77 provinces in the order of the grid's file."""
    lines = Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        if not line.startswith("#"):
            name, english, short, region, column, row = line.split("\t")
            found.append(Province(name, english, short, region, int(column), int(row)))
    return tuple(found)


@cache
def english_names() -> Mapping[str, str]:
    """Romanised names by Thai name."""
    return {province.name: province.english for province in provinces()}


def tile_map(counts: Mapping[str, int]) -> TileMap:
    """The map of cases by province, and a legend whose steps are counts."""
    steps = _steps(max(counts.values(), default=0))
    lows = [step.low for step in steps]
    tiles = tuple(
        Tile(
            province,
            counts.get(province.name, 0),
            bisect_right(lows, counts.get(province.name, 0)),
            "/cases?" + urlencode({"province": province.name}),
        )
        for province in provinces()
    )
    width = max(tile.left for tile in tiles) + CELL - GAP
    return TileMap(tiles, steps, width, max(tile.top for tile in tiles) + CELL - GAP)


def _steps(most: int) -> tuple[Step, ...]:
    """Up to five steps from 1 to the highest count: single numbers while they fit, else each about twice the one before."""
    if most <= _LEVELS:
        return tuple(Step(level, level, level) for level in range(1, most + 1))
    ratio = most ** (1 / _LEVELS)
    lows = [1]
    for level in range(1, _LEVELS):
        lows.append(max(lows[-1] + 1, round(ratio**level)))
    highs = [low - 1 for low in lows[1:]] + [most]
    return tuple(Step(level, low, high) for level, (low, high) in enumerate(zip(lows, highs, strict=True), 1))
