"""The seams of retrieval: what can be swapped, and what each part promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@runtime_checkable
class Encoder(Protocol):
    """Turns text into unit-length float32 vectors.

    Queries and passages are encoded by different calls because many models
    want different prompts. Rows keep the input's order; an empty text gives a zero row.
    """

    @property
    def name(self) -> str:
        """The setting that names this encoder (``builtin``, a folder, a hub name)."""

    @property
    def revision(self) -> str:
        """Pins the exact weights: a content hash or a hub commit."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def prefixes(self) -> tuple[str, str]:
        """The prompts put before a query and before a passage."""

    @property
    def max_tokens(self) -> int | None:
        """The length limit in model tokens, ``None`` when there is none."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Model tokens per text, prompts included, before any truncation."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), L2-normalised."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), L2-normalised."""
