"""A static encoder without torch: one table row a token, their weighed sum, unit length.

Reads the same folder as ``SentenceTransformer(folder, trust_remote_code=True)`` (`index.encoders.saturated`, then Normalize) and
gives the same vectors to 1e-6. The table stays int8 in memory (40 MB) and is summed in compiled code.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.answer_kinds import signs
from index.encoders.errors import EncoderError
from index.encoders.matching import LongestMatch
from index.encoders.pooling_kernel import SMALLEST_NORM, pooled
from index.interfaces import Vectors

CHECKSUMS = "checksums.sha256"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
MODULE = "index.encoders.saturated.SaturatedEmbedding"
_VECTORS_AT_ONCE = 4096
"""Whose lengths are measured at once."""
LEADING = 256
"""So many numbers of a vector are used to compare single tokens; training turns the table so that the first
hold the most."""
_KINDS = {"I8": "<i1", "I32": "<i4", "I64": "<i8", "F16": "<f2", "F32": "<f4"}


class TokenVectors:
    """Token vectors kept as int8 rows with one scale each, turned to float32 where they are used."""

    def __init__(self, quantised: NDArray[np.int8], scale: NDArray[np.float32]) -> None:
        """``quantised``: shape (rows, dim); ``scale``: shape (rows,)."""
        self._quantised = quantised
        self._scale = scale

    @classmethod
    def stored(
        cls, quantised: NDArray[np.int8], rows: NDArray[np.int32], weights: NDArray[np.float32]
    ) -> TokenVectors:
        """From the file's layout, where the scale stands once a token, as sentence-transformers wants it."""
        scale = np.ones(len(quantised), dtype=np.float32)
        scale[rows] = weights
        return cls(quantised, scale)

    def __len__(self) -> int:
        return len(self._quantised)

    def __getitem__(self, rows: NDArray[np.integer]) -> Vectors:
        """Float32 vectors of some rows, in their shape and order."""
        vectors: Vectors = self._quantised[rows].astype(np.float32) * self._scale[rows][..., None]
        return vectors

    @property
    def stored_rows(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The numbers as they are kept, shape (rows, dim), and what each row has to be multiplied by."""
        return self._quantised, self._scale

    def pooled(self, rows: NDArray[np.int32], ends: NDArray[np.int64]) -> Vectors:
        """The unit vectors of some texts, shape (len(ends), dim); ``ends`` says where each one's rows end.

        A token that stands n times counts sqrt(n) times, as BM25 saturates: names that a text repeats
        would drown what it says. No token gives zeros.
        """
        return pooled(rows, ends, self._quantised, self._scale)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._quantised.shape[1])

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """Length of each vector, shape (rows,)."""
        squares = np.concatenate(
            [
                np.square(self._quantised[start : start + _VECTORS_AT_ONCE].astype(np.float32)).sum(axis=1)
                for start in range(0, len(self), _VECTORS_AT_ONCE)
            ]
        )
        norms: NDArray[np.float32] = np.sqrt(squares) * self._scale
        return norms

    @cached_property
    def leading(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The first `LEADING` numbers of each vector as stored, and what makes each row part of a unit vector."""
        leading = np.ascontiguousarray(self._quantised[:, :LEADING])
        lengths = np.maximum(self.norms, np.float32(SMALLEST_NORM))
        return leading, (self._scale / lengths).astype(np.float32)

    def directions(self, rows: NDArray[np.integer]) -> Vectors:
        """The first `LEADING` numbers of some vectors made unit length, shape (len(rows), at most LEADING)."""
        leading, scale = self.leading
        return leading.take(rows, axis=0).astype(np.float32) * scale.take(rows)[:, None]


class StaticEncoder:
    """Sum of token vectors, each weighed by the root of its count, L2-normalised; no length limit, no prompts."""

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
            self._tokenizer = LongestMatch.from_file(folder / TOKENIZER)
            weights = mapped(folder / WEIGHTS)
            # The two small ones are copied: their bytes need not begin where numbers of their size like to.
            self._rows: NDArray[np.int32] = weights["mapping"].copy()
            self._table = TokenVectors.stored(weights["embeddings"], self._rows, weights["weights"].copy())
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise _damaged(folder, str(error)) from error
        self.dim = self._table.dim

    @staticmethod
    def can_load(folder: Path) -> bool:
        """True for a folder that ``karani train encoder`` wrote: its first module and a checksum list say so."""
        if not (folder / CHECKSUMS).is_file() or not (folder / "modules.json").is_file():
            return False
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        return bool(modules) and modules[0].get("type") == MODULE

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text; nothing is ever cut."""
        _, ends = self._tokenizer.encode_all(texts)
        counts: list[int] = np.diff(ends, prepend=0).tolist()
        return counts

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), float32, unit rows; a text without a known token gives zeros."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), float32, unit rows; the same space as the queries."""
        return self._encode(texts)

    @property
    def vectors(self) -> TokenVectors:
        """The token table, indexed by row: one vector for all spellings of a token."""
        return self._table

    @property
    def norms(self) -> NDArray[np.float32]:
        """Length of each of the table's vectors, shape (rows,)."""
        return self._table.norms

    def directions(self, rows: NDArray[np.integer]) -> Vectors:
        """Leading numbers of some unit vectors: products of two are near the tokens' cosine."""
        return self._table.directions(rows)

    @property
    def leading(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The same of every row as whole numbers, and what each row of them has to be multiplied by."""
        return self._table.leading

    @cached_property
    def signs(self) -> dict[str, NDArray[np.bool_]]:
        """For each kind of question, which rows can be its answer (`index.answer_kinds`)."""
        return signs(
            {token: int(self._rows[index]) for token, index in self._tokenizer.ids.items()}, len(self._table)
        )

    @property
    def token_rows(self) -> NDArray[np.int32]:
        """Token id -> row of `vectors`: the spellings of one word share a row."""
        return self._rows

    def rows(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Each text's tokens in order, as rows of `vectors`."""
        ids, ends = self._tokenizer.encode_all(texts)
        rows, bounds = self._rows[ids], (0, *ends.tolist())
        return [rows[start:end] for start, end in pairwise(bounds)]

    def pooled(self, rows: NDArray[np.int32]) -> Vectors:
        """The unit vector of some tokens' rows, shape (dim,); no token gives zeros."""
        vector: Vectors = self._table.pooled(rows, np.asarray([len(rows)]))[0]
        return vector

    def _encode(self, texts: Sequence[str]) -> Vectors:
        ids, ends = self._tokenizer.encode_all(texts)
        return self._table.pooled(self._rows[ids], ends)


def mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file, read-only and mapped, so that the processes of a service share them.

    The file's layout is eight bytes for the length of a JSON object, that object, and the arrays' bytes:
    https://huggingface.co/docs/safetensors (format). The library's own reader copies every array.

    Raises:
        KeyError, TypeError, ValueError: it is no such file, or not whole.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    first = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for name, about in json.loads(data[8:first]).items():
        if name == "__metadata__":
            continue
        start, end = about["data_offsets"]
        kind = np.dtype(_KINDS[about["dtype"]])
        flat = np.frombuffer(data, kind, (end - start) // kind.itemsize, first + start)
        arrays[name] = flat.reshape(about["shape"])
    return arrays


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(folder: Path, reason: str) -> EncoderError:
    return EncoderError(
        f"โมเดล encoder ที่ {folder} ใช้ไม่ได้ ({reason}): ติดตั้งใหม่ หรือตั้ง KARANI_ENCODER เป็นโมเดลอื่น / "
        f"the encoder's files in {folder} cannot be used ({reason}): install again, "
        "or set KARANI_ENCODER to another model"
    )
