"""README's table of settings, written from the code: ``python -m service.settings_table [README.md]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from corpus.settings import VARIABLES
from service.settings import HEADINGS, ServiceSettings

BEGIN, END = "<!-- settings: python -m service.settings_table -->", "<!-- /settings -->"


def table() -> str:
    """The table in Markdown: one row a variable, a bold row for each heading."""
    return "\n".join(["| variable | default | what |", "|---|---|---|", *_rows()])


def _rows() -> Iterator[str]:
    yield _heading("Data and encoder")
    for name, default, what in VARIABLES:
        yield _row(name, default, what)
    for field_name, field in ServiceSettings.model_fields.items():
        if field_name in HEADINGS:
            yield _heading(HEADINGS[field_name])
        yield _row(f"KARANI_{field_name.upper()}", _default(field), field.description or "")


def _heading(text: str) -> str:
    return f"| **{text}** | | |"


def _row(name: str, default: str | None, what: str) -> str:
    return f"| `{name}` | {f'`{default}`' if default else '–'} | {what.replace('|', chr(92) + '|')} |"


def _default(field: FieldInfo) -> str | None:
    """As one would write it in the environment."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ("", ()):
        return None
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def written(text: str) -> str:
    """A document with the table between its two markers put right.

    Raises:
        ValueError: a marker is missing.
    """
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"write the lines {BEGIN} and {END} where the table is to stand")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Rewrite the document named on the command line, else README.md here."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "README.md")
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
