"""Longest-match tokenization: what the shipped ``tokenizer.json`` does, at several times its speed.

The file holds a WordPiece model without a continuation mark, which is greedy longest match from the left.
`tokenizers` tries every length for every token; here the first five letters tell which lengths exist,
and runs seen before are remembered. Both give the same ids for every text (property-tested).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

_PREFIX = 5
_SHORT = tuple(range(_PREFIX - 1, 0, -1))
_REMEMBERED = 100_000
"""Runs kept with their ids: administrative text repeats itself. About 30 MB when full."""
_LONGEST_REMEMBERED = 60
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
"""Characters without width that copy-and-paste brings in; they vanish before matching."""


class LongestMatch:
    """Tokenizes by the longest vocabulary entry at each place; characters without an entry separate."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        """``vocabulary``: token -> id; every character to be kept must be an entry of its own."""
        self._ids = dict(vocabulary)
        letters = "".join(sorted(token for token in vocabulary if len(token) == 1))
        self._runs = re.compile(f"[{re.escape(letters)}]+")
        self._invisible = re.compile(f"[{INVISIBLE}]")
        self._lengths = _lengths(self._ids)
        self._seen: dict[str, list[int]] = {}

    @classmethod
    def from_file(cls, path: Path) -> LongestMatch:
        """Read the vocabulary of a ``tokenizer.json`` written by this project.

        Raises:
            ValueError: the file holds another kind of model.
        """
        model = json.loads(path.read_text("utf-8"))["model"]
        if model.get("type") != "WordPiece" or model.get("continuing_subword_prefix") != "":
            raise ValueError(f"{path.name} is no longest-match tokenizer")
        unknown = model["unk_token"]
        return cls({token: index for token, index in model["vocab"].items() if token != unknown})

    @property
    def ids(self) -> Mapping[str, int]:
        """Token -> id."""
        return self._ids

    def encode(self, text: str) -> list[int]:
        """Token ids of a text of any length, in time linear in it."""
        ids: list[int] = []
        seen = self._seen
        if self._invisible.search(text) or not unicodedata.is_normalized("NFC", text):
            text = self._invisible.sub("", unicodedata.normalize("NFC", text))
        for run in self._runs.findall(text):
            known = seen.get(run)
            if known is None:
                known = self._match(run)
                if len(run) <= _LONGEST_REMEMBERED:
                    if len(seen) >= _REMEMBERED:
                        seen.clear()
                    seen[run] = known
            ids += known
        return ids

    def _match(self, run: str) -> list[int]:
        ids: list[int] = []
        find, lengths = self._ids.get, self._lengths.get
        at, end = 0, len(run)
        while at < end:
            for length in lengths(run[at : at + _PREFIX], _SHORT):
                token = find(run[at : at + length])
                if token is not None:
                    ids.append(token)
                    at += length
                    break
        return ids


def _lengths(ids: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """First letters -> the lengths of the tokens that begin so, longest first, down to single characters."""
    found: dict[str, set[int]] = {}
    for token in ids:
        if len(token) >= _PREFIX:
            found.setdefault(token[:_PREFIX], set()).add(len(token))
    return {
        prefix: (*sorted(sizes, reverse=True), *(size for size in _SHORT if prefix[:size] in ids))
        for prefix, sizes in found.items()
    }
