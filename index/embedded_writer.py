"""The embedded index's files in the making: vectors, lexical index, forward index, names and word counts together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from corpus.segment import Segmenter, write_dictionary
from corpus.settings import Settings
from corpus.store import Store
from index import forward, name_table
from index.coarse import QUESTIONS, VectorIndex, kind_for, write_coarse
from index.corpus_words import COUNTS, write_counts
from index.delta import Delta, Rows
from index.dense import COARSE, ROWS, VECTORS, StoredVectors
from index.dense_writer import DenseWriter
from index.embedded import DICTIONARY, LEXICAL
from index.encoders import load_lexicon
from index.forward import ForwardIndex
from index.forward_writer import ForwardWriter
from index.interfaces import Encoder
from index.lexical import LexicalIndex
from index.lexical_writer import LexicalWriter
from index.name_table import names_of
from index.plan import Plan
from index.preparing import Prepared
from index.sample_questions import sample_questions


class EmbeddedWriter:
    """Writes a generation's folder: base files, or a delta beside the predecessor's (a `BatchWriter`).

    Args:
        partial: the folder.
        plan: what it starts from.
        snapshot: the store as of the generation's change.
        settings: how vectors are to be searched, and by how many threads the index is made.
        encoder: makes the questions that the vector index is measured with.

    Raises:
        index.coarse.VectorIndexError: the settings name no kind of vector index.
    """

    def __init__(
        self, partial: Path, plan: Plan, snapshot: Store, settings: Settings, encoder: Encoder
    ) -> None:
        self._partial, self._plan, self._snapshot = partial, plan, snapshot
        self._settings, self._encoder = settings, encoder
        self._kind = kind_for(settings.vector_index, plan.passages)
        #: How the generation's vectors are searched; known when all is written.
        self.vector_index: Mapping[str, Any] = VectorIndex().told()
        if plan.base is None:
            write_dictionary(partial / DICTIONARY, _place_names(snapshot))
        else:
            os.link(plan.base / DICTIONARY, partial / DICTIONARY)
            _link_tree(plan.base / LEXICAL, partial / LEXICAL)
        #: What passages must be cut with.
        self.segmenter = Segmenter(partial / DICTIONARY)
        #: Where vectors, forward index and names go that are not the predecessor's.
        self._folder = Delta.new(partial, plan.gone_from_base).folder if plan.is_delta else partial
        self._vectors = DenseWriter(self._folder, encoder.dim)
        self._forward = ForwardWriter(len(load_lexicon(encoder).vectors))
        self._lexical = LexicalWriter(partial / LEXICAL)

    def add(self, batch: Prepared) -> None:
        """Take a batch; its rows are above those of every batch before."""
        self._vectors.add(batch.rows, batch.vectors)
        self._forward.add(batch)
        self._lexical.add(batch)

    def remove(self, rows: Rows) -> None:
        """Take over what the predecessor holds, less some rows."""
        if self._plan.base is None:
            return
        self._vectors.copy(self._plan.base, rows, delta_only=self._plan.is_delta)
        self._forward.copy(ForwardIndex(self._plan.base), rows, delta_only=self._plan.is_delta)
        self._lexical.remove(rows)

    def finish(self) -> None:
        """Write what was collected: new base files, or a delta beside the predecessor's."""
        with ThreadPoolExecutor(1) as beside:
            # Tantivy computes outside of Python.
            lexical = beside.submit(self._lexical.finish)
            self._vectors.finish()
            self._forward.write(self._folder)
            if self._plan.is_delta:
                self._share()
            else:
                self._measure()
            lexical.result()
        if not self._plan.is_delta:
            write_counts(
                self._partial / COUNTS, self._partial / DICTIONARY, LexicalIndex(self._partial / LEXICAL)
            )

    def close(self) -> None:
        """Let go of the files; what was not finished is lost."""
        self._vectors.close()

    def _measure(self) -> None:
        """New base files: the names, and the coarse index where there is to be one."""
        name_table.write(self._folder, names_of(self._snapshot), self.segmenter)
        if self._kind == "ivf":
            rows = StoredVectors(self._folder).rows
            questions = sample_questions(self._snapshot, rows, self._encoder, QUESTIONS)
            self.vector_index = write_coarse(self._folder, questions, self._settings.processes).told()

    def _share(self) -> None:
        """A delta: the names that came, and links to the predecessor's base files."""
        base, partial = self._plan.base, self._partial
        if base is None or self._plan.before is None:
            raise ValueError("a delta needs a predecessor")
        name_table.write(self._folder, names_of(self._snapshot, self._plan.base_change), self.segmenter)
        for name in (VECTORS, ROWS, COARSE, COUNTS):
            if (base / name).exists():
                os.link(base / name, partial / name)
        forward.link(base, partial)
        name_table.link(base, partial)
        self.vector_index = self._plan.before.vector_index


def _place_names(snapshot: Store) -> list[str]:
    """Bare place names of the cases, so that บ้านบึง is one word wherever it stands."""
    names = set()
    for info in snapshot.cases():
        bare = info.case.name.removeprefix(info.case.kind).strip()
        if 2 < len(bare) <= 40 and " " not in bare:
            names.add(bare)
    return sorted(names)


def _link_tree(source: Path, target: Path) -> None:
    """Hard links: tantivy never changes a written segment, and replaces its meta files by rename."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            os.link(path, target / path.name)
