"""Settings come from the environment, and docs/api.md lists every one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import DEMO_EXAMPLES, ServiceSettings

DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARANI_MAX_K", "7")
    monkeypatch.setenv("KARANI_EXAMPLES", '["ถามอะไรดี"]')
    monkeypatch.setenv("KARANI_DATA", "elsewhere")  # another layer's: passed over
    settings = ServiceSettings()
    assert settings.max_k == 7
    assert settings.shown_examples == ("ถามอะไรดี",)


def test_a_wrong_value_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARANI_PORT", "http")
    with pytest.raises(ValidationError, match="port"):
        ServiceSettings()


def test_examples_belong_to_the_demo() -> None:
    assert ServiceSettings(demo=True).shown_examples == DEMO_EXAMPLES
    assert ServiceSettings(demo=False).shown_examples == ()


def test_the_documented_table_is_the_truth() -> None:
    rows = re.findall(
        r"^\| `(KARANI_\w+)` \| (\S+) \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )
    expected = [
        (f"KARANI_{name.upper()}", "–" if field.default is None else f"`{field.default}`", field.description)
        for name, field in ServiceSettings.model_fields.items()
    ]
    assert rows == expected
