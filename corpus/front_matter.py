"""The block of ``key: value`` lines that may open a Markdown file between two ``---`` lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

MAX_CHARS = 1 << 16
_BLOCK = re.compile(r"\A\ufeff?---[ \t]*\n(?P<yaml>(?:[^\n]*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KEY = re.compile(r"\s*(?:#[^\n]*\n\s*)*[^\s:#][^\n:]{0,63}:(?:\s|\Z)")


class FrontMatterError(ValueError):
    """The block is there but is not valid; the message says where."""


def split(text: str) -> tuple[dict[str, str], str]:
    """Part the metadata from the body; no metadata when the text does not open with a block.

    Values are kept as they are written (``2562`` stays ``"2562"``); a list becomes its
    items joined by ``, ``; a nested mapping is flattened to ``outer.inner``.
    """
    found = _BLOCK.match(text[:MAX_CHARS])
    if found is None or not (_KEY.match(found["yaml"]) or not found["yaml"].strip()):
        return {}, text
    try:
        # BaseLoader builds strings, lists and mappings only, whatever tags the file carries.
        values = yaml.load(found["yaml"], Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FrontMatterError(" ".join(str(error).split())) from error
    if values is None:
        return {}, text[found.end() :]
    if not isinstance(values, dict):
        raise FrontMatterError("not a list of `key: value` lines")
    return flat(values), text[found.end() :]


def flat(values: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Make strings of every scalar in nested metadata; empty values and anything deeper than 3 are left out."""
    kept: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}{clean(str(key))}"
        if isinstance(value, Mapping):
            if depth < 3:
                kept.update(flat(value, f"{name}.", depth + 1))
        elif isinstance(value, list | tuple):
            items = [clean(str(item)) for item in value if isinstance(item, str | int | float)]
            kept[name] = ", ".join(item for item in items if item)
        elif value is not None:
            kept[name] = clean(str(value))
    return {name: value for name, value in kept.items() if name and value}


def clean(value: str) -> str:
    """Make one line of it, without what cannot be stored or shown."""
    return " ".join(storable(value).replace("\x00", "").split())


def storable(value: str) -> str:
    """Replace lone surrogates, which no UTF-8 store takes, by U+FFFD."""
    return _SURROGATE.sub("\ufffd", value)
