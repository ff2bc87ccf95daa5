"""Where a figure comes from: version, commit, date and machine."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def provenance() -> dict[str, str | int | None]:
    """Say what made a figure; ``commit`` is ``None`` outside a checkout and ends in ``+`` with local changes outside ``docs``."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "karani": _version(),
        "commit": commit(),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def commit() -> str | None:
    """Return this checkout's commit, or what ``KARANI_COMMIT`` says."""
    named = os.environ.get("KARANI_COMMIT")
    git = shutil.which("git")
    if named or git is None or not (_ROOT / ".git").exists():
        return named or None
    head = _git(git, "rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    # Pages that a command has just written figures into change nothing of what it measures.
    changed = _git(git, "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs")
    return head + ("+" if changed else "")


def _git(git: str, *arguments: str) -> str | None:
    command = [git, "-C", str(_ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else None


def _version() -> str:
    try:
        return metadata.version("karani")
    except metadata.PackageNotFoundError:
        return "unknown"
