"""Awards and their Buddhist-era years, as titles, page headers and texts state them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

KING_PRAJADHIPOK = "รางวัลพระปกเกล้า"

_THAI_DIGITS = {ord("๐") + value: str(value) for value in range(10)}
_AWARD = re.compile(r"รางวัล[ \t]*(?:พระปกเกล้า|เลิศรัฐ)")
_NAMES = {"พระปกเกล้า": KING_PRAJADHIPOK, "เลิศรัฐ": "รางวัลเลิศรัฐ"}
# รางวัลพระปกเกล้า’ 64, รางวัลพระปกเกล้า 2564
_SHORT_YEAR = re.compile(
    r"(?:ทองคำ)?[ \t]*['’‘`´]?[ \t]*(?:25)?(\d{2})(?!\d|[.,]\d|[ \t]*(?:แห่ง|รางวัล|ด้าน|ราย))"
)
# ประจำปี พ.ศ. 2562 in the same sentence
_YEAR = re.compile(
    r"(?:ประจำปี|ปี|พ\.ศ\.|พุทธศักราช)(?:งบประมาณ)?[ \t]*(?:พ\.ศ\.|พุทธศักราช)?[ \t]*(25\d{2})(?!\d)"
)
_ANNUAL = re.compile(r"ประจำปี(?:งบประมาณ)?[ \t]*(?:พ\.ศ\.|พุทธศักราช)?[ \t]*(25\d{2})(?!\d)")
_RECEIVED = re.compile(r"(?:รับ|คว้า|ชนะ|ครอง|มอบ|ผลงาน|ความสำเร็จ)[^\n]{0,80}\Z")
_REACH = 220


class Award(NamedTuple):
    """An award's name and its year (พ.ศ.), either of them unknown."""

    name: str | None = None
    year_be: int | None = None


def stated(lines: Iterable[str]) -> Award:
    """Read the award and year off headings, titles, page headers and footers.

    A line with both wins; else the first award, and the first year that a line calls ประจำปี.

    >>> stated(["รางวัลพระปกเกล้า’ 64"])
    Award(name='รางวัลพระปกเกล้า', year_be=2564)
    """
    first, annual = Award(), None
    for line in lines:
        text = line.translate(_THAI_DIGITS)
        for found in _awards(text):
            if found.year_be:
                return found
            first = first if first.name else found
        annual = annual or _annual(text)
    return Award(first.name, annual)


def received(text: str) -> Award:
    """Read an award off a story: one that its text says was received, with the year named close by."""
    folded = text.translate(_THAI_DIGITS)
    without_year = Award()
    for match in _AWARD.finditer(folded):
        if not _RECEIVED.search(folded[max(0, match.start() - 100) : match.start()]):
            continue
        found = _with_year(folded, match)
        if found.year_be:
            return found
        without_year = without_year if without_year.name else found
    return without_year


def year_be(text: str) -> int | None:
    """Make a Buddhist-era year of what metadata hold: 2562, ๒๕๖๒, พ.ศ. 2562, 62 or the year 2019.

    >>> year_be("2019")
    2562
    """
    digits = re.search(r"(?<!\d)(\d{4}|\d{2})(?!\d)", text.translate(_THAI_DIGITS))
    if digits is None:
        return None
    year = int(digits[1])
    if year < 100:
        return 2500 + year
    if 1900 <= year < 2200:
        return year + 543
    return year if 2400 <= year < 2700 else None


def _awards(text: str) -> Iterable[Award]:
    return (_with_year(text, match) for match in _AWARD.finditer(text))


def _with_year(text: str, match: re.Match[str]) -> Award:
    name = next(full for key, full in _NAMES.items() if key in match[0])
    short = _SHORT_YEAR.match(text, match.end())
    if short:
        return Award(name, 2500 + int(short[1]))
    sentence = text[match.end() : match.end() + _REACH].split("\n\n")[0]
    following = _YEAR.search(sentence)
    return Award(name, int(following[1]) if following else None)


def _annual(text: str) -> int | None:
    found = _ANNUAL.search(text)
    return int(found[1]) if found else None
