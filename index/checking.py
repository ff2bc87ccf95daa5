"""`karani check`: everything that can be verified about a data directory, problem by problem."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress

from corpus.locking import CorpusLockedError, corpus_lock
from corpus.settings import Settings
from corpus.sqlite import SchemaError, StoreError
from corpus.store import Store
from index.care.databases import CORPUS, database_problems, existing
from index.care.files import leftover_problems, leftovers, original_problems, originals, unreferenced_problems
from index.care.indexes import current_problems, generation_problems
from index.care.problems import AGAIN, RESTORE, Kind, Problem, Progress
from index.care.texts import document_ids, orphans, text_problems
from index.publish import candidates

_AT_ONCE = 50


def check(settings: Settings, progress: Progress | None = None) -> list[str]:
    """What `examine` finds that matters, each one line that names the place and the remedy."""
    return [str(problem) for problem in examine(settings, progress) if problem.matters]


def examine(settings: Settings, progress: Progress | None = None) -> list[Problem]:
    """All problems of a data directory; empty when all is well.

    It looks while others go on changing things. Only where it finds something does it look again while it holds the
    corpus lock, so that what was just being changed is not taken for damage.

    Args:
        settings: names the data directory.
        progress: called with (steps done, steps in all, what is being looked at).
    """
    found = list(_Examination(settings, progress).problems())
    certain = not any(problem.matters for problem in found) and not leftovers(settings)
    if certain or not settings.data.is_dir():
        return found
    with suppress(CorpusLockedError, PermissionError), corpus_lock(settings, "karani check"):
        return [*_Examination(settings, progress).problems(), *leftover_problems(settings)]
    return found


class _Examination:
    """One look at everything."""

    def __init__(self, settings: Settings, progress: Progress | None) -> None:
        self._settings = settings
        self._progress = progress
        self._done = self._total = 0

    def problems(self) -> Iterator[Problem]:
        """Databases, texts, generations, originals, in this order: each stands on those before."""
        settings = self._settings
        files = originals(settings)
        self._total = len(existing(settings)) + len(candidates(settings)) + len(files)
        damaged = False
        for path in existing(settings):
            self._step(path.name)
            for problem in database_problems(path):
                damaged |= path.name == CORPUS and problem.remedy == RESTORE
                yield problem
        if not damaged:
            yield from self._corpus()
        for path in files:
            self._step(path.name)
            yield from original_problems(path)
        self._step("")

    def _corpus(self) -> Iterator[Problem]:
        name = CORPUS if self._settings.server is None else "KARANI_DATABASE"
        try:
            try:
                store = Store.of(self._settings, create=False)
            except FileNotFoundError:
                yield Problem(
                    Kind.DATABASE, name, "ยังไม่มีฐานข้อมูล สั่ง karani ingest",
                    f"no store yet: run {AGAIN}, or {RESTORE}",
                )  # fmt: skip
                return
            with store:
                yield from self._texts(store)
                yield from current_problems(self._settings)
                for folder in candidates(self._settings):
                    self._step(folder.name)
                    yield from generation_problems(folder, store, self._settings)
                yield from unreferenced_problems(self._settings, store)
        except (SchemaError, sqlite3.DatabaseError) as error:
            thai, _, english = str(error).partition(" / ")
            # A server that is away says itself what to do about it.
            remedy = "" if self._settings.server is not None and isinstance(error, StoreError) else RESTORE
            yield Problem(Kind.DATABASE, name, thai, english or thai, remedy)

    def _texts(self, store: Store) -> Iterator[Problem]:
        ids, lost = document_ids(store), orphans(store)
        self._total += len(ids)
        for start in range(0, max(len(ids), 1), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            self._step(part[0] if part else "", len(part))
            yield from text_problems(store, set(part) - set(lost), lost if start == 0 else {})

    def _step(self, what: str, steps: int = 1) -> None:
        self._done = min(self._done + steps, self._total)
        if self._progress:
            self._progress(self._done, self._total, what)
