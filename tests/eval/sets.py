"""Small query sets and systems that tests write and ask."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.datasets import CorpusText, Query
from eval.systems.interfaces import Found, Timed

TEXTS = {
    "d1": ("เทศบาลนครตัวอย่าง", "เทศบาลลงนามบันทึกข้อตกลงกับโรงพยาบาลเพื่อดูแลผู้สูงอายุที่บ้าน"),
    "d2": ("อบต.บ้านน้ำใส", "องค์การบริหารส่วนตำบลทำธนาคารขยะให้เด็กในโรงเรียนแลกไข่ไก่"),
    "d3": ("อบจ.ริมเล", "องค์การบริหารส่วนจังหวัดเตือนภัยน้ำท่วมด้วยเซนเซอร์วัดระดับน้ำ"),
}
QUERIES = {"q1": "ใครทำข้อตกลงกับโรงพยาบาล", "q2": "ธนาคารขยะของเด็กนักเรียน", "q3": "เตือนน้ำท่วมอย่างไร"}
QRELS = [("q1", "d1", 2), ("q1", "d2", 0), ("q2", "d2", 2), ("q2", "d3", 1), ("q3", "d3", 2)]


def write_lines(path: Path, values: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(v, ensure_ascii=False) + "\n" for v in values), encoding="utf-8")
    return path


def write_qrels(path: Path, rows: Sequence[tuple[str, str, int]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(f"{q}\t{d}\t{s}\n" for q, d, s in rows)
    path.write_text(f"query-id\tcorpus-id\tscore\n{body}", encoding="utf-8")
    return path


def beir(
    folder: Path,
    texts: Mapping[str, tuple[str, str]] = TEXTS,
    queries: Mapping[str, str] = QUERIES,
    qrels: Sequence[tuple[str, str, int]] = tuple(QRELS),
) -> Path:
    """A BEIR folder with one split, ``test``."""
    lines = [{"_id": i, "title": title, "text": text} for i, (title, text) in texts.items()]
    write_lines(folder / "corpus.jsonl", lines)
    kinds = ("who", "what", "how")
    write_lines(
        folder / "queries.jsonl",
        [
            {"_id": i, "text": text, "metadata": {"type": kinds[n % 3], "register": "everyday"}}
            for n, (i, text) in enumerate(queries.items())
        ],
    )
    write_qrels(folder / "qrels" / "test.tsv", qrels)
    return folder


class FixedSystem:
    """Answers from a table; counts how often it was asked."""

    def __init__(
        self, rankings: Mapping[str, Sequence[str]], name: str = "fixed", key: str | None = None
    ) -> None:
        self._rankings = rankings
        self._key = key
        self.name = name
        self.asked: list[str] = []
        self.fail_after: int | None = None

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "fixed"}

    def cache_key(self) -> str | None:
        return self._key

    def retrieve(self, query: Query, depth: int) -> Timed:
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise RuntimeError("the system fell over")
        self.asked.append(query.query_id)
        ids = self._rankings.get(query.query_id, ())[:depth]
        found = tuple(
            Found(i, 1.0 / rank, *TEXTS.get(i, ("", "")), page=1) for rank, i in enumerate(ids, start=1)
        )
        return Timed(found, 1.5)

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        return [CorpusText(i, *TEXTS[i]) for i in document_ids if i in TEXTS]

    def close(self) -> None:
        pass
