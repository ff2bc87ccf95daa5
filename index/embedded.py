"""The embedded engine: a generation's own files, read where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.dense import DenseIndex
from index.forward import ForwardIndex
from index.fusion import Ranking
from index.hits import Filters
from index.interfaces import Fetched, Sought, TokenStatistics
from index.lexical import LexicalIndex
from index.stages import Stopwatch

LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class EmbeddedIndex:
    """FAISS, tantivy and the forward index of one generation behind `index.interfaces.PassageIndex`."""

    dense: DenseIndex
    lexical: LexicalIndex
    forward: ForwardIndex

    @classmethod
    def open(cls, folder: Path) -> EmbeddedIndex:
        """Open the files of a generation's folder."""
        return cls(DenseIndex(folder), LexicalIndex(folder / LEXICAL), ForwardIndex(folder))

    def __len__(self) -> int:
        return len(self.lexical)

    @property
    def statistics(self) -> TokenStatistics:
        """Of the forward index' tokens."""
        return self.forward

    def rankings(self, sought: Sought, depth: int, filters: Filters, watch: Stopwatch) -> dict[str, Ranking]:
        """Each asked input's best ``depth`` passages."""
        rankings: dict[str, Ranking] = {}
        for name, terms in (("words", sought.words), ("characters", sought.characters)):
            if terms is not None:
                with watch(name):
                    rankings[name] = self.lexical.search(name, terms, depth, filters)
        if sought.vector is not None:
            with watch("dense"):
                rows = self.lexical.filtered_rows(filters)
                allowed = None if rows is None else np.asarray(rows, dtype=np.int64)
                rankings["dense"] = self.dense.search(sought.vector, depth, allowed)
        return rankings

    def fetch(self, rows: Sequence[int]) -> Fetched:
        """What reranking needs of some passages."""
        return Fetched(self.forward.documents_of(rows), self.dense.vectors(rows), self.forward.gather(rows))

    def documents_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The numbers of several passages' documents."""
        return self.forward.documents_of(rows)

    def document_frequency(self, field: str, term: str) -> int:
        """How many passages hold a term."""
        return self.lexical.document_frequency(field, term)

    def count_all(self, terms: Mapping[str, Iterable[str]]) -> int:
        """How many passages hold every one of the terms of each field."""
        return self.lexical.count_all(terms)

    def problem(self) -> str:
        """None: files that are open stay readable."""
        return ""
