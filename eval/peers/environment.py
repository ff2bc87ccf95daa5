"""The peers' own virtual environment, so that nothing of theirs gets into Karani's."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
#: First and pinned, so that nothing else pulls a build with CUDA in; as the Makefile does for Karani.
TORCH = "torch==2.13.0"


class EnvironmentFailure(RuntimeError):  # noqa: N818 - not a fault of the program
    """The peers could not be installed; the message says what to do."""


def peers_python(folder: Path, say: Callable[[str], None]) -> Path:
    """The interpreter that has every peer, installed now where it is not yet.

    Raises:
        EnvironmentFailure: pip could not install them.

    """
    python = (folder / "bin" / "python").absolute()
    torch = os.environ.get("TORCH") or TORCH
    wanted = hashlib.sha256(f"{torch}\n{REQUIREMENTS.read_text(encoding='utf-8')}".encode()).hexdigest()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and python.exists():
        return python
    say(f"installing the peers into {folder} (some minutes, about 3 GB)")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, *shlex.split(torch)])
    _run([*install, "-r", str(REQUIREMENTS)])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise EnvironmentFailure(
            f"the peers could not be installed ({last}): look at the network or name the packages' place in "
            "PIP_INDEX_URL, or measure without them: --only karani,karani-http,fts5"
        )
