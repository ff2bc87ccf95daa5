"""Thai characters: what old fonts, PDF writers and keyboards do to them, and the repairs.

``repair`` works inside lines and knows nothing of layout. All its passes are
linear; runs are squeezed before anything looks at them twice. Never NFKC or
NFKD: they tear U+0E33 (sara am) apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from corpus import sara_am, signs
from corpus.tracing import Edit, Traced

#: Combining marks that hang on the character before them.
MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_TONES = "\u0e48-\u0e4b"
_FOLLOWING = "\u0e30\u0e32\u0e33\u0e45"
_CONSONANTS = "\u0e01-\u0e2e"

#: Fonts made for the eight-bit Thai encodings kept, beside every mark, copies of it that are
#: shifted: to the left over consonants with an ascender (ป ฝ ฟ ฬ), down where no upper vowel
#: stands below the tone mark, and both; plus two consonants without their lower part and
#: lower vowels moved down. Word processors wrote the positions of those copies into U+F700-F71A.
#: Which mark each is follows from the place it takes in that row.
GLYPHS: dict[int, str] = {
    0xF700: "ฐ",  # without its lower part
    0xF701: "ิ", 0xF702: "ี", 0xF703: "ึ", 0xF704: "ื",  # shifted left
    0xF705: "่", 0xF706: "้", 0xF707: "๊", 0xF708: "๋", 0xF709: "์",  # down and left
    0xF70A: "่", 0xF70B: "้", 0xF70C: "๊", 0xF70D: "๋", 0xF70E: "์",  # down
    0xF70F: "ญ",  # without its lower part
    0xF710: "ั", 0xF711: "ํ", 0xF712: "็",  # shifted left
    0xF713: "่", 0xF714: "้", 0xF715: "๊", 0xF716: "๋", 0xF717: "์",  # shifted left
    0xF718: "ุ", 0xF719: "ู", 0xF71A: "ฺ",  # moved down
}  # fmt: skip

#: Private-use positions of symbol fonts that stand for list bullets.
_BULLETS: dict[int, str] = dict.fromkeys(
    (0xF0A7, 0xF0A8, 0xF0B7, 0xF0D8, 0xF0FC, 0xF06E, 0xF06F, 0xF071, 0xF076, 0xF09F, 0xF0A0), "•"
)
_SPACES = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_ONE_TO_ONE: dict[int, str] = {
    **_BULLETS,
    **dict.fromkeys((0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029), "\n"),
}
_HAS_ONE_TO_ONE = re.compile(f"[{_SPACES}\x0b\x0c\x1c-\x1e\x85\u2028\u2029\uf000-\uf0ff]")
_GLYPH = re.compile("[\uf700-\uf71a]")
_CARRIAGE = re.compile("\r\n?")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ue000-\uf6ff\uf71b-\uf8ff\U000e0000-\U000e007f"
    "\U000f0000-\U0010ffff]+"
)

_SPACE_BEFORE_MARK = re.compile(f" +(?=[{MARKS}\u0e33])")
_SPACE_IN_SARA_AM = re.compile(f"(?:(?<=\u0e4d)|(?<=\u0e4d[{_TONES}])) +(?=\u0e32)")
_LAKKHANG = re.compile("(?<![ฤฦ])ๅ")
_DOUBLED_E = re.compile("เเ[เแ]*")
_REPEATED = re.compile(f"([{_FOLLOWING}\u0e40-\u0e44])(?: *\\1)+")
#: A run of vowels and marks in any other order than vowel, tone, silencer, following vowel.
_DISORDER = re.compile(
    f"(?<![{_FOLLOWING}{MARKS}])"
    f"(?!(?:[\u0e31\u0e34-\u0e39\u0e47]?[{_TONES}]?\u0e4c?(?:\u0e32?\u0e30|[\u0e32\u0e33])?|\u0e3a)(?![{_FOLLOWING}{MARKS}]))"
    f"[{_FOLLOWING}{MARKS}]{{2,}}"
)
_DANGLING = re.compile(f"\\A[{MARKS} \n]*[{MARKS}]")
_SPACES_RUN = re.compile(" {2,}")
_LEADERS = re.compile(r"([.·_=*~–—-])\1{3,}|(?:\. ){4,}\.?")
_SARA_AM = re.compile(f"\u0e4d([{_TONES}]?)\u0e32|\u0e32\u0e4d([{_TONES}]?)|\u0e4d([{_TONES}]?)\u0e33")
_TONE_RUN = re.compile(f"[{_TONES}]+")
_LATE_TONE = re.compile(f"([{_FOLLOWING}][{_FOLLOWING}{_TONES}]*)([{_TONES}])")
_MARK_RUN = re.compile(f"[{MARKS}]{{2,}}")

_DIGITS = {ord("๐") + value: str(value) for value in range(10)}


def arabic_digits(text: str) -> str:
    """Thai digits as Arabic ones, character for character.

    >>> arabic_digits("ปี ๒๕๖๒")
    'ปี 2562'
    """
    return text.translate(_DIGITS)


def without_marks(text: str) -> str:
    """Letters alone: no combining mark, and ำ as the า that remains of it.

    For comparing copies of a text of which one lost its marks.
    """
    return _MARKS.sub("", text).replace("\u0e33", "\u0e32")


_MARKS = re.compile(f"[{MARKS}]+")


def dictionary_order(text: str) -> str:
    """The key that sorts as Thai dictionaries do: by consonant before its leading vowel, tone marks aside.

    >>> sorted(["ไก่", "ขา", "เขา", "กา"], key=dictionary_order)
    ['กา', 'ไก่', 'ขา', 'เขา']
    """
    return _LEADING_VOWEL.sub(r"\2\1", _NO_LETTERS.sub("", text))


_LEADING_VOWEL = re.compile(f"([\u0e40-\u0e44])([{_CONSONANTS}])")
_NO_LETTERS = re.compile("[\u0e47-\u0e4e]+")


def width(text: str) -> int:
    """Cells that a line takes on paper: every character but the combining marks."""
    if len(text) < _LONG_CHARS:
        return len(_MARKS.sub("", text))
    return len(text) - sum(map(text.count, _EACH_MARK))


_EACH_MARK = ("\u0e31", *map(chr, range(0x0E34, 0x0E3B)), *map(chr, range(0x0E47, 0x0E4F)))
#: From here on counting each mark is quicker than taking all of them out.
_LONG_CHARS = 100


def characters(traced: Traced) -> Traced:
    """Settle single characters: kinds of space and of line end, bullets; drop invisible ones."""
    traced = traced.sub(_CARRIAGE, "\n") if "\r" in traced.text else traced
    found = signs.of(traced.text)
    if found & signs.REPLACED:
        traced = traced.translate(_HAS_ONE_TO_ONE, _ONE_TO_ONE)
    return traced.sub(_INVISIBLE, "") if found & signs.INVISIBLE else traced


def glyph_places(text: str) -> list[int]:
    """Where glyph positions stand, ascending: they tell layers of a page apart, so look before replacing."""
    return [match.start() for match in _GLYPH.finditer(text)]


def glyphs(traced: Traced) -> Traced:
    """Replace glyph positions by the marks that they are."""
    return traced.translate(_GLYPH, GLYPHS)


def repair(traced: Traced) -> Traced:
    """Put marks and vowels where Thai spelling has them; squeeze runs and spaces."""
    found = signs.of(traced.text)
    for needed, step in _STEPS:
        if found & needed:
            changed = step(traced)
            if changed is not traced:
                traced, found = changed, signs.of(changed.text)
    return _compose_others(traced)


#: The repairs in their order, each with the signs without one of which it finds nothing.
_STEPS: tuple[tuple[int, Callable[[Traced], Traced]], ...] = (
    (signs.SPACES, lambda traced: traced.sub(_SPACES_RUN, " ")),
    (signs.SPACE_MARK, lambda traced: traced.sub(_SPACE_BEFORE_MARK, "")),
    (signs.SPACE_AA, lambda traced: traced.sub(_SPACE_IN_SARA_AM, "")),
    (signs.SPACE_AA, sara_am.restore),
    (signs.LAKKHANG, lambda traced: traced.sub(_LAKKHANG, "า")),
    (signs.DOUBLED_E, lambda traced: traced.sub(_DOUBLED_E, "แ")),
    (signs.REPEATED, lambda traced: traced.sub(_REPEATED, lambda match: match[1])),
    (signs.DISORDER, lambda traced: traced.sub(_DISORDER, _respelled)),
    (signs.ALWAYS, lambda traced: traced.sub(_DANGLING, "")),
    (signs.LEADERS, lambda traced: traced.sub(_LEADERS, lambda match: match[0][:3])),
)


def _respelled(match: re.Match[str]) -> str | None:
    run = match[0]
    spelled = _spelled(run) if len(run) <= 16 else _spell(run)
    return None if spelled == run else spelled


def _spell(run: str) -> str:
    """One run of vowels and marks in the standard order, each mark once."""
    run = _MARK_RUN.sub(_ordered, run)
    run = _LATE_TONE.sub(lambda m: m[2] + _TONE_RUN.sub("", m[1]), run)
    run = _MARK_RUN.sub(_ordered, run)
    run = _SARA_AM.sub(lambda m: (m[1] or m[2] or m[3] or "") + "\u0e33", run)
    return _REPEATED.sub(lambda m: m[1], run)


_spelled = lru_cache(maxsize=4096)(_spell)


def _ordered(match: re.Match[str]) -> str:
    """Phinthu, vowels, nikhahit, the last tone mark, then what silences: each once."""
    marks = list(dict.fromkeys(match[0]))
    tones = _TONE_RUN.findall(match[0])
    below = [mark for mark in marks if mark == "\u0e3a"]
    vowels = [mark for mark in marks if mark in "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e47"]
    above = [mark for mark in marks if mark == "\u0e4d"]
    silent = [mark for mark in marks if mark in "\u0e4c\u0e4e"]
    return "".join([*below, *vowels, *above, tones[-1][-1] if tones else "", *silent])


def _compose_others(traced: Traced) -> Traced:
    """NFC outside Thai, e.g. Latin letters with separate accents."""
    if unicodedata.is_normalized("NFC", traced.text):
        return traced
    return traced.edit(_compositions(traced.text))


def _compositions(text: str) -> Iterator[Edit]:
    start = 0
    for line in text.split("\n"):
        if not unicodedata.is_normalized("NFC", line):
            for low, high in _clusters(line):
                composed = unicodedata.normalize("NFC", line[low:high])
                if composed != line[low:high]:
                    yield start + low, start + high, composed
        start += len(line) + 1


def _clusters(line: str) -> Iterator[tuple[int, int]]:
    """Stretches that NFC treats apart: a character that starts anew, and all that may melt into it."""
    start = 0
    for at in range(1, len(line)):
        if _starts_anew(line[at]):
            yield start, at
            start = at
    if line:
        yield start, len(line)


@lru_cache(maxsize=8192)
def _starts_anew(character: str) -> bool:
    if unicodedata.combining(character) or unicodedata.category(character)[0] == "M":
        return False
    return not "\u1160" <= character <= "\u11ff"  # Hangul vowels and finals join the letter before them
