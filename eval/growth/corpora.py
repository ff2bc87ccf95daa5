"""Corpora of any size out of one: a part of its documents, or copies of them that differ.

A copy has ids of its own, and another tenth of its sentences is gone in each copy, so that no two texts are equal
and every copy makes passages of its own. The same seed gives the same bytes of text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from eval.datasets import CorpusText, read_corpus

#: One sentence in so many is left out of a copy.
TENTH = 10
# Thai sets white space between sentences and clauses; what it separates counts as one here.
_SENTENCES = re.compile(r"\S+\s*")


def part(texts: Iterable[CorpusText], wanted: int, total: int) -> Iterator[CorpusText]:
    """``wanted`` of ``total`` texts, spread evenly."""
    for number, text in enumerate(texts):
        if (number + 1) * wanted // total > number * wanted // total:
            yield text


def copy_of(text: CorpusText, number: int, seed: int) -> CorpusText:
    """Copy ``number`` (from 0) of a document, at least one sentence long.

    Sentences are dealt into ten by a hash of seed, document and place; copy ``number`` lacks the tenth of that number.
    """
    sentences = _SENTENCES.findall(text.text)
    kept = [
        sentence
        for place, sentence in enumerate(sentences)
        if _tenth(f"{seed} {text.document_id} {place}") != number % TENTH
    ]
    return CorpusText(f"{text.document_id}-c{number}", text.title, "".join(kept or sentences))


def _tenth(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") % TENTH


def copies(corpus: Path, documents: int, seed: int) -> Iterator[CorpusText]:
    """Copy after copy of a corpus file until there are ``documents``; it is read anew for each."""
    made = 0
    for number in range(TENTH):
        for text in read_corpus(corpus):
            if made == documents:
                return
            made += 1
            yield copy_of(text, number, seed)


def write(path: Path, texts: Iterable[CorpusText]) -> None:
    """Write a BEIR corpus, ``.jsonl.zst``, as a stream; it is complete or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    packer = zstandard.ZstdCompressor(level=3)
    with partial.open("wb") as raw, packer.stream_writer(raw, closefd=False) as stream:
        for text in texts:
            line = {"_id": text.document_id, "title": text.title, "text": text.text}
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    partial.replace(path)
