"""Fills the parts of a page that a command writes: between ``<!-- NAME: … -->`` and ``<!-- end of NAME -->``."""

from __future__ import annotations

import re
from pathlib import Path

from eval.files import written


class MarkerError(ValueError):
    """The page has no such part."""


def fill(page: str, name: str, content: str) -> str:
    """The page with one part replaced.

    Raises:
        MarkerError: the markers are missing.

    """
    pattern = re.compile(
        rf"(<!-- {re.escape(name)}:[^\n]*-->\n).*?(<!-- end of {re.escape(name)} -->)", re.DOTALL
    )
    filled, count = pattern.subn(lambda found: f"{found[1]}{content.strip()}\n{found[2]}", page)
    if count != 1:
        raise MarkerError(f"expected one <!-- {name}: … --> with its <!-- end of {name} -->, found {count}")
    return filled


def fill_file(path: Path, parts: dict[str, str]) -> None:
    """Replace parts of a file, whole or not at all."""
    page = path.read_text(encoding="utf-8")
    for name, content in parts.items():
        page = fill(page, name, content)
    with written(path) as stream:
        stream.write(page)
