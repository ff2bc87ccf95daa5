"""A real PostgreSQL for tests: made, started and stopped here, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

#: PostgreSQL refuses to run as root; Debian's package brings this user.
_USER = "postgres"
_FAST = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=60",
)


def programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, the newest there is."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    return max(folders, key=lambda path: int(path.parent.name.split(".")[0]), default=None)


def as_user() -> list[str] | None:
    """What to put before a command so that root does not run it; ``None`` where there is no way."""
    if os.getuid() != 0:
        return []
    try:
        subprocess.run(["id", _USER], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ["runuser", "-u", _USER, "--"] if shutil.which("runuser") else None


@dataclass(frozen=True, slots=True)
class Server:
    """A server of our own; ``folder`` holds its data, its log and its socket."""

    folder: Path
    bin: Path
    before: tuple[str, ...]

    def url(self, database: str = "postgres", user: str = _USER, password: str = "") -> str:
        """Its address for `KARANI_DATABASE`."""
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> str:
        """Run one of its programs; what it says."""
        command = [*self.before, str(self.bin / program), *arguments]
        # The server lives on with the log as its output: a pipe would be waited for until its end.
        done = subprocess.run(
            command, check=False, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")
        return done.stdout

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses='' " + " ".join(f"-c {one}" for one in _FAST)
        self.run(
            "pg_ctl",
            "-D",
            str(self.folder / "data"),
            "-l",
            str(self.folder / "log"),
            "-w",
            "-o",
            options,
            "start",
        )

    def stop(self) -> None:
        """Stop it; connections break."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def sql(self, statement: str) -> str:
        """What a statement gives, as its administrator."""
        return self.run(
            "psql", "-h", str(self.folder), "-U", _USER, "-d", "postgres", "-At", "-c", statement
        ).strip()


@contextmanager
def running() -> Iterator[Server]:
    """A new server; skips the test where it cannot be had."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'karani[postgres]'")
    found, before = programs(), as_user()
    if found is None:
        pytest.skip(
            "PostgreSQL's programs are not installed (apt install postgresql): its store is not tested"
        )
    if before is None:
        pytest.skip("root may not run PostgreSQL and there is no user postgres: its store is not tested")
    # Short: a socket's path has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        server = Server(folder, found, tuple(before))
        if before:
            shutil.chown(folder, _USER)
        server.run(
            "initdb", "-D", str(folder / "data"), "-U", _USER, "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C", "--no-sync",
        )  # fmt: skip
        server.start()
        try:
            yield server
        finally:
            server.stop()
