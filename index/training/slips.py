"""What hasty fingers do to a question: slips, dropped marks, Thai digits.

Training on clean text alone makes one wrong letter cost a whole word; training on slips teaches the
pieces that a broken word falls into.
"""

from __future__ import annotations

import random

from index.keyboard import KEDMANEE
from index.training.tokenizer import MARKS, without_marks

_PLACES = {key: (row, column) for row, keys in enumerate(KEDMANEE) for column, key in enumerate(keys)}
_TO_THAI_DIGITS = {ord(str(n)): chr(0x0E50 + n) for n in range(10)}
_SHORTEST = 4
"""Texts with fewer letters are left alone: a slip would leave nothing to recognise."""


def slip(text: str, rng: random.Random) -> str:
    """Return the text with one letter deleted, doubled, swapped with the next, or its Kedmanee neighbour."""
    places = [i for i, c in enumerate(text) if "\u0e01" <= c <= "\u0e45" or (c.isascii() and c.isalpha())]
    if len(places) < _SHORTEST:
        return text
    at = rng.choice(places)
    kind = rng.choice(("delete", "double", "swap", "neighbour"))
    if kind == "delete":
        return text[:at] + text[at + 1 :]
    if kind == "double":
        return text[: at + 1] + text[at:]
    if kind == "swap" and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + _neighbour(text[at], rng) + text[at + 1 :]


def noisy(text: str, rng: random.Random) -> str:
    """Return the text as it might be typed: mostly one slip, else marks dropped or Thai digits."""
    kind = rng.random()
    if kind < 0.55:
        return slip(text, rng)
    if kind < 0.65:
        return slip(slip(text, rng), rng)
    if kind < 0.85:
        return without_marks(text)
    if kind < 0.95:
        return "".join(c for c in text if c not in MARKS or rng.random() < 0.5)
    return text.translate(_TO_THAI_DIGITS)


def _neighbour(letter: str, rng: random.Random) -> str:
    if letter not in _PLACES:
        return letter
    row, column = _PLACES[letter]
    keys = KEDMANEE[row]
    return rng.choice([keys[c] for c in (column - 1, column + 1) if 0 <= c < len(keys)])
