"""Questions that people ask again and again, suggested to those who begin to type one.

A question is kept as text only once several people asked it and the corpus answers it; until then only a
hash and a number are. Who asked is never kept: clients are told apart within a day, in memory, by a hash
with a secret that lives as long as the service. All of its processes share that memory: several of them are no
several people.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from threading import Lock

from index.hits import SearchResult
from index.lexical import skeleton
from service.database import Database
from service.settings import ServiceSettings
from service.workers.windows import Windows

_CHARS = range(3, 121)
_SUGGESTED = 500
_FORGOTTEN = timedelta(days=365)
#: Questions counted that wait to be stored; where nothing can be stored, later ones are let go.
MOST_PENDING = 200_000
#: Questions on disk that too few people asked to be shown; of more, those longest not asked are forgotten.
MOST_UNSHOWN = 200_000
# What may name a person has no place among suggestions, however often it is asked.
_PERSONAL = re.compile(r"@|[0-9๐-๙](?:[ -]?[0-9๐-๙]){8}")


@dataclass(slots=True)
class _Counted:
    shown: str
    askers: int = 0


class Asked:
    """Counts questions in memory; `flush` stores what came since the last time.

    Args:
        database: where they are stored.
        settings: whether, and how many people must ask.
        examples: questions that are suggested anyway; none: the settings' own.
        askers: who asked what today; those who find no room there are not counted.
    """

    def __init__(
        self,
        database: Database,
        settings: ServiceSettings,
        examples: Callable[[], tuple[str, ...]] | None = None,
        askers: Windows | None = None,
    ) -> None:
        self._database = database
        self._examples = examples or (lambda: settings.shown_examples)
        self._settings = settings
        self._lock = Lock()
        self._pending: dict[str, _Counted] = {}
        self._askers = askers or Windows()
        self._top = self._read()

    def note(self, result: SearchResult, client: str) -> None:
        """Count a question that was answered, once a client and day; cheap enough for the event loop."""
        question = result.suggestion or result.query
        if (
            not self._settings.past_questions
            or result.answer is None
            or len(question) not in _CHARS
            or _PERSONAL.search(question)
        ):
            return
        key = _hash(skeleton(question).encode())
        now = _now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        with self._lock:
            times, _ = self._askers.count(
                f"{key} {client}", midnight.timestamp(), now.timestamp(), displace=False
            )
            if times == 1:
                self._count(key, question, 1)

    def flush(self) -> None:
        """Store what was counted, see what others stored; not for the event loop. What cannot be stored now is counted on.

        Raises:
            sqlite3.Error: the disk is full or in trouble.
        """
        with self._lock:
            pending, self._pending = self._pending, {}
        try:
            if pending:
                self._store(pending)
        except sqlite3.Error:
            with self._lock:
                for key, counted in pending.items():
                    self._count(key, counted.shown, counted.askers)
            raise
        self._top = self._read()

    def _count(self, key: str, shown: str, askers: int) -> None:
        if key in self._pending or len(self._pending) < MOST_PENDING:
            self._pending.setdefault(key, _Counted(shown)).askers += askers

    def _store(self, pending: Mapping[str, _Counted]) -> None:
        now = _now()
        with self._database.writing() as connection:
            for key, counted in pending.items():
                connection.execute(
                    "INSERT INTO questions VALUES (?, '', ?, ?) ON CONFLICT (question) "
                    "DO UPDATE SET askers = askers + excluded.askers, last_asked = excluded.last_asked",
                    (key, counted.askers, now.isoformat()),
                )
                connection.execute(
                    "UPDATE questions SET shown = ? WHERE question = ? AND askers >= ? AND shown = ''",
                    (counted.shown, key, self._settings.past_questions_askers),
                )
            connection.execute(
                "DELETE FROM questions WHERE last_asked < ?", ((now - _FORGOTTEN).isoformat(),)
            )
            connection.execute(
                "DELETE FROM questions WHERE question IN (SELECT question FROM questions WHERE shown = '' "
                "ORDER BY last_asked DESC LIMIT -1 OFFSET ?)",
                (MOST_UNSHOWN,),
            )

    def suggested(self) -> tuple[str, ...]:
        """The operator's examples, then what is asked most."""
        return tuple(dict.fromkeys((*self._examples(), *self._top)))

    def _read(self) -> tuple[str, ...]:
        if not self._settings.past_questions:
            return ()
        sql = "SELECT shown FROM questions WHERE shown <> '' ORDER BY askers DESC, last_asked DESC LIMIT ?"
        return tuple(row[0] for row in self._database.rows(sql, (_SUGGESTED,)))


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)
