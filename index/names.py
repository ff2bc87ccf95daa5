"""Thai places written in Latin letters: Chiangmai, Khonkaen, Korat, Puket.

Everyone romanises differently, so both sides are folded to a key in which the usual
spellings meet: ph/p, th/t, kh/k/g, ch/j, v/w, doubled letters and long vowels. The
Thai side is romanised syllable by syllable after the Royal Institute's general
system (RTGS), close enough for the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from corpus.gazetteer import place_names

TABLE = Path(__file__).with_name("places.tsv")
_SHORTEST_KEY = 5
_ENGLISH = frozenset({"wisit"})
"""Keys of English words (visit) that would name a place."""
_MOST_PLACES = 3
"""A key that more places share names none of them."""

_ONSETS = {
    letter: sound
    for sound, letters in {
        "k": "ก", "kh": "ขฃคฅฆ", "ng": "ง", "ch": "จฉชฌ", "s": "ซศษส", "y": "ญย", "d": "ดฎ", "t": "ตฏ",
        "th": "ทธฐถฑฒ", "n": "นณ", "b": "บ", "p": "ป", "ph": "พภผ", "f": "ฟฝ", "m": "ม", "r": "ร", "l": "ลฬ",
        "rue": "ฤ", "w": "ว", "h": "หฮ", "": "อ",
    }.items()
    for letter in letters
}  # fmt: skip
_FINALS = {
    **dict.fromkeys("กขคฆ", "k"),
    **dict.fromkeys("จชซศษสดฎตฏทธฐถฑฒ", "t"),
    **dict.fromkeys("ญนณรลฬ", "n"),
    **dict.fromkeys("บปพภผฟ", "p"),
    "ง": "ng",
    "ม": "m",
    "ย": "i",
    "ว": "o",
}
_CLUSTER = "[กขคตปพผบทสศ]ร|[กขคปพผ]ล|[กขค]ว|ห[งญนมยรลว]|อย"
_C = "[ก-ฮ]"
_ONSET = f"(?P<onset>{_CLUSTER}|{_C}{_C}??)"
_REST = f"(?P<final>{_C}?)[ก-ฮิุ]*$"
#: Templates of one syllable without tone marks and their vowels; the first that fits wins.
_TEMPLATES: tuple[tuple[str, str], ...] = (
    (f"เ{_ONSET}ียะ?{_REST}", "ia"),
    (f"เ{_ONSET}ือะ?{_REST}", "uea"),
    (f"เ{_ONSET}าะ{_REST}", "o"),
    (f"เ{_ONSET}า$", "ao"),
    (f"เ{_ONSET}ิ{_REST}", "oe"),
    (f"เ{_ONSET}อะ?{_REST}", "oe"),
    (f"เ{_ONSET}ย$", "oei"),
    (f"เ{_ONSET}[็ะ]?{_REST}", "e"),
    (f"แ(?P<onset>{_C})ว$", "aeo"),
    (f"แ{_ONSET}[็ะ]?{_REST}", "ae"),
    (f"โ{_ONSET}ะ?{_REST}", "o"),
    (f"[ไใ]{_ONSET}ย?$", "ai"),
    (f"{_ONSET}ัย$", "ai"),
    (f"{_ONSET}ัวะ?$", "ua"),
    (f"{_ONSET}[ัะา]{_REST}", "a"),
    (f"{_ONSET}ำ$", "am"),
    (f"{_ONSET}[ิี]{_REST}", "i"),
    (f"{_ONSET}[ึื]อ?{_REST}", "ue"),
    (f"{_ONSET}[ุู]{_REST}", "u"),
    (f"{_ONSET}รร$", "an"),
    (f"{_ONSET}รร{_REST}", "a"),
    (f"{_ONSET}อ{_REST}", "o"),
    (f"{_ONSET}ว(?P<final>{_C})$", "ua"),
    (f"(?P<onset>{_CLUSTER}|{_C})(?P<final>{_C})$", "o"),
    (f"(?P<before>{_C})(?P<onset>{_C})(?P<final>{_C}){_C}*$", "o"),
)
#: An unwritten vowel may go before: ยโส, นครา.
_SYLLABLES = tuple(
    (re.compile(f"^{before}{pattern}"), vowel)
    for before in ("", f"(?P<before>{_C})")
    for pattern, vowel in _TEMPLATES
    if not (before and "before" in pattern)
)
_SILENT = re.compile(f"{_C}[ิุ]?์|[่-๋]")
_SPELLINGS = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        ("[^a-z]", ""),
        ("([ptkbdg])h", r"\1"),
        ("ch|j", "c"),
        ("ng", "N"),
        ("g", "k"),
        ("v", "w"),
        ("aw|or(?![aeiou])", "o"),
        ("eo", "ew"),
        ("ae", "e"),
        ("oe|ur(?![aeiou])", "o"),
        ("uea|eua|ua|ue|eu|ou|oo", "u"),
        ("ee|ii|ie|ia|y", "i"),
        ("sr", "s"),
        ("oh(?![aeiou])", "o"),
        ("d(?![aeiouwrl])", "t"),
        ("b(?![aeiourl])", "p"),
        (r"(.)\1+", r"\1"),
    )
)


def key(latin: str) -> str:
    """What the usual romanisations of one name have in common; not for reading.

    >>> key("Chiang Mai") == key("chiengmai") or key("Chiang Mai") == key("Chiangmai")
    True
    """
    folded = latin.lower()
    for pattern, to in _SPELLINGS:
        folded = pattern.sub(to, folded)
    return folded


def romanised(name: str) -> str:
    """A Thai name in Latin letters, roughly after RTGS; what cannot be read is left out."""
    from pythainlp.tokenize import subword_tokenize

    return "".join(_syllable(_SILENT.sub("", part)) for part in subword_tokenize(name, engine="dict"))


def _syllable(text: str) -> str:
    if re.fullmatch(_C, text):
        return _FINALS.get(text, "")  # a piece that the syllables left over
    for pattern, vowel in _SYLLABLES:
        if found := pattern.match(text):
            parts = found.groupdict(default="")
            before = _ONSETS[parts["before"]] + "a" if parts.get("before") else ""
            return before + _onset(parts["onset"]) + vowel + _FINALS.get(parts.get("final", ""), "")
    return ""


def _onset(letters: str) -> str:
    if letters in {"ทร", "สร", "ศร"}:
        return "s"
    if len(letters) == 2 and letters[0] in "หอ" and re.fullmatch(_CLUSTER, letters):
        return _ONSETS[letters[1]]
    between = "" if len(letters) < 2 or re.fullmatch(_CLUSTER, letters) else "a"
    return between.join(_ONSETS[letter] for letter in letters)


@cache
def places() -> Mapping[str, tuple[str, ...]]:
    """Thai places of the gazetteer by key, as `table` found them."""
    rows = (line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines())
    return {folded: tuple(names) for folded, *names in rows}


def table() -> dict[str, tuple[str, ...]]:
    """The gazetteer's places by key, without short keys and those of many places; takes a second."""
    found: dict[str, list[str]] = {}
    for name in sorted(place_names()):
        found.setdefault(key(romanised(name)), []).append(name)
    shared = {folded: tuple(names) for folded, names in sorted(found.items()) if len(names) <= _MOST_PLACES}
    return {
        folded: names
        for folded, names in shared.items()
        if len(folded) >= _SHORTEST_KEY and folded not in _ENGLISH
    }


def write_table(path: Path) -> None:
    """Write what `places` reads; to be run when the gazetteer or the rules change."""
    lines = ("\t".join((folded, *names)) for folded, names in table().items())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
