"""Grades as judges give them, in SQLite: nothing is lost when a browser or the server stops."""

from __future__ import annotations

import datetime
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from eval.errors import UsageError
from eval.qrels import Qrels

GRADES = (0, 1, 2)
RULES = ("majority", "lowest", "highest")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS grades (
    pool TEXT NOT NULL, judge TEXT NOT NULL, query_id TEXT NOT NULL, document_id TEXT NOT NULL,
    grade INTEGER NOT NULL CHECK (grade IN (0, 1, 2)), note TEXT NOT NULL DEFAULT '', given_at TEXT NOT NULL,
    PRIMARY KEY (pool, judge, query_id, document_id)
) WITHOUT ROWID;
"""


class Judgements:
    """All grades of a data directory; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def give(
        self, pool: str, judge: str, query_id: str, document_id: str, grade: int, note: str = ""
    ) -> None:
        """Keep one judge's grade of a document; a later one replaces it.

        Raises UsageError for a grade that is not 0, 1 or 2, or a judge without a name.
        """
        if grade not in GRADES or not judge.strip():
            raise UsageError(f"grade {grade!r} by {judge!r}; expected 0, 1 or 2 by a judge with a name")
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        row = (pool, judge.strip(), query_id, document_id, grade, note, now)
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO grades VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def take_back(self, pool: str, judge: str, query_id: str, document_id: str) -> None:
        """Forget one grade."""
        sql = "DELETE FROM grades WHERE pool = ? AND judge = ? AND query_id = ? AND document_id = ?"
        with self._lock:
            self._connection.execute(sql, (pool, judge.strip(), query_id, document_id))

    def by_judge(self, pool: str) -> dict[str, dict[tuple[str, str], int]]:
        """Give every judge's grades by query and document."""
        sql = "SELECT judge, query_id, document_id, grade FROM grades WHERE pool = ? ORDER BY judge, query_id, document_id"
        found: dict[str, dict[tuple[str, str], int]] = {}
        with self._lock:
            rows = self._connection.execute(sql, (pool,)).fetchall()
        for judge, query_id, document_id, grade in rows:
            found.setdefault(judge, {})[query_id, document_id] = grade
        return found

    def of(self, pool: str, judge: str) -> dict[tuple[str, str], tuple[int, str]]:
        """Give one judge's grades and notes."""
        sql = "SELECT query_id, document_id, grade, note FROM grades WHERE pool = ? AND judge = ?"
        with self._lock:
            rows = self._connection.execute(sql, (pool, judge.strip())).fetchall()
        return {(query_id, document_id): (grade, note) for query_id, document_id, grade, note in rows}


def as_qrels(
    by_judge: Mapping[str, Mapping[tuple[str, str], int]],
    rule: str = "majority",
    judges: Iterable[str] = (),
) -> Qrels:
    """Unite judges' grades: the most frequent (of equally frequent ones the lowest), the lowest or the highest.

    Raises UsageError for an unknown rule or judge.
    """
    if rule not in RULES:
        raise UsageError(f"unknown rule {rule!r}; expected {', '.join(RULES)}")
    wanted = list(judges) or sorted(by_judge)
    unknown = [judge for judge in wanted if judge not in by_judge]
    if unknown:
        raise UsageError(f"no grades by {unknown[0]!r}; expected some of {', '.join(sorted(by_judge))}")
    given: dict[tuple[str, str], list[int]] = {}
    for judge in wanted:
        for key, grade in by_judge[judge].items():
            given.setdefault(key, []).append(grade)
    qrels: Qrels = {}
    for (query_id, document_id), grades in sorted(given.items()):
        qrels.setdefault(query_id, {})[document_id] = _united(grades, rule)
    return qrels


def _united(grades: list[int], rule: str) -> int:
    if rule == "lowest":
        return min(grades)
    if rule == "highest":
        return max(grades)
    counts = Counter(grades)
    return min(counts, key=lambda grade: (-counts[grade], grade))
