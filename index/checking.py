"""`karani check`: everything that can be verified about a data directory, problem by problem."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from corpus.settings import Settings
from corpus.store import Store
from index.dense import COARSE, VECTORS, DenseIndex
from index.forward import FORWARD, ForwardIndex
from index.generations import LEXICAL
from index.lexical import LexicalIndex
from index.publish import GenerationError, Manifest, complete_generations, current_name, verify


def check(settings: Settings) -> list[str]:
    """Problems found, each one line that names the place and the remedy; empty when all is well."""
    if not settings.database.exists():
        return [f"{settings.database}: ยังไม่มีฐานข้อมูล สั่ง karani ingest / no store yet: run karani ingest PATH"]
    with Store.open(settings.database, create=False) as store:
        problems = [*_database(settings), *_slices(store)]
        folders = complete_generations(settings)
        if not folders:
            problems.append("ยังไม่มีดัชนี สั่ง karani build / no generation yet: run karani build")
        elif folders[0].name != current_name(settings):
            problems.append("CURRENT ชี้รุ่นที่ไม่มี สั่ง karani build / CURRENT names no generation: run karani build")
        for folder in folders:
            problems += _generation(folder, store)
    return problems


def _database(settings: Settings) -> Iterator[str]:
    connection = sqlite3.connect(f"file:{settings.database}?mode=ro", uri=True)
    try:
        for (line,) in connection.execute("PRAGMA integrity_check"):
            if line != "ok":
                yield f"{settings.database}: {line}"
    finally:
        connection.close()


def _slices(store: Store) -> Iterator[str]:
    """Every passage is the slice of its page that it says it is, and its case exists."""
    page_key: tuple[str, int] | None = None
    text: str | None = None
    cases = {info.case.case_id for info in store.cases()}
    for batch in store.stream():
        for stored in batch:
            passage = stored.passage
            if (passage.document_id, passage.page) != page_key:
                page_key = (passage.document_id, passage.page)
                page = store.page(*page_key)
                text = None if page is None else page.text
            if text is None or text[passage.start : passage.end] != passage.text:
                yield f"passage {passage.passage_id}: {passage.document_id} p. {passage.page} does not slice to it"
            if passage.case_id is not None and passage.case_id not in cases:
                yield f"passage {passage.passage_id}: case {passage.case_id} is not in the store"


def _generation(folder: Path, store: Store) -> Iterator[str]:
    try:
        manifest = Manifest.read(folder)
        verify(folder, manifest)
    except GenerationError as error:
        yield str(error)
        return
    wanted = set(store.at(manifest.change).row_numbers())
    dense = DenseIndex(folder)
    if set(dense.rows().tolist()) != wanted:
        yield f"{folder.name}/{VECTORS}: ids differ from the store's; run karani build --fresh"
    if not dense.is_consistent():
        yield f"{folder.name}/{COARSE}: ids differ from {VECTORS}; run karani build --fresh"
    if set(ForwardIndex(folder).rows.tolist()) != wanted:
        yield f"{folder.name}/{FORWARD}: ids differ from the store's; run karani build --fresh"
    if len(LexicalIndex(folder / LEXICAL)) != len(wanted):
        yield f"{folder.name}/{LEXICAL}: {len(wanted)} passages expected; run karani build --fresh"
