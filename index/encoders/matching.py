"""Longest-match tokenization: what the shipped ``tokenizer.json`` does, at many times its speed.

The file holds a WordPiece model without a continuation mark, which is greedy longest match from the left.
`tokenizers` tries every length for every token; here a trie is walked once (`index.encoders.matching_kernel`).
Both give the same ids for every text (property-tested).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.trie import Trie, code_points
from index.encoders.matching_kernel import matches

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
"""Characters without width that copy-and-paste brings in; they vanish before matching."""


class LongestMatch:
    """Tokenizes by the longest vocabulary entry at each place; characters without an entry separate."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        """``vocabulary``: token -> id; every character to be kept must be an entry of its own.

        Raises:
            ValueError: it holds millions of characters, more than the trie has room for.
        """
        self._ids = dict(vocabulary)
        self._trie = Trie.of(self._ids, [token for token in self._ids if len(token) == 1], INVISIBLE)
        # The last number stands for a node without a token.
        ids = np.fromiter((*self._ids.values(), -1), dtype=np.int32, count=len(self._ids) + 1)
        self._found = ids[self._trie.tokens]

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
        ids: list[int] = self.encode_all([text])[0].tolist()
        return ids

    def encode_all(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Token ids of some texts end to end, and where each text's end, shape (len(texts),)."""
        # A part of a normalised text is normalised.
        if not unicodedata.is_normalized("NFC", "".join(texts)):
            texts = [unicodedata.normalize("NFC", text) for text in texts]
        points, ends = code_points(texts)
        return matches(points, ends, self._trie.codes, self._trie.edges, self._found)
