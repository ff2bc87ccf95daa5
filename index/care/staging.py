"""Folders that hold something in the making, and whether the one who makes it still lives.

Such a folder is locked by its maker with ``flock``: the kernel lets go of it however the maker ended, so that whoever
comes later can tell what is a leftover.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.publish import discard


@contextmanager
def staging(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder that is deleted at the end, with all that is still in it."""
    folder = parent / f"{prefix}{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        discard(folder)
        os.close(descriptor)


def abandoned(parent: Path, prefix: str) -> list[Path]:
    """Such folders whose makers are gone."""
    return [folder for folder in sorted(parent.glob(f"{prefix}*")) if not _is_held(folder)]


def _is_held(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
