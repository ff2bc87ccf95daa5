"""What lies in a data directory besides databases and generations: kept originals, leftovers of dead processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from corpus.locking import CorpusLockedError, corpus_lock
from corpus.originals import unreferenced
from corpus.settings import Settings
from corpus.store import Store
from index.care.problems import AGAIN, REPAIR, RESTORE, Kind, Problem
from index.care.staging import abandoned
from index.manifest import file_sha256, is_plain_file, reason
from index.publish import CURRENT_PARTIAL, PARTIAL, discard

BACKUP_STAGING, RESTORE_STAGING = ".backup-", ".restore-"
SPOOL = "spool"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PARTIAL_FILE = ".partial"


def leftovers(settings: Settings) -> list[Path]:
    """What processes that died left half-written; true only while one holds the corpus lock."""
    return [
        *sorted(settings.generations.glob(f"{PARTIAL}*")),
        *sorted(settings.data.glob(f"{CURRENT_PARTIAL}*")),
        *sorted(settings.originals.glob(f"*{_PARTIAL_FILE}")),
        *abandoned(settings.data / SPOOL, PARTIAL),
        *abandoned(settings.data, BACKUP_STAGING),
        *abandoned(settings.data, RESTORE_STAGING),
    ]


def sweep(settings: Settings) -> list[Path]:
    """Delete leftovers; which they were. Whoever calls it holds the corpus lock."""
    found = leftovers(settings)
    for path in found:
        discard(path)
    return found


def sweep_if_free(settings: Settings, talk: Callable[[str], None]) -> None:
    """Delete leftovers at a start, unless somebody is changing the data directory just now."""
    if not settings.data.is_dir():
        return
    with suppress(CorpusLockedError), corpus_lock(settings, "karani serve", patience_seconds=0):
        for path in sweep(settings):
            talk(f"ลบสิ่งที่ค้างอยู่ {path.name} / removed a leftover: {path.name}")


def leftover_problems(settings: Settings) -> Iterator[Problem]:
    """Leftovers, as problems."""
    for path in leftovers(settings):
        name = path.relative_to(settings.data).as_posix()
        yield Problem(Kind.LEFTOVER, name, "ค้างจากโปรเซสที่หยุดกลางคัน", "left by a process that died", REPAIR)


def originals(settings: Settings) -> list[Path]:
    """All that lies among the kept originals, but for leftovers."""
    if not settings.originals.is_dir():
        return []
    return sorted(path for path in settings.originals.iterdir() if path.suffix != _PARTIAL_FILE)


def original_problems(path: Path) -> Iterator[Problem]:
    """Whether a kept original is what its name says."""
    subject = f"files/{path.name}"
    if not _SHA256.fullmatch(path.name) or not is_plain_file(path):
        yield Problem(Kind.STRAY, subject, "ไม่ใช่ต้นฉบับที่เก็บไว้", "is no kept original", REPAIR)
        return
    try:
        whole = file_sha256(path) == path.name
    except OSError as error:
        yield Problem(
            Kind.ORIGINAL, subject, f"อ่านไม่ได้: {reason(error)}", f"cannot be read: {reason(error)}", RESTORE
        )
        return
    if not whole:
        yield Problem(
            Kind.ORIGINAL, subject, "ต้นฉบับเสียหาย", "the original is damaged: its bytes differ from its name",
            f"{REPAIR} sets it aside; {AGAIN} keeps it anew, or {RESTORE}",
        )  # fmt: skip


def unreferenced_problems(settings: Settings, store: Store) -> Iterator[Problem]:
    """Originals that no page came from; nothing is wrong with them."""
    for path in unreferenced(settings, store):
        if path.suffix == _PARTIAL_FILE:
            continue  # a leftover
        yield Problem(
            Kind.UNREFERENCED,
            f"files/{path.name}",
            "ไม่มีหน้าใดอ้างถึง",
            "no page came from it",
            REPAIR,
            matters=False,
        )
