"""The faults themselves: every write is seen, and what is asked for happens at it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.reliability import faults
from tests.reliability.faults import Fault, arm, calls, environment
from tests.reliability.processes import ROOT, run

pytestmark = pytest.mark.skipif(bool(faults.lacking()), reason=faults.lacking() or "-")


def armed(folder: Path, fault: Fault, work: Callable[[Path], object]) -> object:
    arm(folder, fault, folder.with_name("log"))
    return work(folder)


def write_two_lines(folder: Path) -> str:
    try:
        with (folder / "file").open("wb", buffering=0) as stream:
            return f"{stream.write(b'first line')} {stream.write(b'second line')}"
    except OSError as error:
        return str(error)


def change_everything(folder: Path) -> None:
    (folder / "made").mkdir()
    (folder / "made" / "one").write_text("text")
    (folder / "made" / "one").rename(folder / "two")
    os.link(folder / "two", folder / "three")
    shutil.copyfile(folder / "two", folder / "four")
    os.truncate(folder / "two", 1)
    shutil.rmtree(folder / "made")
    # Reading is no change, and neither is writing elsewhere.
    (folder / "three").read_text()
    folder.with_name("elsewhere").write_text("text")


def store_rows(folder: Path) -> str:
    try:
        with closing(sqlite3.connect(folder / "a.sqlite")) as database:
            database.execute("CREATE TABLE t (x)")
            database.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(1000)])
            database.commit()
    except sqlite3.OperationalError as error:
        return str(error)
    return "stored"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_every_kind_of_change_is_seen_and_nothing_else(folder: Path) -> None:
    assert run(armed, folder, Fault(), change_everything).status == 0
    kinds = [call.kind for call in calls(folder.with_name("log"))]
    assert kinds == [
        "mkdir", "create", "write", "rename", "link", "create", "copy", "copy", "truncate", "unlink",
    ]  # fmt: skip


@pytest.mark.parametrize(("action", "left"), [("kill", b"first line"), ("halfway", b"first linesecond")])
def test_a_process_dies_before_its_second_write_or_halfway_through_it(
    folder: Path, action: str, left: bytes
) -> None:
    ended = run(armed, folder, Fault(action, 3), write_two_lines)
    assert ended.killed
    assert (folder / "file").read_bytes() == left


def test_a_write_fails_falls_short_or_fails_from_then_on(folder: Path) -> None:
    only_writes = frozenset({"write"})
    full = run(armed, folder, Fault("fail", 2, "ENOSPC", kinds=only_writes), write_two_lines)
    assert "No space left" in full.result()
    short = run(armed, folder, Fault("short", 2, kinds=only_writes), write_two_lines)
    assert short.result() == "10 6"
    once = run(armed, folder, Fault("fail", 9, "EIO", kinds=only_writes), write_two_lines)
    assert once.result() == "10 11"


def test_sqlite_meets_them_too(folder: Path) -> None:
    assert run(armed, folder, Fault("fail", 2, "ENOSPC", lasting=True), store_rows).result() != "stored"
    assert run(armed, folder, Fault(), store_rows).result() == "stored"


def test_a_process_is_armed_from_its_start_by_its_environment(folder: Path) -> None:
    script = f"import pathlib; pathlib.Path({str(folder / 'x')!r}).write_text('text')"
    fault = Fault("fail", 1, "EROFS", lasting=True)
    told = environment(folder, fault, folder.with_name("log"))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **told},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Read-only file system" in done.stderr
    assert [call.struck for call in calls(folder.with_name("log"))] == [True]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_sees_no_more(folder: Path) -> None:
    """The same writes of SQLite, counted by another hand."""
    script = f"from pathlib import Path; from tests.reliability.test_faults import store_rows; store_rows(Path({str(folder)!r}))"
    log = folder.with_name("strace")
    traced = "trace=openat,write,pwrite64,fsync,fdatasync,unlink,ftruncate"
    done = subprocess.run(
        ["strace", "-f", "-y", "-qq", "-o", str(log), "-e", traced, sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr[-200:]}")
    lines = [line for line in log.read_text().splitlines() if str(folder) in line and "O_RDONLY" not in line]
    for path in folder.iterdir():
        path.unlink()
    assert run(armed, folder, Fault(), store_rows).result() == "stored"
    assert len(calls(folder.with_name("log"))) == len(lines)
