"""The service's side of changing the corpus: keeps the worker, serves what it built, and only then calls jobs done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from corpus.settings import Settings
from corpus.store import Store
from service.changing.jobs import Job, Jobs
from service.changing.spool import Spool, worker_is_free
from service.corpora import Corpora
from service.database import Database
from service.edge.metrics import Metrics
from service.serving import Serving
from service.settings import ServiceSettings
from service.workers.board import Board, Field

ROOT = Path(__file__).parents[2]
_PRUNE_SECONDS = 6 * 3600.0
#: Another service of the same data directory serves what a job changed after this at the latest.
_CATCH_UP_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 60.0
_log = logging.getLogger("karani.jobs")


class Changing:
    """What the handlers of ``/v1/documents`` and ``/v1/jobs`` share; works while `running` is entered.

    Args:
        settings: the bounds.
        corpora: whose ``own`` data directory is changed; ``None`` where nothing may be.
        database: holds the jobs.
        serving: opens what the worker built.
        metrics: counts jobs.
        board: the service's other processes: a job is done once all of them serve it.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        corpora: Corpora | None,
        database: Database,
        serving: Serving,
        metrics: Metrics,
        board: Board | None = None,
    ) -> None:
        self.settings = settings
        self.jobs = Jobs(database)
        self.uploads = 0
        self._corpora = corpora
        self._database = database
        self._serving = serving
        self._metrics = metrics
        self._board = board or Board()
        self._wake = asyncio.Event()
        self._worker: Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._deaths = 0
        self._start_at = 0.0
        self._prune_at = 0.0
        self._trouble = ""

    @property
    def own(self) -> Settings | None:
        """The data directory that is changed."""
        return None if self._corpora is None else self._corpora.own

    def spool(self) -> Spool:
        """Where uploads lie until they are done."""
        assert self._corpora is not None  # noqa: S101 - handlers refuse before
        return Spool(self._corpora.own.data / "spool", self.settings.spool_free_bytes)

    def knows(self, document_id: str) -> bool:
        """Whether the store has this document, served already or not."""
        assert self._corpora is not None  # noqa: S101 - handlers refuse before
        try:
            with Store.of(self._corpora.own, create=False) as store:
                return store.document(document_id) is not None
        except FileNotFoundError:
            return False

    def poke(self) -> None:
        """A job was added, or is another step on: every process of the service looks now."""
        self._wake.set()
        self._board.call_all()

    def look(self) -> None:
        """Another process of the service was poked."""
        self._wake.set()

    def shown(self, job: Job) -> Job:
        """A job as this service may tell it: not done before it is served here, too.

        Another service of the same data directory may be the one that called it done.
        """
        if job.state != "done" or job.ended_seconds_ago > _CATCH_UP_SECONDS or self._holds(job):
            return job
        self.look()
        return replace(job, state="running", stage="opening", finished=None)

    # -- while the application lives ---------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after jobs; at the end the worker is let go, and what it had begun is done after the next start."""
        if self._corpora is None:
            yield
            return
        await asyncio.to_thread(self._tidy)
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await self._let_go()

    def _tidy(self) -> None:
        with contextlib.suppress(OSError):
            self.spool().clean(self.jobs.wants_files)

    async def _keep(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._look()
                self._trouble = ""
            except (OSError, sqlite3.Error) as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    _log.exception("jobs wait: the data directory cannot be used")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.settings.reload_seconds)

    async def _look(self) -> None:
        work, opening = await asyncio.to_thread(self.jobs.unfinished)
        if work:
            await self._have_it_done()
        held = await self._open(opening) if opening else 0
        self._metrics.jobs_wait(work + len(opening) - held)
        if await asyncio.to_thread(self.jobs.untold):
            for job in await asyncio.to_thread(self.jobs.tell):
                await asyncio.to_thread(self.spool().remove, job.job_id)
                self._tell(job)
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + _PRUNE_SECONDS
            await asyncio.to_thread(self.jobs.prune)

    async def _open(self, jobs: list[Job]) -> int:
        """Serve what was built, then call its jobs done; how many."""
        if not all(map(self._holds_here, jobs)):
            await self._serving.renew()
            if all(map(self._holds_here, jobs)):
                self._board.call_all()  # whoever comes last finds that all of them do
        held = [job for job in jobs if self._holds(job)]
        if held:
            await asyncio.to_thread(self.jobs.opened, held)
            await self._nudge()
        return len(held)

    def _holds(self, job: Job) -> bool:
        """Whether what every process of this service answers from holds a published job's changes."""
        if not self._holds_here(job):
            return False
        if job.corpus_change is None or self._board.mine(Field.CHANGE) < 0:  # all of them show the demo
            return True
        return all(held >= job.corpus_change for held in self._board.others(Field.CHANGE))

    def _holds_here(self, job: Job) -> bool:
        assert self._corpora is not None  # noqa: S101 - there are no jobs without
        if not self._serving.is_open or job.corpus_change is None:
            return job.corpus_change is None
        engine = self._serving.engine
        if engine.settings.data != self._corpora.own.data:
            # The demo goes on where the job left the own corpus empty.
            return not self._corpora.own_is_published()
        return engine.generation == job.generation or engine.manifest.change >= job.corpus_change

    def _tell(self, job: Job) -> None:
        self._metrics.job(job.state, job.seconds)
        _log.info(
            "job %s %s %s: %d files, %d documents changed, %d failures, %.2f s, generation %s",
            job.job_id,
            job.kind,
            job.state,
            len(job.files),
            len(job.changed),
            len(job.failures),
            job.seconds,
            job.generation or "-",
        )

    # -- the worker --------------------------------------------------------------------

    async def _have_it_done(self) -> None:
        if self._worker is not None and self._worker.returncode is None:
            await self._nudge()
            return
        now = time.monotonic()
        if (
            not self._board.leads
            or now < self._start_at
            or not await asyncio.to_thread(worker_is_free, self.spool().folder)
        ):
            return
        # One that cannot even start is tried again more and more seldom.
        self._start_at = now + min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(self._deaths, 10) - 1)
        self._worker = await self._started()
        self._listening = asyncio.create_task(self._listen(self._worker))

    async def _started(self) -> Process:
        own = self.own
        assert own is not None  # noqa: S101 - as above
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            **own.variables,
        }
        command = [sys.executable, "-P", "-m", "service.changing.worker", "--data", str(own.data)]
        command += ["--database", str(self._database.path)]
        command += ["--idle-seconds", str(self.settings.worker_idle_seconds)]
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment)

    async def _listen(self, worker: Process) -> None:
        """Every line that the worker says is a reason to look; so is its end."""
        assert worker.stdout is not None  # noqa: S101 - a pipe was asked for
        async for line in worker.stdout:
            self._deaths = 0
            if line.strip():
                self.poke()
        status = await worker.wait()
        if status:
            self._deaths += 1
            _log.warning("the worker ended with status %d; waiting jobs are begun again", status)
        self.poke()

    async def _nudge(self) -> None:
        """Have the worker look for jobs now."""
        if self._worker is None or self._worker.stdin is None or self._worker.returncode is not None:
            return
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._worker.stdin.write(b"\n")
            await self._worker.stdin.drain()

    async def _let_go(self) -> None:
        if self._worker is not None:
            if self._worker.stdin is not None:
                self._worker.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._worker.wait(), 10)
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
