"""Settings come from the environment, and README's table lists every one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from corpus.settings import VARIABLES
from service import settings_table
from service.settings import DEMO_EXAMPLES, HEADINGS, ServiceSettings

ROOT = Path(__file__).parents[2]


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARANI_MAX_K", "7")
    monkeypatch.setenv("KARANI_EXAMPLES", '["ถามอะไรดี"]')
    monkeypatch.setenv("KARANI_DATA", "elsewhere")  # another layer's: passed over
    settings = ServiceSettings()
    assert settings.max_k == 7
    assert settings.shown_examples == ("ถามอะไรดี",)


def test_lists_are_written_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARANI_CORS_ORIGINS", "https://A.example/, https://*.b.example  null")
    monkeypatch.setenv("KARANI_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8,fd00::/8")
    settings = ServiceSettings()
    assert settings.cors_origins == ("https://a.example", "https://*.b.example", "null")
    assert settings.trusted_proxies == ("127.0.0.1", "10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("CORS_ORIGINS", "portal.example"),
        ("CORS_ORIGINS", "https://portal.example/page"),
        ("TRUSTED_PROXIES", "proxy"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("RATE_SEARCH", "often"),
        ("METRICS", "yes"),
        ("LOG_FORMAT", "xml"),
        ("TRACE_SAMPLE", "2"),
    ],
)
def test_a_wrong_value_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"KARANI_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        ServiceSettings()


def test_examples_belong_to_the_demo() -> None:
    assert ServiceSettings(demo=True).shown_examples == DEMO_EXAMPLES
    assert ServiceSettings(demo=False).shown_examples == ()


def test_readme_s_table_is_written_from_the_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert settings_table.written(text) == text, "run: python -m service.settings_table"


def test_the_table_has_every_variable_once() -> None:
    rows = re.findall(r"^\| `(KARANI_\w+)` \| (\S+) \| (.+) \|$", settings_table.table(), re.MULTILINE)
    names = [name for name, *_ in rows]
    assert len(set(names)) == len(names)
    assert set(names) == {name for name, *_ in VARIABLES} | {
        f"KARANI_{name.upper()}" for name in ServiceSettings.model_fields
    }
    assert set(HEADINGS) <= set(ServiceSettings.model_fields)


def test_every_variable_that_the_program_reads_is_in_the_table() -> None:
    read = set()
    for folder in ("corpus", "index", "eval", "service"):
        for path in (ROOT / folder).rglob("*.py"):
            read |= set(
                re.findall(r"""environ(?:\.get\(|\[)\s*["'](KARANI_\w+)""", path.read_text(encoding="utf-8"))
            )
    read |= set(
        re.findall(r"""environ(?:\.get\(|\[)\s*["'](KARANI_\w+)""", (ROOT / "karani.py").read_text("utf-8"))
    )
    assert read
    assert read <= {name for name, *_ in VARIABLES}


def test_documents_without_the_markers_are_refused() -> None:
    with pytest.raises(ValueError, match="settings"):
        settings_table.written("# no table here")
