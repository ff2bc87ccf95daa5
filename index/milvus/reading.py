"""A generation in a Milvus collection, behind `index.interfaces.PassageIndex`.

The collection holds the rows of more than one generation; one sees those that were there as of its change, by a
condition on ``added`` and ``removed`` in every request (`index.milvus.filtering`), as the store does. The three
rankings are three requests at once; fusing and reranking stay with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.forward import COUNTS, FORWARD, token_idf
from index.fusion import Ranking
from index.hits import Filters
from index.interfaces import Fetched, Sought, TokenStatistics, Vectors
from index.lexical import idf, telling
from index.manifest import Manifest
from index.milvus import fields
from index.milvus.connection import WRITING_SECONDS, Connection, MilvusError
from index.milvus.filtering import expression, one_of, seen_at
from index.milvus.served import Served
from index.milvus.terms import TermTable
from index.stages import Stopwatch

#: Milvus gives at most so many rows of one search.
_DEEPEST = 16_384
#: Searches of all threads together that may be under way; a question has up to three.
_AT_ONCE = 64
_pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="milvus")


@dataclass(frozen=True, slots=True)
class Statistics:
    """How tokens are spread over a generation's passages."""

    idf: NDArray[np.float32]
    mean_body: float


class MilvusIndex:
    """Read-only; safe to share between threads.

    Args:
        connection: to where the collection is.
        served: what the manifest says of it.
        change: the store's change that the generation was built at.
        passages: how many it holds.
        terms: its terms.
        statistics: of its tokens.
    """

    def __init__(
        self,
        connection: Connection,
        served: Served,
        change: int,
        passages: int,
        terms: TermTable,
        statistics: TokenStatistics,
    ) -> None:
        self.connection = connection
        self.served = served
        self.change = change
        self.terms = terms
        self._passages = passages
        self._statistics = statistics

    @classmethod
    def open(cls, folder: Path, manifest: Manifest, connection: Connection) -> MilvusIndex:
        """Open a generation and look whether its collection is complete.

        Raises:
            MilvusError: it is not, or not there at all.
            index.interfaces.UnavailableError: Milvus does not answer.
        """
        served = Served.of(manifest.milvus)
        counts = np.load(folder / FORWARD / COUNTS, allow_pickle=False)
        mean_body = served.body_tokens / manifest.passages if manifest.passages else 1.0
        index = cls(
            connection,
            served,
            manifest.change,
            manifest.passages,
            TermTable.open(folder),
            Statistics(token_idf(counts, manifest.passages), mean_body),
        )
        index.check()
        return index

    def __len__(self) -> int:
        return self._passages

    @property
    def statistics(self) -> TokenStatistics:
        """Of the tokens that `fetch` gives."""
        return self._statistics

    def check(self) -> None:
        """Look whether the collection is there, loaded and complete.

        Raises:
            MilvusError: it is not; says what to do.
        """
        name = self.served.collection
        if not self.connection("has_collection", name):
            raise MilvusError(_lost(name, "is not there"))
        self.connection("load_collection", name, timeout=WRITING_SECONDS)
        held = count(self.connection, name, seen_at(self.change))
        if held != self._passages:
            raise MilvusError(_lost(name, f"holds {held} of {self._passages} passages"))

    def rows(self) -> list[int]:
        """The row numbers held, ascending."""
        return all_rows(self.connection, self.served.collection, seen_at(self.change))

    def problem(self) -> str:
        """Why Milvus does not answer just now; empty when it does."""
        return self.connection.problem()

    def rankings(self, sought: Sought, depth: int, filters: Filters, watch: Stopwatch) -> dict[str, Ranking]:
        """Each asked input's best ``depth`` passages."""
        asked: dict[str, Callable[[], Ranking]] = {}
        where = expression(filters, self.change)
        for name, terms in (("words", sought.words), ("characters", sought.characters)):
            if terms is not None:
                asked[name] = partial(self._search, name, self._query(name, terms), depth, where)
        if sought.vector is not None:
            asked["dense"] = partial(self._search, fields.DENSE, _dense(sought.vector), depth, where)

        def timed(name: str) -> Ranking:
            with watch(name):
                return asked[name]()

        # The last one in this thread: a search by one input needs no other.
        *others, last = asked or [""]
        running = {name: _pool.submit(timed, name) for name in others}
        here = timed(last) if asked else []
        return {name: running[name].result() if name in running else here for name in asked}

    def fetch(self, rows: Sequence[int]) -> Fetched:
        """What reranking needs of some passages."""
        found = self._rows(rows, [fields.DOCUMENT, fields.DENSE, fields.TOKENS])
        return Fetched(
            np.asarray([one[fields.DOCUMENT] for one in found], dtype=np.int64),
            fields.read_vectors([one[fields.DENSE] for one in found]),
            fields.gathered([one[fields.TOKENS] for one in found]),
        )

    def documents_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The numbers of several passages' documents."""
        found = self._rows(rows, [fields.DOCUMENT])
        return np.asarray([one[fields.DOCUMENT] for one in found], dtype=np.int64)

    def document_frequency(self, field: str, term: str) -> int:
        """How many passages hold a term."""
        return self.terms.count(field, term)

    def count_all(self, terms: Mapping[str, Iterable[str]]) -> int:
        """How many passages hold every one of the terms of each field."""
        wanted = {(field, term) for field, some in terms.items() for term in some}
        if not wanted or not all(self.terms.count(*one) for one in wanted):
            return 0
        if len(wanted) == 1:
            return self.terms.count(*wanted.pop())
        numbers = ", ".join(str(self.terms.number(*one)) for one in sorted(wanted))
        where = f"{seen_at(self.change)} and array_contains_all({fields.TERMS}, [{numbers}])"
        return count(self.connection, self.served.collection, where)

    def _query(self, field: str, weights: Mapping[str, float]) -> dict[int, float]:
        """The sparse vector of weighted terms: inverse document frequencies are in it."""
        query = {}
        for term, weight in telling(field, weights, self.terms.count, self._passages):
            held = self.terms.count(field, term)
            query[self.terms.number(field, term)] = weight * idf(held, self._passages)
        return query

    def _search(self, field: str, query: object, depth: int, where: str | None) -> Ranking:
        if not query or depth <= 0 or where is None:
            return []
        params: dict[str, Any] = {"metric_type": "IP"}
        limit = min(depth, _DEEPEST)
        if field == fields.DENSE and "ef" in self.served.dense:
            params["params"] = {"ef": max(int(self.served.dense["ef"]), limit)}
        found = self.connection(
            "search",
            self.served.collection,
            [query],
            anns_field=field,
            limit=limit,
            filter=where,
            search_params=params,
            output_fields=[fields.ROW],
        )
        pairs = [
            (int(hit["id"] if "id" in hit else hit[fields.ROW]), float(hit["distance"])) for hit in found[0]
        ]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def _rows(self, rows: Sequence[int], wanted: list[str]) -> list[Mapping[str, Any]]:
        """Fields of some rows, in the order given; a row that is not there is an error."""
        if not len(rows):
            return []
        return rows_of(self.connection, self.served.collection, rows, wanted)


def rows_of(
    connection: Connection, collection: str, rows: Iterable[int], wanted: list[str]
) -> list[Mapping[str, Any]]:
    """Fields of some rows, in the order given.

    Raises:
        KeyError: one of them is not there.
    """
    ids = [int(row) for row in rows]
    found = connection(
        "query", collection, filter=one_of(fields.ROW, ids), output_fields=[fields.ROW, *wanted]
    )
    by_row = {int(one[fields.ROW]): one for one in found}
    return [by_row[row] for row in ids]


def all_rows(connection: Connection, collection: str, where: str) -> list[int]:
    """The rows that fulfil a condition, ascending, however many."""
    pages = connection(
        "query_iterator",
        collection,
        filter=where,
        output_fields=[fields.ROW],
        batch_size=_DEEPEST // 4,
        timeout=WRITING_SECONDS,
    )
    rows: list[int] = []
    try:
        while page := pages.next():
            rows += [int(one[fields.ROW]) for one in page]
    finally:
        pages.close()
    return sorted(rows)


def count(connection: Connection, collection: str, where: str) -> int:
    """How many rows fulfil a condition."""
    found = connection("query", collection, filter=where, output_fields=["count(*)"], timeout=WRITING_SECONDS)
    return int(found[0]["count(*)"])


def _dense(vector: Vectors) -> Any:
    """A question's vector; ``None`` for that of an empty one."""
    return np.ascontiguousarray(vector, dtype=np.float32).tolist() if np.any(vector) else None


def _lost(name: str, fault: str) -> str:
    return (
        f"คอลเลกชัน {name} ใน Milvus ไม่ครบ ({fault}) — ตรวจ KARANI_MILVUS_URI หรือสั่ง karani build --fresh / "
        f"Milvus' collection {name} {fault}: look whether KARANI_MILVUS_URI is right, or run karani build --fresh"
    )
