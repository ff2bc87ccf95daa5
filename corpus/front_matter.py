"""The block of ``key: value`` lines that may open a Markdown file between two ``---`` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

MAX_CHARS = 1 << 16
MAX_VALUES = 1000
MAX_METADATA_CHARS = 1 << 20
_BLOCK = re.compile(r"\A\ufeff?---[ \t]*\n(?P<yaml>(?:[^\n]*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KEY = re.compile(r"\s*(?:#[^\n]*\n\s*)*[^\s:#][^\n:]{0,63}:(?:\s|\Z)")


class FrontMatterError(ValueError):
    """The metadata are there but are not valid; the message says where."""


class _Loader(yaml.BaseLoader):
    """Builds strings, lists and mappings only, whatever tags the file carries, and no value twice.

    An alias (``*name``) repeats a value for five characters, so that a page of them is more than any memory.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not taken")
        return super().compose_node(parent, index)


def split(text: str) -> tuple[dict[str, str], str]:
    """Part the metadata from the body; no metadata when the text does not open with a block.

    Values are kept as they are written (``2562`` stays ``"2562"``); a list becomes its
    items joined by ``, ``; a nested mapping is flattened to ``outer.inner``.
    """
    found = _BLOCK.match(text[:MAX_CHARS])
    if found is None or not (_KEY.match(found["yaml"]) or not found["yaml"].strip()):
        return {}, text
    try:
        values = yaml.load(found["yaml"], Loader=_Loader)  # noqa: S506 - no tag is obeyed
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FrontMatterError(" ".join(str(error).split())) from error
    if values is None:
        return {}, text[found.end() :]
    if not isinstance(values, dict):
        raise FrontMatterError("not a list of `key: value` lines")
    return flat(values), text[found.end() :]


def flat(values: Mapping[Any, Any]) -> dict[str, str]:
    """Make strings of every scalar in nested metadata; empty values and anything deeper than 3 are left out.

    Raises FrontMatterError when that would be more than a document may carry about itself.
    """
    kept: dict[str, str] = {}
    chars = 0
    for name, value in _scalars(values, "", 0):
        chars += len(name) + len(value)
        if chars > MAX_METADATA_CHARS or len(kept) > MAX_VALUES:
            raise FrontMatterError(
                f"metadata เกิน {MAX_VALUES} ค่าหรือ {MAX_METADATA_CHARS} ตัวอักษร "
                f"(over {MAX_VALUES} values or {MAX_METADATA_CHARS} characters of metadata)"
            )
        if name and value:
            kept[name] = value
    return kept


def _scalars(values: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{prefix}{clean(str(key))}"
        if isinstance(value, Mapping):
            yield name, ""  # its name is counted, too
            if depth < 3:
                yield from _scalars(value, f"{name}.", depth + 1)
        elif isinstance(value, list | tuple):
            items = [clean(str(item)) for item in value if isinstance(item, str | int | float)]
            yield name, ", ".join(item for item in items if item)
        else:
            yield name, "" if value is None else clean(str(value))


def clean(value: str) -> str:
    """Make one line of it, without what cannot be stored or shown."""
    return " ".join(storable(value).replace("\x00", "").split())


def storable(value: str) -> str:
    """Replace lone surrogates, which no UTF-8 store takes, by U+FFFD."""
    return _SURROGATE.sub("\ufffd", value)
