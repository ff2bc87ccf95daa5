"""Jobs: accepted changes to the corpus, and what became of each. Rows of the service's database.

Written by three: a service adds jobs and marks them done once it serves them, the worker
(`service.changing.worker`) takes them on. Times are UTC, ISO 8601.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Literal, get_args

from service.database import Database

Kind = Literal["add", "replace", "delete"]
State = Literal["queued", "running", "done", "failed"]
Stage = Literal["waiting", "reading", "building", "opening"]
STATES: tuple[State, ...] = get_args(State)
#: A job on which the worker has died so often is not tried again.
MOST_DEATHS = 3
KEPT_DAYS = 30
IDEMPOTENT_HOURS = 24
_COLUMNS = (
    "job_id, kind, state, stage, done, total, created, started, finished, files, documents, attempts, changed, "
    "failures, generation, corpus_change"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a job: the name it was sent with, and the one it has in the job's folder."""

    name: str
    stored: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What did not go in, and what to do about it: Thai, then English."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted change.

    Attributes:
        documents: ids that the call named: the one to delete, or those of a JSON call.
        attempts: how often it was begun and not finished.
        changed: ids of the documents that it changed in the store.
        generation: the index that holds it.
        corpus_change: the store's change number after it; any index as of then or later holds it.
    """

    job_id: str
    kind: Kind
    state: State
    stage: Stage
    done: int
    total: int
    created: str
    started: str | None
    finished: str | None
    files: tuple[File, ...]
    documents: tuple[str, ...]
    attempts: int
    changed: tuple[str, ...]
    failures: tuple[Failure, ...]
    generation: str | None
    corpus_change: int | None

    @property
    def seconds(self) -> float:
        """From when it was accepted to its end, or until now."""
        end = datetime.fromisoformat(self.finished) if self.finished else _now()
        return (end - datetime.fromisoformat(self.created)).total_seconds()

    @property
    def ended_seconds_ago(self) -> float:
        """0 for a job that has not ended."""
        return (_now() - datetime.fromisoformat(self.finished)).total_seconds() if self.finished else 0.0


class FullError(Exception):
    """Too many jobs wait already."""


def new_id() -> str:
    """A new job's id; also the name of its folder."""
    return secrets.token_hex(8)


class Jobs:
    """The jobs of one database. Safe to share by threads; the methods block, so not for the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- a service's side ------------------------------------------------------------

    def add(
        self,
        job_id: str,
        kind: Kind,
        files: Sequence[File] = (),
        documents: Sequence[str] = (),
        *,
        idempotency: str | None = None,
        most: int = 1 << 30,
    ) -> Job:
        """Store an accepted change for good, or give the job that the same ``idempotency`` made already.

        Raises:
            FullError: ``most`` jobs wait or run.
        """
        with self._database.writing_durably() as connection:
            before = self._by_idempotency(idempotency)
            if before is not None:
                return before
            [(waiting,)] = connection.execute(
                "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
            ).fetchall()
            if waiting >= most:
                raise FullError
            connection.execute(
                "INSERT INTO jobs (job_id, kind, state, stage, total, created, files, documents, idempotency) "
                "VALUES (?, ?, 'queued', 'waiting', ?, ?, ?, ?, ?)",
                (
                    job_id, kind, max(1, len(files)), _stamp(), _listed(files),
                    json.dumps(list(documents), ensure_ascii=False), idempotency,
                ),
            )  # fmt: skip
        found = self.get(job_id)
        assert found is not None  # noqa: S101 - stored above
        return found

    def repeated(self, idempotency: str) -> Job | None:
        """The job that a call with this key made within `IDEMPOTENT_HOURS`."""
        return self._by_idempotency(idempotency)

    def _by_idempotency(self, key: str | None) -> Job | None:
        if key is None:
            return None
        since = _stamp(_now() - timedelta(hours=IDEMPOTENT_HOURS))
        return next(iter(self._jobs("WHERE idempotency = ? AND created > ? LIMIT 1", (key, since))), None)

    def get(self, job_id: str) -> Job | None:
        """One job."""
        return next(iter(self._jobs("WHERE job_id = ?", (job_id,))), None)

    def listed(self, state: State | None, limit: int, offset: int) -> tuple[int, list[Job]]:
        """How many jobs there are in this state (or any), and a part of them, newest first."""
        where, values = ("WHERE state = ?", (state,)) if state else ("", ())
        [(total,)] = self._database.rows(f"SELECT count(*) FROM jobs {where}", values)  # noqa: S608
        found = self._jobs(f"{where} ORDER BY number DESC LIMIT ? OFFSET ?", (*values, limit, offset))
        return int(total), found

    def unfinished(self) -> tuple[int, list[Job]]:
        """How many jobs want the worker, and those that only want to be opened."""
        [(work,)] = self._database.rows(
            "SELECT count(*) FROM jobs WHERE state = 'queued' OR (state = 'running' AND stage <> 'opening')"
        )
        return int(work), self._jobs("WHERE state = 'running' AND stage = 'opening' ORDER BY number")

    def opened(self, jobs: Iterable[Job]) -> None:
        """These jobs' changes are being served: they are done."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE jobs SET state = 'done', finished = ? WHERE job_id = ? AND state = 'running'",
                [(_stamp(), job.job_id) for job in jobs],
            )

    def tell(self) -> list[Job]:
        """Jobs that have ended since somebody last asked; each is given once, to one caller."""
        with self._database.writing() as connection:
            rows = connection.execute(
                "UPDATE jobs SET told = 1 WHERE told = 0 AND state IN ('done', 'failed') "  # noqa: S608
                f"RETURNING {_COLUMNS}"
            ).fetchall()
        return [_job(row) for row in rows]

    def untold(self) -> bool:
        """Whether `tell` would give anything; costs no write."""
        return bool(self._database.rows("SELECT 1 FROM jobs WHERE told = 0 AND state IN ('done', 'failed')"))

    def prune(self) -> None:
        """Forget jobs that ended more than `KEPT_DAYS` ago."""
        before = _stamp(_now() - timedelta(days=KEPT_DAYS))
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE state IN ('done', 'failed') AND finished < ?", (before,)
            )

    def wants_files(self, job_id: str) -> bool:
        """Whether a job is still to be done, so that its folder must stay."""
        sql = "SELECT 1 FROM jobs WHERE job_id = ? AND state IN ('queued', 'running')"
        return bool(self._database.rows(sql, (job_id,)))

    # -- the worker's side -----------------------------------------------------------

    def revive(self, failure: Callable[[Job], Failure]) -> None:
        """What a worker that died left undone waits again; what killed it too often has failed."""
        for job in self._jobs("WHERE state = 'running' AND stage <> 'opening'"):
            if job.attempts >= MOST_DEATHS:
                self.failed(job, [failure(job)])
            else:
                self._update(job, "state = 'queued', stage = 'waiting', done = 0")

    def release(self) -> None:
        """Put back what runs: the worker is told to stop, which is no job's fault."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'queued', stage = 'waiting', done = 0, attempts = max(0, attempts - 1) "
                "WHERE state = 'running' AND stage <> 'opening'"
            )

    def next(self) -> list[Job]:
        """The jobs to do together, oldest first. One that a worker has died on is done alone."""
        waiting = self._jobs("WHERE state = 'queued' ORDER BY number")
        if waiting and waiting[0].attempts:
            return waiting[:1]
        return list(takewhile(lambda job: not job.attempts, waiting))

    def begin(self, job: Job) -> None:
        """The worker begins with a job; counted before, so that a death on it is known."""
        started = "attempts = attempts + 1, state = 'running', stage = 'reading', done = 0, started = coalesce(started, ?)"
        self._update(job, started, _stamp())

    def progress(self, jobs: Iterable[Job], stage: Stage, done: int, total: int) -> None:
        """How far jobs are; files while reading, passages while building."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE jobs SET stage = ?, done = ?, total = ? WHERE job_id = ?",
                [(stage, done, total, job.job_id) for job in jobs],
            )

    def published(
        self, job: Job, changed: Sequence[str], failures: Sequence[Failure], generation: str, change: int
    ) -> None:
        """The index holds a job's changes; a service has to open it now."""
        self._update(
            job,
            "stage = 'opening', done = total, changed = ?, failures = ?, generation = ?, corpus_change = ?",
            json.dumps(list(changed), ensure_ascii=False),
            _listed(failures),
            generation,
            change,
        )

    def failed(self, job: Job, failures: Sequence[Failure], changed: Sequence[str] = ()) -> None:
        """Nothing of a job went in, or not into an index."""
        self._update(
            job,
            "state = 'failed', finished = ?, failures = ?, changed = ?",
            _stamp(),
            _listed(failures),
            json.dumps(list(changed), ensure_ascii=False),
        )

    def _update(self, job: Job, assigned: str, *values: Any) -> None:
        with self._database.writing() as connection:
            connection.execute(f"UPDATE jobs SET {assigned} WHERE job_id = ?", (*values, job.job_id))  # noqa: S608

    def _jobs(self, rest: str, values: Iterable[Any] = ()) -> list[Job]:
        return [_job(row) for row in self._database.rows(f"SELECT {_COLUMNS} FROM jobs {rest}", values)]  # noqa: S608


def _job(row: Sequence[Any]) -> Job:
    values = list(row)
    values[9] = tuple(File(**one) for one in json.loads(row[9]))
    values[10] = tuple(json.loads(row[10]))
    values[12] = tuple(json.loads(row[12]))
    values[13] = tuple(Failure(**one) for one in json.loads(row[13]))
    return Job(*values)


def _listed(values: Sequence[File] | Sequence[Failure]) -> str:
    return json.dumps([asdict(one) for one in values], ensure_ascii=False)


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp(when: datetime | None = None) -> str:
    return (when or _now()).isoformat(timespec="milliseconds")
