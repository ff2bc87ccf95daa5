"""The embedded index's files in the making: vectors, lexical index, forward index, names and word counts together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from corpus.settings import Settings
from corpus.store import Store
from index import forward, texts_beside
from index.coarse import QUESTIONS, VectorIndex, kind_for, write_coarse
from index.delta import Delta, Rows
from index.dense import COARSE, ROWS, VECTORS, StoredVectors
from index.dense_writer import DenseWriter
from index.embedded import LEXICAL
from index.encoders import load_lexicon
from index.forward import ForwardIndex
from index.forward_writer import ForwardWriter
from index.interfaces import Encoder
from index.lexical import LexicalIndex
from index.lexical_writer import LexicalWriter
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
        self._vector_index = VectorIndex().told()
        if plan.base is not None:
            _link_tree(plan.base / LEXICAL, partial / LEXICAL)
        #: What passages must be cut with.
        self.segmenter = texts_beside.begin(partial, plan, snapshot)
        #: Where vectors, forward index and names go that are not the predecessor's.
        self._delta = Delta.new(partial, plan.gone_from_base) if plan.is_delta else None
        self._folder = partial if self._delta is None else self._delta.folder
        self._vectors = DenseWriter(self._folder, encoder.dim)
        self._forward = ForwardWriter(len(load_lexicon(encoder).vectors))
        self._lexical = LexicalWriter(partial / LEXICAL)

    @property
    def vector_index(self) -> Mapping[str, Any]:
        """How the generation's vectors are searched; known when all is written."""
        return self._vector_index

    @property
    def milvus(self) -> Mapping[str, Any]:
        """Nothing of it lies in Milvus."""
        return {}

    def abandon(self) -> None:
        """Let go of the file of vectors; everything lies in the generation's folder."""
        self._vectors.close()

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
            if self._delta is not None:
                self._share()
            elif self._kind == "ivf":
                rows = StoredVectors(self._folder).rows
                questions = sample_questions(self._snapshot, rows, self._encoder, QUESTIONS)
                before = None if self._plan.base is None else StoredVectors(self._plan.base)
                made = write_coarse(self._folder, questions, self._settings.processes, before)
                self._vector_index = made.told()
            lexical.result()
        index = LexicalIndex(self._partial / LEXICAL)
        texts_beside.finish(
            self._partial,
            self._plan,
            self._snapshot,
            self.segmenter,
            lambda word: index.document_frequency("words", word),
            self._delta,
        )

    def _share(self) -> None:
        """Link the predecessor's base files beside the delta."""
        base, partial = self._plan.base, self._partial
        if base is None or self._plan.before is None:
            raise ValueError("a delta needs a predecessor")
        for name in (VECTORS, ROWS, COARSE):
            if (base / name).exists():
                os.link(base / name, partial / name)
        forward.link(base, partial)
        self._vector_index = self._plan.before.vector_index


def _link_tree(source: Path, target: Path) -> None:
    """Hard links: tantivy never changes a written segment, and replaces its meta files by rename."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            os.link(path, target / path.name)
