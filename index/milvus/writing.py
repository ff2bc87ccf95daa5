"""Writing a generation into Milvus.

A first generation, or one of which most is new, gets a collection of its own. Its weights need the passages' mean
length, so batches wait in the generation's folder, as their terms' numbers, until the last one is there; then they are
inserted, flushed, indexed and loaded. A later generation goes into the collection of the one before: what came is
inserted as there from its change on, what went is marked as gone from it on. Neither is seen by anybody who
searches an earlier generation, and of a build that died halfway nothing is seen at all, as no manifest names its
change; the next build takes it back first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.settings import Settings
from corpus.store import Store
from index.delta import Delta, Rows
from index.forward import COUNTS, FORWARD
from index.interfaces import Vectors
from index.milvus import collections, fields, recall
from index.milvus.connection import WRITING_SECONDS, Connection, MilvusError, connect
from index.milvus.entities import Numbered
from index.milvus.filtering import NEVER, seen_at
from index.milvus.reading import all_rows, count, rows_of
from index.milvus.served import Served
from index.milvus.terms import TermTable, TermWriter
from index.plan import Plan
from index.preparing import Prepared
from index.texts_beside import begin, finish
from index.writing import save_array

_AT_ONCE = 500
_SPOOL = "spool"
_SAMPLED = 512


class MilvusWriter:
    """Writes a generation's passages into Milvus and what lies beside them into its folder (a `BatchWriter`).

    Args:
        partial: the folder.
        plan: what it starts from.
        snapshot: the store as of the generation's change.
        dim: length of a vector.
        vocabulary: how many different token rows there are.
        settings: name the data directory and where Milvus is.

    Raises:
        index.interfaces.UnavailableError: Milvus does not answer.
        MilvusError: it refuses.
    """

    def __init__(
        self, partial: Path, plan: Plan, snapshot: Store, dim: int, vocabulary: int, settings: Settings
    ) -> None:
        self._partial, self._plan, self._snapshot, self._dim = partial, plan, snapshot, dim
        self._connection: Connection = connect(settings)
        self._change = snapshot.change
        self._tokens: NDArray[np.int64] = np.zeros(vocabulary, dtype=np.int64)
        self._sample: recall.RecallSample | None = None
        if plan.base is None or plan.before is None:
            name = collections.new_name(collections.corpus_number(settings), partial)
            self._served = Served(name, {}, 0)
            self._terms = TermWriter(TermTable.empty())
            self._spool: _Spool | None = _Spool(partial / _SPOOL)
        else:
            self._served = Served.of(plan.before.milvus)
            self._terms = TermWriter(TermTable.open(plan.base))
            self._tokens += np.load(plan.base / FORWARD / COUNTS, allow_pickle=False)
            self._spool = None
            self._take_back(plan.before.change)
        self._bodies = self._served.body_tokens
        #: What passages must be cut with.
        self.segmenter = begin(partial, plan, snapshot)

    @property
    def vector_index(self) -> Mapping[str, Any]:
        """Nothing: what Milvus does with the vectors stands in `milvus`."""
        return {}

    @property
    def milvus(self) -> Mapping[str, Any]:
        """What the manifest says of it, complete after `finish`."""
        return self._served.as_dict()

    def remove(self, rows: Rows) -> None:
        """Mark rows of the predecessor as gone."""
        for part in _parts(rows):
            for one in rows_of(
                self._connection, self._served.collection, part, [fields.TERMS, fields.TOKENS]
            ):
                tokens, context = fields.read_tokens(one[fields.TOKENS])
                self._terms.count(list(one[fields.TERMS]), by=-1)
                self._tokens[np.unique(tokens)] -= 1
                self._bodies -= len(tokens) - context
            self._mark(part, self._change)

    def add(self, batch: Prepared) -> None:
        """Take a batch."""
        numbered = Numbered.of(batch, self._terms)
        self._tokens[batch.kinds] += batch.occurrences
        self._bodies += int(batch.lengths[:, 1].sum())
        if self._spool is None:
            self._insert(numbered)
        else:
            self._spool.add(numbered)

    def finish(self) -> None:
        """Complete the collection and write what lies beside it."""
        if self._spool is not None:
            self._fill(self._spool)
        collection = self._served.collection
        self._connection("flush", collection, timeout=WRITING_SECONDS)
        self._connection("load_collection", collection, timeout=WRITING_SECONDS)
        held = count(self._connection, collection, seen_at(self._change))
        if held != self._plan.passages:
            raise MilvusError(
                f"คอลเลกชัน {collection} มี {held} จาก {self._plan.passages} ข้อความ สั่ง karani build --fresh / the collection "
                f"{collection} holds {held} of {self._plan.passages} passages: run karani build --fresh"
            )
        dense = self._served.dense
        if self._sample is not None:
            dense = {**dense, **self._sample.tune(self._scores)}
        self._served = Served(collection, self._served.means, self._bodies, dense)
        self._write_beside()

    def abandon(self) -> None:
        """Drop a new collection that no generation will name; nothing is done to one that serves."""
        if self._spool is not None:
            with suppress(Exception):  # whatever made the build fail is told; the next build drops it, too
                self._connection("drop_collection", self._served.collection)

    def _fill(self, spool: _Spool) -> None:
        """A new collection of all that was collected."""
        kind, is_lite = fields.dense_index(self._plan.passages), self._connection.is_lite
        collection = self._served.collection
        self._served = Served(collection, spool.means(), 0, {"index": kind})
        self._connection(
            "create_collection",
            collection,
            schema=fields.schema(self._dim, is_lite=is_lite),
            index_params=fields.indexes(kind, is_lite=is_lite),
            consistency_level="Bounded",
            timeout=WRITING_SECONDS,
        )
        if kind != fields.EXACT:
            self._sample = recall.RecallSample.of(spool.sampled())
        for numbered in spool:
            self._insert(numbered)
            if self._sample is not None:
                self._sample.pass_by(numbered.vectors)

    def _insert(self, numbered: Numbered) -> None:
        # An upsert: a build that died after this one's change may have inserted the same rows.
        entities = numbered.entities(self._served.means, self._change, is_lite=self._connection.is_lite)
        while part := list(islice(entities, _AT_ONCE)):
            self._connection("upsert", self._served.collection, part, timeout=WRITING_SECONDS)

    def _take_back(self, change: int) -> None:
        """Undo what a build that died did to the collection after a change."""
        collection = self._served.collection
        self._connection("delete", collection, filter=f"{fields.ADDED} > {change}", timeout=WRITING_SECONDS)
        where = f"{fields.REMOVED} > {change} and {fields.REMOVED} < {NEVER}"
        for part in _parts(np.asarray(all_rows(self._connection, collection, where), dtype=np.int64)):
            self._mark(part, NEVER)

    def _mark(self, rows: Rows, change: int) -> None:
        marks = [{fields.ROW: row, fields.REMOVED: change} for row in rows.tolist()]
        self._connection(
            "upsert", self._served.collection, marks, partial_update=True, timeout=WRITING_SECONDS
        )

    def _scores(self, query: Vectors, hits: int, candidates: int) -> list[float]:
        found = self._connection(
            "search",
            self._served.collection,
            [query.tolist()],
            anns_field=fields.DENSE,
            limit=hits,
            filter=seen_at(self._change),
            search_params={"metric_type": "IP", "params": {"ef": max(candidates, hits)}},
            timeout=WRITING_SECONDS,
        )
        return [float(hit["distance"]) for hit in found[0]]

    def _write_beside(self) -> None:
        partial, plan = self._partial, self._plan
        self._terms.write(partial)
        (partial / FORWARD).mkdir()
        save_array(partial / FORWARD / COUNTS, self._tokens)
        terms = TermTable.open(partial)
        delta = Delta.new(partial, plan.gone_from_base) if plan.is_delta else None
        finish(partial, plan, self._snapshot, self.segmenter, lambda word: terms.count("words", word), delta)


class _Spool:
    """Batches that wait on disk until the mean lengths are known, and their lengths so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir()
        self._batches = 0
        self._passages = 0
        self._terms = dict.fromkeys(fields.SPARSE, 0)
        self._vectors: list[NDArray[np.float16]] = []

    def add(self, numbered: Numbered) -> None:
        """Take a batch."""
        numbered.save(self._folder / f"{self._batches:08d}.npz")
        self._batches += 1
        self._passages += len(numbered)
        self._terms["words"] += int(numbered.words.lengths.sum())
        self._terms["characters"] += int(numbered.characters.lengths.sum())
        # A few of every batch, thinned out when they become many: a sample from all over the corpus.
        self._vectors.append(numbered.vectors[:: max(1, len(numbered) // 4)].copy())
        if len(self._vectors) > 2 * _SAMPLED:
            self._vectors = self._vectors[::2]

    def means(self) -> dict[str, float]:
        """Mean length of a passage in each field; 1 where there is nothing, so that it can be divided by."""
        return {name: (total / self._passages if total else 1.0) for name, total in self._terms.items()}

    def sampled(self) -> NDArray[np.float16]:
        """Some passages' vectors, in an order without meaning."""
        vectors = np.concatenate(self._vectors)
        return vectors[np.random.default_rng(0).permutation(len(vectors))[:_SAMPLED]]

    def __iter__(self) -> Iterator[Numbered]:
        """The batches once more, each deleted after it; the folder at the end."""
        for path in sorted(self._folder.iterdir()):
            yield Numbered.load(path)
            path.unlink()
        shutil.rmtree(self._folder)


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
