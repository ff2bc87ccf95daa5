# ruff: noqa: ARG001
"""Readers that misbehave as hostile files make parsers misbehave, for the reading process to run."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from corpus.limits import Limits
from corpus.records import SourceDocument, SourcePage


def plain(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """Well behaved: the text is the number of this process."""
    yield SourceDocument(None, None, source, "0" * 64, "strange", (SourcePage(1, str(os.getpid())),))


def crash(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    ctypes.string_at(0)
    yield from ()


def leave(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    os._exit(3)
    yield from ()


def sleep(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    time.sleep(600)
    yield from ()


def spin(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """Leave a sleeping program behind, and never come back."""
    subprocess.Popen([sys.executable, "-S", "-c", f"import time; time.sleep(600)  # {path.stem}"])
    while True:
        pass
    yield from ()


def eat(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    held = []
    while True:
        held.append(bytearray(1 << 24))
    yield from ()


def write(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    path.with_name("written").write_text("x")
    yield from plain(path, source, limits)


def chatter(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    while True:
        sys.stdout.write("x" * 100_000)
    yield from ()


def gibberish(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    sys.stdout.write("no JSON at all\n")
    sys.stdout.flush()
    yield from ()


def forge(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    pages = (SourcePage("one", 7),)  # type: ignore[arg-type]
    yield SourceDocument(None, None, "../../etc/passwd", "../secret", "strange", pages)


def stumble(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    raise LookupError("a parser's own mistake")
    yield from ()
