"""The training texts: where they lie, how they are read, and which pairs no encoder may see.

The data directory is the one that ``karani train encoder --data`` names. Every reader yields plain
strings; a missing file is reported by name, because a silent gap would train a worse encoder.
"""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import zstandard

from index.synonyms import groups

HELD_OUT_PARTS = 8
"""Natural pairs fall into this many parts by their id; part 0 is kept from every encoder."""


_FOLDER = Path(__file__).resolve().parent


class DataError(Exception):
    """A training file is missing or unreadable; the message names it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question and the passage that answers it; ``answer`` is a part of the passage, where known."""

    pair_id: str
    query: str
    title: str
    passage: str
    answer: str = ""
    english: bool = False
    """Whether the question is asked in English of a Thai passage."""


def part(pair_id: str) -> int:
    """Which of the ``HELD_OUT_PARTS`` parts an id falls into: stable over machines and versions."""
    return int(hashlib.sha256(pair_id.encode("utf-8")).hexdigest(), 16) % HELD_OUT_PARTS


def is_held_out(pair_id: str) -> bool:
    """True for the eighth of the natural pairs on which fusion and calibration are fitted and checked."""
    return part(pair_id) == 0


def government(data: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (document id, title, text) of the government news documents."""
    for record in _records(data / "thaigov" / "docs.jsonl.zst"):
        yield str(record["_id"]), str(record["title"]), str(record["text"])


def laws(data: Path) -> Iterator[tuple[str, str]]:
    """Yield (law and section, text) of the statute sections."""
    for record in _records(data / "law" / "provisions.jsonl.zst"):
        yield f"{record['law']} {record['section']}", str(record["text"])


def natural(data: Path) -> list[Pair]:
    """The natural questions that an encoder may see: the held-out eighth is already left out."""
    return [
        Pair(str(r["_id"]), str(r["query"]), str(r["title"]), str(r["passage"]))
        for r in _records(data / "natural" / "pairs.jsonl")
        if not is_held_out(str(r["_id"]))
    ]


def written(data: Path, *, held_out: bool = False) -> list[Pair]:
    """Karani's own questions over the government news (``questions.tsv``): the held-out eighth, or the others.

    The file holds document id, where the passage begins and ends in its NFC text, and the question.
    """
    asked: dict[str, list[tuple[int, int, str]]] = {}
    for row in _lines(_FOLDER / "questions.tsv"):
        document_id, begin, end, query = row.split("\t")
        if is_held_out(document_id) == held_out:
            asked.setdefault(document_id, []).append((int(begin), int(end), query))
    return [
        Pair(
            document_id, query, title, unicodedata.normalize("NFC", text)[first:last], "", _is_english(query)
        )
        for document_id, title, text in government(data)
        for first, last, query in asked.get(document_id, [])
    ]


def translated(pairs: Sequence[Pair]) -> list[Pair]:
    """The encyclopedia questions that Karani has in English too (``english.tsv``: id, question)."""
    by_id = {pair.pair_id: pair for pair in pairs}
    rows = (row.split("\t") for row in _lines(_FOLDER / "english.tsv"))
    return [replace(by_id[pair_id], query=query, english=True) for pair_id, query in rows if pair_id in by_id]


def synonyms() -> list[tuple[str, str]]:
    """Every pair of expressions of a group of ``index/synonyms.tsv``."""
    return [pair for group in groups() for pair in combinations(group, 2)]


def _is_english(text: str) -> bool:
    return not any("\u0e00" <= letter <= "\u0e7f" for letter in text)


def questions(data: Path, split: str = "train") -> list[Pair]:
    """Encyclopedia questions of one split, each with the whole context that answers it."""
    folder = data / "iapp" / split
    texts = {
        str(r["_id"]): (str(r.get("title", "")), str(r["text"])) for r in _records(folder / "corpus.jsonl")
    }
    queries = {
        str(r["_id"]): (str(r["text"]), r["metadata"]["answers"]) for r in _records(folder / "queries.jsonl")
    }
    pairs = []
    for row in _lines(folder / "qrels" / f"{split}.tsv"):
        query_id, document_id, grade = row.split("\t")
        if grade.isdigit() and int(grade) > 0:
            query, answers = queries[query_id]
            pairs.append(
                Pair(query_id, query, *texts[document_id], answer=str(answers[0]) if answers else "")
            )
    return pairs


def parallel(data: Path) -> list[tuple[str, str]]:
    """(English, Thai) pairs; machine-translated ``ms-alchemy-th`` counts once per English sentence."""
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for index, row in enumerate(_lines(data / "parallel" / "pairs.tsv.zst")):
        source, _, english, thai = row.split("\t", 3)
        if index == 0 or not english.strip() or not thai.strip():
            continue
        if source == "ms-alchemy-th":
            if english in seen:
                continue
            seen.add(english)
        pairs.append((english, thai))
    return pairs


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in _lines(path):
        if line:
            yield json.loads(line)


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise DataError(f"training data: {path} is missing; name the folder that holds it with --data")
    with path.open("rb") as raw:
        compressed = path.suffix == ".zst"
        reader = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(raw) if compressed else raw
        with io.TextIOWrapper(reader, encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield line.rstrip("\n")
