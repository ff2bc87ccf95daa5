"""What a text may need, told by looking at each pair of neighbouring characters once.

The repairs of `corpus.thai` are regular expressions, and nearly all of them find nothing in nearly every text, at
the price of reading it once each. Every one needs two certain characters side by side, or one certain character,
so one pass over the text with a table tells which of them cannot match. It may name one in vain, never miss one.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Characters that are taken out, or replaced one by one; positions of glyphs in old fonts.
INVISIBLE, REPLACED, GLYPH = 1, 2, 4
#: Two spaces; a space before a mark, before า; a vowel before or behind a space in which it may be said twice.
SPACES, SPACE_MARK, SPACE_AA, DOUBLED_E, REPEATED = 8, 16, 32, 64, 128
#: Vowels and marks side by side in another order than spelling has; two signs of which rows are made.
DISORDER, LEADERS = 256, 512
#: ๅ, which is mostly typed for า; and what no pair of characters tells.
LAKKHANG, ALWAYS = 1024, 2048
ALL = 4095

#: Below this many characters the expressions themselves are as quick.
_FEWEST_CHARS = 64

# Kinds of characters, by what may stand beside them.
_KINDS: dict[str, str] = {
    "space": " ",
    "upper": "\u0e31\u0e34-\u0e39\u0e47",
    "tone": "\u0e48-\u0e4b",
    "silencer": "\u0e4c",
    "other mark": "\u0e3a\u0e4d\u0e4e",
    "a": "\u0e30",
    "aa": "\u0e32",
    "am": "\u0e33",
    "lakkhang": "\u0e45",
    "e": "\u0e40",
    "ae": "\u0e41",
    "o": "\u0e42",
    "ai muan": "\u0e43",
    "ai malai": "\u0e44",
    "leader": ".·_=*~–—-",
    "invisible": "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ue000-\uefff\uf100-\uf6ff\uf71b-\uf8ff",
    "replaced": "\t\x0b\x0c\x1c-\x1e\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    # Bullets of symbol fonts and what else lies there: some are replaced, the others taken out.
    "symbol": "\uf000-\uf0ff",
    "glyph": "\uf700-\uf71a",
}  # fmt: skip
_MARKS = ("upper", "tone", "silencer", "other mark")
_FOLLOWING = ("a", "aa", "am", "lakkhang")
_LEADING = ("e", "ae", "o", "ai muan", "ai malai")
#: The order of spelling: vowel, tone, silencer, then what follows; nothing stands twice.
_IN_ORDER = frozenset(
    {("aa", "a")}
    | set(product(("upper",), ("tone", "silencer", "a", "aa", "am")))
    | set(product(("tone",), ("silencer", "a", "aa", "am")))
    | set(product(("silencer",), ("a", "aa", "am")))
)
_WIDTH = 32


def of(text: str) -> int:
    """The repairs that may find something in the text, as a sum of this module's constants."""
    if len(text) < _FEWEST_CHARS:
        return ALL
    import numpy as np

    kinds, flags = _tables()
    # Two bytes a character; one beyond them becomes two surrogates, which only makes it look further.
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")
    row = np.zeros(len(codes) + 1, dtype=np.uint16)
    kinds.take(codes, mode="clip", out=row[:-1])
    pairs = row[:-1] * np.uint16(_WIDTH)
    pairs |= row[1:]
    found = int(np.bitwise_or.reduce(flags.take(pairs, mode="clip")))
    if ". . . . " in text:
        found |= LEADERS
    return found | ALWAYS


@cache
def _tables() -> tuple[NDArray[Any], NDArray[Any]]:
    """The kind of every character of two bytes, and what a pair of kinds may need."""
    import numpy as np

    names = ["", *_KINDS]
    kinds = np.zeros(1 << 16, dtype=np.uint16)
    for number, name in enumerate(names[1:], start=1):
        for low, high in _ranges(_KINDS[name]):
            kinds[low : high + 1] = number
    flags = np.zeros(_WIDTH * _WIDTH, dtype=np.uint16)
    for (one, first), (two, second) in product(enumerate(names), repeat=2):
        flags[one * _WIDTH + two] = _needs(first, second)
    return kinds, flags


def _ranges(characters: str) -> list[tuple[int, int]]:
    """A list of characters and ranges as in a regular expression; a hyphen at its end is one."""
    ranges: list[tuple[int, int]] = []
    at = 0
    while at < len(characters):
        ranged = characters[at + 1 : at + 2] == "-" and at + 2 < len(characters)
        ranges.append((ord(characters[at]), ord(characters[at + 2 if ranged else at])))
        at += 3 if ranged else 1
    return ranges


def _needs(first: str, second: str) -> int:
    """What may have to be done where a character of one kind stands before one of another; "" is any other."""
    found = {
        "invisible": INVISIBLE,
        "replaced": REPLACED,
        "symbol": INVISIBLE | REPLACED,
        "glyph": GLYPH,
        "lakkhang": LAKKHANG,
    }.get(first, 0)
    if first == "space":
        found |= SPACES * (second == "space") | SPACE_AA * (second == "aa")
        found |= SPACE_MARK * (second in (*_MARKS, "am")) | REPEATED * (second in _FOLLOWING)
    if first in _LEADING:
        found |= REPEATED * (second in (first, "space")) | DOUBLED_E * (first == second == "e")
    if first in _FOLLOWING:
        found |= REPEATED * (first == second)
    if (
        first in (*_MARKS, *_FOLLOWING)
        and second in (*_MARKS, *_FOLLOWING)
        and (first, second) not in _IN_ORDER
    ):
        found |= DISORDER
    return found | LEADERS * (first == second == "leader")
