"""Two keyboards on the same keys: Kedmanee (TIS 820) and US QWERTY.

Whoever forgets to switch types ``.8i`` for ใคร, or ``้ำสสน`` for hello. The same
table says which letters lie beside each other, for weighing typing slips.
"""

from __future__ import annotations

from functools import cache

#: Rows from the digits down, each half a key further right: US QWERTY plain and shifted, then Kedmanee.
_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("`1234567890-=", "~!@#$%^&*()_+", "_ๅ/-ภถุึคตจขช", "%+๑๒๓๔ู฿๕๖๗๘๙"),
    ("qwertyuiop[]\\", "QWERTYUIOP{}|", "ๆไำพะัีรนยบลฃ", '๐"ฎฑธํ๊ณฯญฐ,ฅ'),
    ("asdfghjkl;'", 'ASDFGHJKL:"', "ฟหกดเ้่าสวง", "ฤฆฏโฌ็๋ษศซ."),
    ("zxcvbnm,./", "ZXCVBNM<>?", "ผปแอิืทมใฝ", "()ฉฮฺ์?ฒฬฦ"),
)
KEDMANEE = tuple(thai for _, _, thai, _ in _ROWS)
"""The unshifted Kedmanee keys, row by row."""
#: Column at which each row begins, next to the digits' row.
_OFFSETS = (0, 1, 1, 1)

_ADJACENT = ((0, 0), (0, -1), (0, 1), (-1, 0), (-1, 1), (1, 0), (1, -1))

_TO_THAI = {
    ord(key): letter
    for plain, shifted, thai, thai_shifted in _ROWS
    for keys, letters in ((plain, thai), (shifted, thai_shifted))
    for key, letter in zip(keys, letters, strict=True)
}
_TO_LATIN = {ord(letter): chr(key) for key, letter in _TO_THAI.items()}


def as_thai(text: str) -> str:
    """What the same keys give on the Kedmanee layout.

    >>> as_thai(".8i")
    'ใคร'
    """
    return text.translate(_TO_THAI)


def as_latin(text: str) -> str:
    """What the same keys give on the US layout.

    >>> as_latin("้ำสสน")
    'hello'
    """
    return text.translate(_TO_LATIN)


@cache
def neighbours(letter: str) -> frozenset[str]:
    """Letters on the same key and on adjacent ones, at either shift level of the letter's layout."""
    for plain, shifted in ((0, 1), (2, 3)):
        keys = {
            (row, column + offset): {layers[plain][column].lower(), layers[shifted][column].lower()}
            for row, (layers, offset) in enumerate(zip(_ROWS, _OFFSETS, strict=True))
            for column in range(len(layers[plain]))
        }
        found = [place for place, letters in keys.items() if letter in letters]
        if found:
            near = (keys.get((row + y, column + x), set()) for row, column in found for y, x in _ADJACENT)
            return frozenset(set().union(*near) - {letter})
    return frozenset()
