from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from corpus import confined

PYTHON = [sys.executable, "-I", "-S", "-c"]
# What a confined process may not do; each line is tried, and what happened is printed.
ATTEMPTS = """
import os, socket, sys
def attempt(what, do):
    try:
        do()
        print(what, "done")
    except OSError:
        print(what, "refused")
there, folder, parent, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
attempt("read", lambda: open(there).read())
attempt("nowhere", lambda: open(os.devnull, "w").write("x"))
attempt("truncate", lambda: open(there, "w"))
attempt("remove", lambda: os.unlink(there))
attempt("rename", lambda: os.rename(there, there + "2"))
attempt("make", lambda: os.mkdir(folder + "/new"))
attempt("link", lambda: os.symlink("/etc", folder + "/link"))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", port), timeout=5))
attempt("signal", lambda: os.kill(parent, 0))
"""


def landlock_version() -> int:
    done = subprocess.run(
        [sys.executable, "-c", "from corpus.landlock import give_up; print(give_up())"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return int(done.stdout)


def test_the_end_of_a_program_is_told() -> None:
    done = confined.run(
        [*PYTHON, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(5)"],
        seconds=60,
        most_bytes=100,
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, b"out\n", b"err\n")


def test_output_without_end_is_cut_and_its_program_ended() -> None:
    with pytest.raises(confined.OutputError):
        confined.run([*PYTHON, "while True: print('x' * 1000)"], seconds=60, most_bytes=1 << 20)


def test_complaints_without_end_do_no_harm() -> None:
    done = confined.run(
        [*PYTHON, "import sys\nfor _ in range(9000): print('x' * 1000, file=sys.stderr)\nprint('out')"],
        seconds=60,
        most_bytes=100,
    )
    assert done.stdout == b"out\n"
    assert len(done.stderr) < 1 << 18


@pytest.mark.parametrize(
    "program", ["import time; time.sleep(600)", "import os, time; os.close(1); os.close(2); time.sleep(600)"]
)
def test_a_program_that_does_not_end_is_ended(program: str) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        confined.run([*PYTHON, program], seconds=0.5, most_bytes=100)


def test_a_confined_program_changes_nothing_and_reaches_nobody(tmp_path: Path) -> None:
    if landlock_version() < 6:
        pytest.skip("this kernel's Landlock is older than version 6")
    there = tmp_path / "there.txt"
    there.write_text("ข้อความ")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        arguments = [str(there), str(tmp_path), str(os.getpid()), str(listening.getsockname()[1])]
        code = f"from corpus import landlock; landlock.give_up()\n{ATTEMPTS}"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        "read": "done", "nowhere": "done", "truncate": "refused", "remove": "refused", "rename": "refused",
        "make": "refused", "link": "refused", "connect": "refused", "signal": "refused",
    }, done.stderr  # fmt: skip
    assert there.read_text() == "ข้อความ"


def test_limits_bind_the_program_and_what_it_starts() -> None:
    code = (
        "from corpus import confined; confined.limit(400 << 20, 7); import resource, subprocess, sys\n"
        "print([resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in ('AS', 'CPU', 'FSIZE', 'CORE')])\n"
        "confined.allow(1000)\nprint(resource.getrlimit(resource.RLIMIT_CPU))\n"
        "print(subprocess.run([sys.executable, '-S', '-c', 'bytearray(1 << 30)'], stderr=-1).returncode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    limits, cpu, started = done.stdout.splitlines()
    assert limits == f"[({400 << 20}, {400 << 20}), (7, 7), (0, 0), (0, 0)]"
    assert cpu == "(7, 7)", "more seconds than the program had left are not to be had"
    assert started == "1"
