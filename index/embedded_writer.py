"""The embedded index's files in the making: vectors, lexical index, forward index, names and word counts together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus.store import Store
from index import forward, texts_beside
from index.delta import Delta, Rows
from index.dense_writer import DenseWriter
from index.embedded import LEXICAL
from index.forward import ForwardIndex
from index.forward_writer import ForwardWriter
from index.lexical import LexicalIndex
from index.lexical_writer import LexicalWriter
from index.plan import Plan
from index.preparing import Prepared


class EmbeddedWriter:
    """Writes a generation's folder: base files, or a delta beside the predecessor's (a `BatchWriter`).

    Args:
        partial: the folder.
        plan: what it starts from.
        snapshot: the store as of the generation's change.
        dim: length of a vector.
        vocabulary: how many different token rows there are.
    """

    def __init__(self, partial: Path, plan: Plan, snapshot: Store, dim: int, vocabulary: int) -> None:
        self._partial, self._plan, self._snapshot = partial, plan, snapshot
        self._forward = ForwardWriter(vocabulary)
        if plan.base is None:
            self._vectors = DenseWriter.new(dim)
        else:
            _link_tree(plan.base / LEXICAL, partial / LEXICAL)
            self._vectors = DenseWriter.delta(plan.base) if plan.is_delta else DenseWriter.read(plan.base)
        #: What passages must be cut with.
        self.segmenter = texts_beside.begin(partial, plan, snapshot)
        self._lexical = LexicalWriter(partial / LEXICAL)

    @property
    def milvus(self) -> Mapping[str, Any]:
        """Nothing of it lies in Milvus."""
        return {}

    def abandon(self) -> None:
        """Everything lies in the generation's folder."""

    def add(self, batch: Prepared) -> None:
        """Take a batch; its rows are above those of every batch before."""
        self._vectors.add(batch.rows, batch.vectors)
        self._forward.add(batch)
        self._lexical.add(batch)

    def remove(self, rows: Rows) -> None:
        """Take rows of the predecessor out."""
        self._vectors.remove(rows)
        self._lexical.remove(rows)
        if self._plan.base is not None:
            self._forward.copy(ForwardIndex(self._plan.base), rows, delta_only=self._plan.is_delta)

    def finish(self) -> None:
        """Write what was collected: new base files, or a delta beside the predecessor's."""
        self._lexical.finish()
        partial, plan, snapshot = self._partial, self._plan, self._snapshot
        delta = Delta.new(partial, plan.gone_from_base) if plan.is_delta else None
        if plan.base is None or delta is None:
            self._vectors.write(partial)
            self._forward.write(partial)
        else:
            self._vectors.write_delta(delta, plan.base)
            self._forward.write(delta.folder)
            forward.link(plan.base, partial)
        lexical = LexicalIndex(partial / LEXICAL)
        texts_beside.finish(
            partial,
            plan,
            snapshot,
            self.segmenter,
            lambda word: lexical.document_frequency("words", word),
            delta,
        )


def _link_tree(source: Path, target: Path) -> None:
    """Hard links: tantivy never changes a written segment, and replaces its meta files by rename."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            os.link(path, target / path.name)
