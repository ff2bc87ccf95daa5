"""`karani check --repair`: what can be made again is made again; what cannot is set aside or told, never deleted.

Generations and leftovers are derived, and go. Texts are cleaned and split anew from the source texts that the store
keeps. Files that nobody can make again are moved to ``lost+found``.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.locking import corpus_lock
from corpus.repairing import renewed
from corpus.settings import Settings
from corpus.store import Store
from index.care.databases import existing, integrity, only_indexes, reindex
from index.care.files import sweep
from index.care.indexes import generation_problems
from index.care.problems import Kind, Problem, Progress
from index.checking import examine
from index.encoders import EncoderError
from index.generations import build
from index.interfaces import Encoder
from index.manifest import GenerationError, Manifest
from index.publish import candidates, complete_generations, current_name, drop, name_current

LOST = "lost+found"
_ASIDE = (Kind.STRAY, Kind.ORIGINAL, Kind.UNREFERENCED)
_BUILD = (Kind.GENERATION, Kind.CURRENT, Kind.NO_INDEX, Kind.DOCUMENT)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done, line by line, and the problems that are left."""

    done: tuple[str, ...]
    left: tuple[Problem, ...]


def repair(
    settings: Settings,
    progress: Progress | None = None,
    *,
    encoder: Encoder | None = None,
    talk: Callable[[str], None] | None = None,
) -> Repaired:
    """Mend a data directory; others wait meanwhile, searches go on.

    Args:
        settings: names the data directory and the encoder.
        progress: called with (steps done, steps in all, what is being looked at).
        encoder: builds the new index; ``None`` loads the one that the settings name.
        talk: told for whom it waits.

    Raises:
        corpus.locking.CorpusLockedError: another process is still changing this data directory.
    """
    with corpus_lock(settings, "karani check --repair", talk=talk):
        done = [f"{path.name}: ลบสิ่งที่ค้างอยู่ / removed a leftover" for path in sweep(settings)]
        done += _reindexed(settings)
        problems = examine(settings, progress)
        for kind in _ASIDE:
            done += [_set_aside(settings, subject) for subject in _subjects(problems, kind)]
        if any(problem.kind in _BUILD for problem in problems) and Store.exists(settings):
            with Store.of(settings, create=False) as store:
                done += _rebuilt(settings, store, problems, encoder)
        return Repaired(tuple(done), tuple(examine(settings, progress)) if done else tuple(problems))


def _reindexed(settings: Settings) -> Iterator[str]:
    for path in existing(settings):
        lines = integrity(path)
        if lines and only_indexes(lines):
            reindex(path)
            yield f"{path.name}: สร้างดัชนีของ SQLite ใหม่ / made its SQLite indexes anew"


def _set_aside(settings: Settings, subject: str) -> str:
    """Move a file out of the way, to where a person finds it again."""
    target = settings.data / LOST / subject
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target = target.with_name(f"{target.name}-{secrets.token_hex(4)}")
    (settings.data / subject).rename(target)
    return f"{subject}: ย้ายไป {LOST} / moved to {target.relative_to(settings.data)}"


def _rebuilt(
    settings: Settings, store: Store, problems: list[Problem], encoder: Encoder | None
) -> Iterator[str]:
    for document_id in _subjects(problems, Kind.DOCUMENT):
        yield _renew(store, document_id)
    for name in _subjects(problems, Kind.GENERATION):
        yield _dropped(settings.generations / name)
    rest = complete_generations(settings)
    if rest and rest[0].name != current_name(settings):
        name_current(rest[0].name, settings)
        yield f"CURRENT: ชี้ดัชนีรุ่น {rest[0].name} แล้ว / names generation {rest[0].name} now"
    try:
        name = build(store, settings, encoder=encoder)
        if _is_damaged(settings, settings.generations / name, store):
            # No passage differs, but their pages do: the same index again, as of now.
            name = build(store, settings, encoder=encoder, fresh=True)
    except EncoderError as error:
        yield str(error)
        return
    yield f"{name}: ดัชนีที่ให้บริการ / the generation that serves"
    yield from _forgotten(settings, store)


def _is_damaged(settings: Settings, folder: Path, store: Store) -> bool:
    """Whether a generation has problems of its own; one whose Milvus does not answer may be whole."""
    return any(one.kind is not Kind.UNREACHABLE for one in generation_problems(folder, store, settings))


def _subjects(problems: list[Problem], kind: Kind) -> list[str]:
    return list(dict.fromkeys(problem.subject for problem in problems if problem.kind is kind))


def _renew(store: Store, document_id: str) -> str:
    """Clean and split a document anew; one of which no page is left goes."""
    try:
        record = renewed(store, document_id)
        if not record.pages:
            store.discard(document_id)
            return (
                f"{document_id}: ไม่เหลือหน้าใด จึงนำออก สั่ง karani ingest ใหม่ / no page of it is left, it was taken out: "
                "run karani ingest PATH again"
            )
        lost = not any(True for _ in _own_row(store, document_id))
        store.replace(record)
    except (ValueError, sqlite3.DatabaseError) as error:
        return f"{document_id}: ซ่อมไม่ได้ ({error}) / cannot be mended ({error})"
    line = f"{document_id}: ทำความสะอาดและแบ่งใหม่จากต้นฉบับที่เก็บไว้ / cleaned and split anew from its source text"
    return f"{line}; ชื่อและข้อมูลประกอบหาย / its title and metadata are lost: ingest it again" if lost else line


def _own_row(store: Store, document_id: str) -> Iterator[tuple[object, ...]]:
    sql = f"SELECT 1 FROM documents WHERE document_id = ? AND {store.alive()}"  # noqa: S608
    return store.rows(sql, (document_id,))


def _dropped(folder: Path) -> str:
    drop(folder)
    return f"{folder.name}: ลบดัชนีที่เสีย / dropped a damaged generation"


def _forgotten(settings: Settings, store: Store) -> Iterator[str]:
    """Older generations that still read the texts as they were before they were mended go, and those texts with them."""
    current = current_name(settings)
    for folder in candidates(settings):
        if folder.name != current and _is_damaged(settings, folder, store):
            yield _dropped(folder)
    changes = []
    for folder in complete_generations(settings):
        try:
            changes.append(Manifest.read(folder).change)
        except GenerationError:
            return
    store.forget(min(changes))
