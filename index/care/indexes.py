"""The generations of a data directory: files against checksums, ids against the store, texts as of their change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from corpus.settings import Settings
from corpus.store import Store
from index.care.problems import REPAIR, Kind, Problem
from index.care.texts import document_fault, document_ids, orphans
from index.corpus_sum import corpus_sum
from index.dense import VECTORS, DenseIndex
from index.embedded import LEXICAL
from index.forward import FORWARD, ForwardIndex
from index.generations import TRUNCATED
from index.interfaces import UnavailableError
from index.lexical import LexicalIndex
from index.manifest import MANIFEST, GenerationError, Manifest, is_folder, is_plain_file, verify
from index.publish import candidates, read_current


def current_problems(settings: Settings) -> Iterator[Problem]:
    """Whether there is a generation and ``CURRENT`` names it."""
    if not candidates(settings):
        yield Problem(
            Kind.NO_INDEX, "generations", "ยังไม่มีดัชนี สั่ง karani build", "no generation yet: run karani build"
        )
        return
    _, fault = read_current(settings)
    if fault:
        yield Problem(Kind.CURRENT, "CURRENT", f"ไม่ได้ชี้ดัชนี: {fault}", f"names no generation: {fault}", REPAIR)


def is_stray(folder: Path) -> bool:
    """Whether something lies among the generations that never was one."""
    return not is_folder(folder) or not (is_plain_file(folder / MANIFEST) or (folder / VECTORS).exists())


def generation_problems(folder: Path, store: Store, settings: Settings) -> Iterator[Problem]:
    """What is wrong with one generation; the settings name where Milvus is, for one that lies there."""
    if is_stray(folder):
        yield Problem(
            Kind.STRAY,
            f"generations/{folder.name}",
            "ไม่ใช่ดัชนี",
            "no generation: nothing of it can be read",
            REPAIR,
        )
        return
    try:
        manifest = Manifest.read(folder)
        verify(folder, manifest, anew=True)
        faults = list(_faults(folder, manifest, store, settings))
    except UnavailableError as error:
        thai, _, english = str(error).partition(" / ")
        yield Problem(Kind.UNREACHABLE, folder.name, thai, english)
        return
    except GenerationError as error:
        thai, _, english = str(error).partition(" / ")
        yield Problem(Kind.GENERATION, folder.name, thai, english)
        return
    except (OSError, ValueError, RuntimeError, LookupError) as error:
        faults = [f"cannot be opened ({error})"]
    for fault in faults:
        yield Problem(
            Kind.GENERATION,
            folder.name,
            f"ไม่ตรงกับฐานข้อมูล: {fault}",
            f"differs from the store: {fault}",
            REPAIR,
        )


def _faults(folder: Path, manifest: Manifest, store: Store, settings: Settings) -> Iterator[str]:
    if manifest.change > store.change:
        yield f"built at change {manifest.change}, the store is at {store.change}"
        return
    as_built = store.at(manifest.change)
    wanted = set(as_built.row_numbers())
    if manifest.passages != len(wanted):
        yield f"{MANIFEST}: {manifest.passages} passages, the store has {len(wanted)}"
    if manifest.corpus_sum != corpus_sum(as_built):
        yield f"{MANIFEST}: other passages, or other contexts, than the store's"
    for name, rows in _held(folder, manifest, settings).items():
        if len(rows) != len(wanted) or set(rows) != wanted:
            yield f"{name}: other ids than the store's"
    if not manifest.milvus and not DenseIndex(folder).is_consistent():
        yield f"{VECTORS}: rows that are said to be gone were never there"
    if not set(json.loads((folder / TRUNCATED).read_text(encoding="utf-8"))) <= wanted:
        yield f"{TRUNCATED}: ids that the store does not have"
    yield from _history(as_built, store)


def _held(folder: Path, manifest: Manifest, settings: Settings) -> dict[str, list[int]]:
    """The rows that each part of the index holds."""
    if manifest.milvus:
        from index.milvus.connection import connect
        from index.milvus.reading import MilvusIndex

        index = MilvusIndex.open(folder, manifest, connect(settings))
        return {index.served.collection: index.rows()}
    return {
        VECTORS: DenseIndex(folder).rows().tolist(),
        FORWARD: ForwardIndex(folder).rows.tolist(),
        LEXICAL: LexicalIndex(folder / LEXICAL).rows(),
    }


def _history(as_built: Store, store: Store) -> Iterator[str]:
    """Texts that only this generation still reads: they were changed or taken out since."""
    if as_built.change == store.change:
        return
    lost = orphans(as_built)
    for document_id in sorted({*document_ids(as_built, since=as_built.change), *lost}):
        fault = lost.get(document_id) or document_fault(as_built, document_id)
        if fault:
            yield f"{document_id} as it was: {fault}"
