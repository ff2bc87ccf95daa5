"""Rows of jobs, and the folders beside them: what is kept, what is given once, what is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.changing.jobs import MOST_DEATHS, Failure, File, FullError, Job, Jobs, new_id
from service.changing.routes import storing
from service.changing.spool import Spool, worker_is_free
from service.database import Database
from service.problems import ProblemError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "service.sqlite")
    yield database
    database.close()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def add(jobs: Jobs, **given: str) -> Job:
    return jobs.add(new_id(), "add", [File("ก.md", "0001.md")], idempotency=given.get("key"))


def deadly(job: Job) -> Failure:
    return Failure("", f"{job.attempts} deaths")


def test_a_job_is_stored_as_given(jobs: Jobs) -> None:
    made = jobs.add("0" * 16, "replace", [File("ก.md", "0001.md")], ["a", "ข"])
    assert jobs.get("0" * 16) == made
    assert (made.state, made.stage, made.attempts, made.finished) == ("queued", "waiting", 0, None)
    assert made.documents == ("a", "ข")
    assert jobs.get("1" * 16) is None


def test_no_more_jobs_than_may_wait(jobs: Jobs) -> None:
    add(jobs)
    with pytest.raises(FullError):
        jobs.add(new_id(), "add", most=1)
    assert jobs.listed(None, 10, 0)[0] == 1


def test_a_full_disk_is_told_and_the_row_is_not_there(jobs: Jobs, database: Database) -> None:
    [(pages,)] = database.rows("PRAGMA page_count")
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ProblemError) as caught, storing():
        jobs.add(new_id(), "add", documents=["x" * 100_000])
    assert caught.value.status_code == 507
    database.rows("PRAGMA max_page_count = 100000")
    assert jobs.listed(None, 10, 0)[0] == 0
    assert add(jobs).state == "queued"


def test_the_same_key_gives_the_same_job_for_a_day(jobs: Jobs, database: Database) -> None:
    first = add(jobs, key="k")
    assert add(jobs, key="k") == first
    assert jobs.repeated("k") == first
    assert add(jobs, key="other") != first
    with database.writing() as connection:
        connection.execute("UPDATE jobs SET created = '2020-01-01T00:00:00.000+00:00'")
    assert jobs.repeated("k") is None
    assert add(jobs, key="k").job_id != first.job_id


def test_waiting_jobs_are_taken_together_but_a_dangerous_one_alone(jobs: Jobs) -> None:
    one, two, three = (add(jobs) for _ in range(3))
    assert [job.job_id for job in jobs.next()] == [one.job_id, two.job_id, three.job_id]
    jobs.begin(two)
    jobs.revive(deadly)
    assert [job.job_id for job in jobs.next()] == [one.job_id]
    jobs.failed(one, [Failure("ก.md", "no")])
    assert [job.job_id for job in jobs.next()] == [two.job_id]


def test_a_job_may_be_begun_three_times(jobs: Jobs) -> None:
    job = add(jobs)
    for _ in range(MOST_DEATHS):
        assert jobs.next()
        jobs.begin(job)
        jobs.revive(deadly)
    found = jobs.get(job.job_id)
    assert found is not None
    assert (found.state, found.failures) == ("failed", (Failure("", "3 deaths"),))


def test_a_stop_is_no_death(jobs: Jobs) -> None:
    job = add(jobs)
    for _ in range(2 * MOST_DEATHS):
        jobs.begin(job)
        jobs.release()
    found = jobs.get(job.job_id)
    assert found is not None
    assert (found.state, found.attempts) == ("queued", 0)


def test_what_is_published_is_not_done_again(jobs: Jobs) -> None:
    job = add(jobs)
    jobs.begin(job)
    jobs.published(job, ["a"], [], "g", 7)
    jobs.release()
    jobs.revive(deadly)
    work, opening = jobs.unfinished()
    assert (work, [one.corpus_change for one in opening]) == (0, [7])
    jobs.opened(opening)
    assert jobs.unfinished() == (0, [])
    [told] = jobs.tell()
    assert (told.state, told.changed, told.generation) == ("done", ("a",), "g")
    assert jobs.tell() == []
    assert not jobs.untold()


def test_old_jobs_are_forgotten(jobs: Jobs, database: Database) -> None:
    old, new, waiting = add(jobs), add(jobs), add(jobs)
    for job in (old, new):
        jobs.failed(job, [])
    with database.writing() as connection:
        connection.execute(
            "UPDATE jobs SET finished = '2020-01-01T00:00:00.000+00:00', created = '2020-01-01T00:00:00.000+00:00' "
            "WHERE job_id IN (?, ?)",
            (old.job_id, waiting.job_id),
        )
        connection.execute("UPDATE jobs SET finished = NULL WHERE job_id = ?", (waiting.job_id,))
    jobs.prune()
    assert [job.job_id for job in jobs.listed(None, 10, 0)[1]] == [waiting.job_id, new.job_id]


def test_a_database_of_the_first_release_is_migrated(tmp_path: Path) -> None:
    from service.database import MIGRATIONS

    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1;")
    connection.close()
    database = Database(path)
    assert add(Jobs(database)).state == "queued"
    database.close()


def test_folders_of_nobody_are_deleted_and_those_being_written_are_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.clean(lambda _: False)  # there is no folder yet
    with spool.incoming() as kept:
        kept.create(".md")[1].close()
        kept.sync()
        kept.keep()
    with spool.incoming() as dropped:
        dropped.create(".md")[1].close()
    for name in ("0" * 16, ".partial-x"):
        (spool.folder / name).mkdir()
    with spool.incoming() as writing:
        _, stream = writing.create(".txt")
        with stream:
            stream.write(b"half")
        spool.clean(lambda name: name == kept.job_id)
        left = sorted(path.name for path in spool.folder.iterdir())
        assert left == sorted([kept.job_id, f".partial-{writing.job_id}"])
    assert [path.name for path in spool.folder.iterdir()] == [kept.job_id]
    spool.remove(kept.job_id)
    assert list(spool.folder.iterdir()) == []
    assert worker_is_free(tmp_path / "elsewhere" / "spool")
