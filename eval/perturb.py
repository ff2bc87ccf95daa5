"""Ways in which people and machines write the same Thai differently: dropped marks, typing slips, spellings."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from corpus.segment import words

# Mai taikhu, the four tone marks and thanthakhat, also as the shifted copies that old fonts keep in private-use
# positions (`corpus.thai.GLYPHS`); sara am decomposes into nikhahit and sara aa.
_MARKS = re.compile("[\u0e47-\u0e4c\uf705-\uf70e\uf712-\uf717]")
_SARA_AM, _DECOMPOSED = "\u0e33", "\u0e4d\u0e32"
_THAI_LETTER = re.compile("[\u0e01-\u0e3a\u0e40-\u0e45]")
_LATIN_LETTER = re.compile("[A-Za-z]")
_TO_THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
_TO_ARABIC = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

# Rows of keys from the digits down, each half a key further right, plain and shifted; `_` is a key without a
# Thai letter or mark.
_KEDMANEE = (
    ("ๅ__ภถ\u0e38\u0e36คตจขช", "_____\u0e39______"),
    ("_ไ\u0e33พะ\u0e31\u0e35รนยบลฃ", "__ฎฑธ\u0e4d\u0e4aณ_ญฐ_ฅ"),
    ("ฟหกดเ\u0e49\u0e48าสวง", "ฤฆฏโฌ\u0e47\u0e4bษศซ_"),
    ("ผปแอ\u0e34\u0e37ทมใฝ", "__ฉฮ\u0e3a\u0e4c_ฒฬฦ"),
)
_QWERTY = (("____________",), ("qwertyuiop___",), ("asdfghjkl__",), ("zxcvbnm___",))
SLIPS = ("delete", "double", "swap", "neighbour")


def drop_marks(text: str) -> str:
    """Remove U+0E47 to U+0E4C and write ำ as ํา, as damaged text layers and hurried typists do."""
    return decompose_am(_MARKS.sub("", text))


def decompose_am(text: str) -> str:
    """Write ำ as ํ and า: looks the same, compares different."""
    return text.replace(_SARA_AM, _DECOMPOSED)


def thai_digits(text: str) -> str:
    """Write Arabic digits as Thai ones."""
    return text.translate(_TO_THAI)


def arabic_digits(text: str) -> str:
    """Write Thai digits as Arabic ones."""
    return text.translate(_TO_ARABIC)


def extra_spaces(text: str) -> str:
    """Double every space, with a no-break one, and put spaces at both ends."""
    doubled = text.replace(" ", " \u00a0")
    return f"  {doubled} "


def spaced_words(text: str) -> str:
    """Put a space between all words, as people do who type for a search engine."""
    return " ".join(word for word in words(text) if word.strip())


def with_khrap(text: str) -> str:
    """Ask politely, as a man does."""
    return f"{text}ครับ"


def with_kha(text: str) -> str:
    """Ask politely, as a woman does."""
    return f"{text}คะ"


def _neighbours(layout: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    """Map each letter to those on adjacent keys of the same shift level."""
    found: dict[str, str] = {}
    for level in range(len(layout[0])):
        rows = [row[level] for row in layout]
        for r, row in enumerate(rows):
            for c, letter in enumerate(row):
                places = [(r, c - 1), (r, c + 1), (r - 1, c), (r - 1, c + 1), (r + 1, c - 1), (r + 1, c)]
                near = [rows[y][x] for y, x in places if 0 <= y < len(rows) and 0 <= x < len(rows[y])]
                if letter != "_":
                    found[letter] = "".join(other for other in near if other != "_")
    return found


KEDMANEE = _neighbours(_KEDMANEE)
QWERTY = _neighbours(_QWERTY)


def one_slip(text: str, random_: random.Random) -> str:
    """Make one typing slip at a random consonant or vowel: delete, double, swap with the next, or a near key.

    Thai letters slip before Latin ones; a text without letters, or of a single one, stays as it is. The kind of slip is
    drawn first, then its place, so that all kinds are equally frequent where they are possible.
    """
    letters = [m.start() for m in _THAI_LETTER.finditer(text)] or [
        m.start() for m in _LATIN_LETTER.finditer(text)
    ]
    if len(letters) < 2:
        return text
    for kind in random_.sample(SLIPS, len(SLIPS)):
        places = [place for place in letters if _possible(kind, text, place)]
        if places:
            return _slipped(kind, text, random_.choice(places), random_)
    return text


def _possible(kind: str, text: str, place: int) -> bool:
    if kind == "swap":
        following = text[place + 1 : place + 2]
        is_letter = _THAI_LETTER.match(following) or _LATIN_LETTER.match(following)
        return bool(is_letter) and following != text[place]
    return kind != "neighbour" or bool(_near(text[place]))


def _near(letter: str) -> str:
    return KEDMANEE.get(letter) or QWERTY.get(letter.lower(), "")


def _slipped(kind: str, text: str, place: int, random_: random.Random) -> str:
    before, letter, after = text[:place], text[place], text[place + 1 :]
    if kind == "delete":
        return before + after
    if kind == "double":
        return before + letter + letter + after
    if kind == "swap":
        return before + after[0] + letter + after[1:]
    return before + random_.choice(_near(letter)) + after


#: Other spellings of the same question: a system should not care.
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "thai_digits": thai_digits,
    "arabic_digits": arabic_digits,
    "decomposed_am": decompose_am,
    "extra_spaces": extra_spaces,
    "spaced_words": spaced_words,
    "with_khrap": with_khrap,
    "with_kha": with_kha,
    "dropped_marks": drop_marks,
}
