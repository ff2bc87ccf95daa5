"""A static encoder without torch: one table row a token, their mean, unit length.

Reads the same folder as ``SentenceTransformer(folder)`` (a StaticEmbedding followed by Normalize) and
gives the same vectors to 1e-6; the import costs 0.1 s instead of 4 s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from index.encoders.errors import EncoderError
from index.interfaces import Vectors

CHECKSUMS = "checksums.sha256"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
_BATCH = 256
"""Texts pooled at once: their gathered rows stay small enough for the processor's cache."""


class StaticEncoder:
    """Mean of token vectors, L2-normalised; no length limit, no prompts."""

    prefixes = ("", "")
    max_tokens = None

    def __init__(self, folder: Path, *, name: str | None = None) -> None:
        """Load a folder written by ``karani train encoder``.

        Raises:
            EncoderError: a file is missing, or does not match the folder's checksums.
        """
        self.name = name or str(folder)
        self.revision = verify(folder)
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            self._table, self._rows = _table(load_file(folder / WEIGHTS))
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            raise _damaged(folder, str(error)) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.dim = int(self._table.shape[1])

    @staticmethod
    def can_load(folder: Path) -> bool:
        """True for a folder whose first module is a StaticEmbedding and whose files are listed by checksum."""
        if not (folder / CHECKSUMS).is_file() or not (folder / "modules.json").is_file():
            return False
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        return bool(modules) and str(modules[0].get("type", "")).endswith("StaticEmbedding")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text; nothing is ever cut."""
        return [len(ids) for ids in self._tokens(texts)]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), float32, unit rows; a text without a known token gives zeros."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), float32, unit rows; the same space as the queries."""
        return self._encode(texts)

    @property
    def vectors(self) -> Vectors:
        """The token table, shape (rows, dim): one vector for all spellings of a token."""
        return self._table

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """Length of each of the table's vectors, shape (rows,)."""
        lengths: NDArray[np.float32] = np.linalg.norm(self._table, axis=1)
        return lengths

    def rows(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Each text's tokens in order, as rows of `vectors`."""
        return [self._rows[ids].astype(np.int32) for ids in self._tokens(texts)]

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            ids = self._tokens(texts[start : start + _BATCH])
            vectors[start : start + len(ids)] = self._pool(ids)
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _pool(self, ids: Sequence[Sequence[int]]) -> Vectors:
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        pooled: Vectors = np.zeros((len(ids), self.dim), dtype=np.float32)
        filled = np.flatnonzero(lengths)
        if not filled.size:
            return pooled
        tokens = np.fromiter((i for text in ids for i in text), dtype=np.int64, count=int(lengths.sum()))
        starts = np.concatenate(([0], np.cumsum(lengths[filled])[:-1]))
        sums = np.add.reduceat(self._table[self._rows[tokens]], starts, axis=0)
        # The mean is kept (not only its direction) so that tiny norms meet the same floor as in torch.
        means = sums / lengths[filled, None].astype(np.float32)
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        pooled[filled] = means / np.maximum(norms, 1e-12)
        return pooled


def checksum_lines(folder: Path, names: Sequence[str]) -> str:
    """The text of a checksum file: one ``sha256  name`` line a file, as ``sha256sum -c`` reads it."""
    return "".join(f"{_sha256(folder / name)}  {name}\n" for name in sorted(names))


def verify(folder: Path) -> str:
    """Check a model folder against its checksum file and return its revision (the hash of that file).

    Raises:
        EncoderError: the folder or a file is missing or differs.
    """
    listing = folder / CHECKSUMS
    if not listing.is_file():
        raise _damaged(folder, f"{CHECKSUMS} is missing")
    for name, expected in _listed(listing):
        path = folder / name
        if not path.is_file():
            raise _damaged(folder, f"{name} is missing")
        if _sha256(path) != expected:
            raise _damaged(folder, f"{name} does not match its checksum")
    return hashlib.sha256(listing.read_bytes()).hexdigest()


def _listed(listing: Path) -> Iterator[tuple[str, str]]:
    for line in listing.read_text("utf-8").splitlines():
        expected, _, name = line.partition("  ")
        if name:
            yield name, expected


def _table(weights: Mapping[str, NDArray[np.generic]]) -> tuple[Vectors, NDArray[np.int64]]:
    """Return (float32 rows, token id -> row) of a plain or a quantised StaticEmbedding."""
    if "embedding.weight" in weights:
        plain = weights["embedding.weight"].astype(np.float32)
        return plain, np.arange(len(plain))
    rows = weights["mapping"].astype(np.int64)
    table = weights["embeddings"].astype(np.float32)
    # The scale is stored per token, as sentence-transformers wants it; spellings of a row share one.
    scale = np.ones(len(table), dtype=np.float32)
    scale[rows] = weights["weights"].astype(np.float32)
    table *= scale[:, None]
    return table, rows


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(folder: Path, reason: str) -> EncoderError:
    return EncoderError(
        f"โมเดล encoder ที่ {folder} ใช้ไม่ได้ ({reason}): ติดตั้งใหม่ หรือตั้ง KARANI_ENCODER เป็นโมเดลอื่น / "
        f"the encoder's files in {folder} cannot be used ({reason}): install again, "
        "or set KARANI_ENCODER to another model"
    )
