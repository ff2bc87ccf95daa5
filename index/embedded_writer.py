"""The embedded index's files in the making: vectors, lexical index, forward index, names and word counts together."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.segment import Segmenter, write_dictionary
from corpus.store import Store
from index import forward, name_table
from index.corpus_words import COUNTS, write_counts
from index.delta import Delta, Rows
from index.dense_writer import DenseWriter
from index.embedded import DICTIONARY, LEXICAL
from index.forward import ForwardIndex
from index.forward_writer import ForwardWriter
from index.lexical import LexicalIndex
from index.lexical_writer import LexicalWriter
from index.name_table import names_of
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
            write_dictionary(partial / DICTIONARY, _place_names(snapshot))
            self._vectors = DenseWriter.new(dim)
        else:
            os.link(plan.base / DICTIONARY, partial / DICTIONARY)
            _link_tree(plan.base / LEXICAL, partial / LEXICAL)
            self._vectors = DenseWriter.delta(plan.base) if plan.is_delta else DenseWriter.read(plan.base)
        #: What passages must be cut with.
        self.segmenter = Segmenter(partial / DICTIONARY)
        self._lexical = LexicalWriter(partial / LEXICAL)

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
        if plan.base is None or not plan.is_delta:
            self._vectors.write(partial)
            self._forward.write(partial)
            name_table.write(partial, names_of(snapshot), self.segmenter)
            write_counts(partial / COUNTS, partial / DICTIONARY, LexicalIndex(partial / LEXICAL))
            return
        delta = Delta.new(partial, plan.gone_from_base)
        self._vectors.write_delta(delta, plan.base)
        self._forward.write(delta.folder)
        forward.link(plan.base, partial)
        name_table.write(delta.folder, names_of(snapshot, plan.base_change), self.segmenter)
        name_table.link(plan.base, partial)
        os.link(plan.base / COUNTS, partial / COUNTS)


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
