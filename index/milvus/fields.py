"""What a collection holds: its fields, their indexes, and a passage as one row of it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.interfaces import Gathered, Integers, Vectors
from index.lexical import ATTRIBUTES

ROW, DOCUMENT, DENSE, TERMS, TOKENS, ADDED, REMOVED = (
    "row", "document", "dense", "terms", "tokens", "added", "removed",
)  # fmt: skip
SPARSE = ("words", "characters")
#: A sparse vector without a term: Milvus wants one number in it. No term has the number 0.
NOTHING = {0: 1e-6}
EXACT = "FLAT"
#: More passages are searched through a graph (Malkov & Yashunin 2018), fewer one by one.
GRAPH, GRAPH_FROM = "HNSW", 100_000
_GRAPH = {"M": 24, "efConstruction": 256}
_MOST_BYTES = 65_535
_MOST_TERMS = 4096
#: Filters by these name few passages; the others' values stand in many.
_SELECTIVE = ("document_id", "case_id")


def schema(dim: int, *, is_lite: bool) -> Any:
    """The fields of a collection for vectors of length ``dim``."""
    from pymilvus import DataType, MilvusClient

    made: Any = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    made.add_field(ROW, DataType.INT64, is_primary=True)
    for name in (DOCUMENT, ADDED, REMOVED):
        made.add_field(name, DataType.INT64)
    # Milvus Lite has no half precision; the numbers are rounded to it all the same.
    made.add_field(DENSE, DataType.FLOAT_VECTOR if is_lite else DataType.FLOAT16_VECTOR, dim=dim)
    for name in SPARSE:
        made.add_field(name, DataType.SPARSE_FLOAT_VECTOR)
    made.add_field(TERMS, DataType.ARRAY, element_type=DataType.INT64, max_capacity=_MOST_TERMS)
    made.add_field(TOKENS, DataType.VARCHAR, max_length=_MOST_BYTES)
    for name in ATTRIBUTES:
        made.add_field(name, DataType.VARCHAR, max_length=_MOST_BYTES, nullable=True)
    return made


def indexes(kind: str, *, is_lite: bool) -> Any:
    """The indexes of a collection whose vectors have one of ``kind``."""
    from pymilvus import MilvusClient

    made: Any = MilvusClient.prepare_index_params()
    made.add_index(DENSE, index_type=kind, metric_type="IP", params=_GRAPH if kind == GRAPH else {})
    for name in SPARSE:
        made.add_index(name, index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    if not is_lite:  # which has none over arrays, and is small enough to look at every row
        for name in (TERMS, *_SELECTIVE):
            made.add_index(name, index_type="INVERTED")
    return made


def dense_index(passages: int) -> str:
    """The kind of vector index for so many passages."""
    return EXACT if passages < GRAPH_FROM else GRAPH


def written_vector(vector: NDArray[np.float16], *, is_lite: bool) -> NDArray[Any]:
    """A vector as its field takes it."""
    return vector.astype(np.float32) if is_lite else vector


def read_vectors(values: list[Any]) -> Vectors:
    """Vectors as a field gives them: numbers, or the bytes of half precision."""
    rows = []
    for value in values:
        raw = value[0] if isinstance(value, list) and value and isinstance(value[0], bytes) else value
        rows.append(np.frombuffer(raw, dtype=np.float16) if isinstance(raw, bytes) else np.asarray(raw))
    return np.stack(rows).astype(np.float32)


def written_tokens(tokens: Integers, context: int) -> str:
    """A passage's token rows as text, with the number of those that are its context's before them."""
    numbers = np.concatenate([[context], tokens]).astype("<i4")
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def read_tokens(written: str) -> tuple[Integers, int]:
    """What `written_tokens` took."""
    numbers = np.frombuffer(base64.b64decode(written), dtype="<i4").astype(np.int32)
    return numbers[1:], int(numbers[0])


def gathered(written: list[str]) -> Gathered:
    """Several passages' tokens end to end."""
    parts, bodies = [], []
    for tokens, context in map(read_tokens, written):
        parts.append(tokens if len(tokens) else np.asarray([-1], dtype=np.int32))
        bodies.append(np.arange(len(parts[-1])) >= context)
    starts = np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)
    none = np.zeros(0, dtype=np.int32)
    return Gathered(
        np.concatenate([none, *parts]), starts, np.concatenate([np.zeros(0, dtype=np.bool_), *bodies])
    )
