"""The embedded engine: a generation's own files, read where they lie."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.cores import cores
from index.dense import DenseIndex
from index.forward import ForwardIndex
from index.fusion import Ranking
from index.hits import Filters
from index.interfaces import Fetched, Sought, TokenStatistics
from index.lexical import FIELDS, LexicalIndex
from index.stages import Stopwatch

LEXICAL = "lexical"
#: In a smaller index one ranking takes less time than handing it to another thread saves.
_BESIDE_FROM = 20_000


@dataclass(frozen=True, slots=True)
class EmbeddedIndex:
    """FAISS, tantivy and the forward index of one generation behind `index.interfaces.PassageIndex`."""

    dense: DenseIndex
    lexical: LexicalIndex
    forward: ForwardIndex
    #: Where one of a question's rankings is sought while the others are.
    beside: Executor | None = None

    @classmethod
    def open(cls, folder: Path) -> EmbeddedIndex:
        """Open the files of a generation's folder."""
        lexical = LexicalIndex(folder / LEXICAL)
        threads = cores()
        is_worth_it = threads > 1 and len(lexical) >= _BESIDE_FROM
        return cls(
            DenseIndex(folder),
            lexical,
            ForwardIndex(folder),
            ThreadPoolExecutor(threads, "karani-ranking") if is_worth_it else None,
        )

    def __len__(self) -> int:
        return len(self.lexical)

    @property
    def statistics(self) -> TokenStatistics:
        """Of the forward index' tokens."""
        return self.forward

    def rankings(self, sought: Sought, depth: int, filters: Filters, watch: Stopwatch) -> dict[str, Ranking]:
        """Each asked input's best ``depth`` passages."""
        characters: Callable[[], tuple[Ranking, float]] | None = None
        if sought.characters is not None:
            seek = partial(self._timed, "characters", sought.characters, depth, filters)
            characters = seek if self.beside is None else self.beside.submit(seek).result
        found: dict[str, Ranking] = {}
        if sought.words is not None:
            found["words"], took = self._timed("words", sought.words, depth, filters)
            watch.add("words", took)
        if sought.vector is not None:
            with watch("dense"):
                rows = self.lexical.filtered_rows(filters)
                allowed = None if rows is None else np.asarray(rows, dtype=np.int64)
                found["dense"] = self.dense.search(sought.vector, depth, allowed)
        if characters is not None:
            found["characters"], took = characters()
            watch.add("characters", took)
        return {name: found[name] for name in (*FIELDS, "dense") if name in found}

    def _timed(
        self, field: str, terms: Mapping[str, float], depth: int, filters: Filters
    ) -> tuple[Ranking, float]:
        """A lexical ranking, and how many milliseconds it took."""
        began = time.perf_counter()
        found = self.lexical.search(field, terms, depth, filters)
        return found, (time.perf_counter() - began) * 1000

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
