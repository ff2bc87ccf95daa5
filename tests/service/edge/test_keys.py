"""API keys: made by command, stored hashed, checked in memory, withdrawn while a service runs."""

from __future__ import annotations

import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from karani import main
from service.database import Database
from service.edge.keys import Key, KeyRequestError, Keys, expiry
from service.edge.origins import OriginError, Origins, parse


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "service.sqlite")


def test_a_key_is_shown_once_and_stored_as_a_digest(database: Database) -> None:
    key, text = Keys(database).create("portal")
    assert re.fullmatch(rf"krn_{key.key_id}_[A-Za-z0-9_-]{{32}}", text)
    database.close()
    stored = b"".join(path.read_bytes() for path in database.path.parent.iterdir())
    assert key.key_id.encode() in stored
    assert text.split("_", 2)[2].encode() not in stored


def test_two_keys_have_nothing_in_common(database: Database) -> None:
    keys = Keys(database)
    texts = {keys.create("a")[1] for _ in range(20)}
    assert len(texts) == 20
    assert all(isinstance(keys.verify(text), Key) for text in texts)


@pytest.mark.parametrize("text", ["", "krn_", "krn_00000000_x", "ก" * 50, "\ud800", "a" * 10_000])
def test_what_is_no_key_opens_nothing(database: Database, text: str) -> None:
    keys = Keys(database)
    keys.create("portal")
    assert keys.verify(text) == "unknown"


def test_a_part_or_another_case_of_a_key_opens_nothing(database: Database) -> None:
    keys = Keys(database)
    _, text = keys.create("portal")
    for wrong in (text[:-1], text + "x", text.swapcase(), text.replace("krn_", "krn-")):
        assert keys.verify(wrong) == "unknown"


def test_expired_and_revoked(database: Database) -> None:
    keys = Keys(database)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    _, short = keys.create("short", expires=soon)
    key, text = keys.create("long")
    keys.revoke(key.key_id)
    assert keys.verify(text) == "revoked"
    _until(lambda: keys.verify(short) == "expired")


def test_another_process_s_changes_are_seen_within_a_second(tmp_path: Path) -> None:
    serving, command = Database(tmp_path / "s.sqlite"), Database(tmp_path / "s.sqlite")
    keys = Keys(serving)
    assert keys.verify("krn_none") == "unknown"
    key, text = Keys(command).create("portal", origins=["https://a.example"])
    started = time.monotonic()
    _until(lambda: isinstance(keys.verify(text), Key))
    assert keys.bound("https://a.example")
    Keys(command).revoke(key.key_id)
    _until(lambda: keys.verify(text) == "revoked")
    assert not keys.bound("https://a.example")
    assert time.monotonic() - started < 10
    serving.close()
    command.close()


def test_use_is_noted_to_the_hour_and_only_when_flushed(database: Database) -> None:
    keys = Keys(database)
    key, _ = keys.create("portal")
    keys.used(key)
    assert keys.all()[0].last_used is None
    keys.flush()
    used = keys.all()[0].last_used
    assert used is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", used)
    keys.flush()
    assert keys.all()[0].last_used == used


def test_keys_known_stay_in_force_when_the_file_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(tmp_path / "s.sqlite")
    keys = Keys(database)
    _, text = keys.create("portal")
    assert isinstance(keys.verify(text), Key)
    with database.writing() as connection:
        connection.execute("ALTER TABLE keys RENAME TO elsewhere")
    keys._version = -1
    keys._look_at = 0.0
    assert isinstance(keys.verify(text), Key)
    assert "stay in force" in caplog.text
    database.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": " "}, "1 to 200"),
        ({"name": "a\nb"}, "printable"),
        ({"name": "a", "origins": ["portal"]}, "no origin"),
        ({"name": "a", "origins": ["*"]}, "without origins"),
        ({"name": "a", "origins": ["https://a.example"], "scope": "write"}, "scope is search"),
    ],
)
def test_a_key_that_cannot_be_made_says_why(
    database: Database, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(KeyRequestError, match=said):
        Keys(database).create(**arguments)  # type: ignore[arg-type]
    assert Keys(database).all() == []


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Portal.Example.go.th/", "https://portal.example.go.th"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:8080", "http://a.example:8080"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://*.example.go.th", "https://*.example.go.th"),
        ("https://ไทย.example", "https://xn--o3cw4h.example"),
        ("null", "null"),
    ],
)
def test_origins_are_written_as_browsers_send_them(text: str, origin: str) -> None:
    assert parse(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "portal.example", "ftp://a.example", "https://", "https://a.example/page", "https://a.example?x",
        "https://*", "https://*.th", "https://a.*.example", "https://user@a.example", "https://a.example:99999",
        "https://a b.example", "javascript://a", "https://a.example\nhttps://b.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(OriginError):
        parse(text)


def test_a_wildcard_is_for_subdomains_only() -> None:
    origins = Origins(["https://*.example.go.th", "http://localhost:3000"])
    assert "https://a.example.go.th" in origins
    assert "https://a.b.example.go.th" in origins
    for other in (
        "https://example.go.th",
        "http://a.example.go.th",
        "https://aexample.go.th",
        "https://evil.example/.example.go.th",
        "https://a.example.go.th:8443",
        "null",
    ):
        assert other not in origins


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("90d", "2026-04-01T00:00:00Z"),
        ("12h", "2026-01-01T12:00:00Z"),
        ("1y", "2027-01-01T00:00:00Z"),
        ("2026-06-30", "2026-06-30T00:00:00Z"),
        ("2026-06-30T12:00:00+07:00", "2026-06-30T05:00:00Z"),
    ],
)
def test_when_a_key_ends(text: str, stamp: str) -> None:
    assert expiry(text, lambda: datetime(2026, 1, 1, tzinfo=UTC)) == stamp


@pytest.mark.parametrize("text", ["", "soon", "0d", "-1d", "90", "2025-01-01", "2026-13-01", "99999999d"])
def test_an_end_that_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(KeyRequestError):
        expiry(text, lambda: datetime(2026, 1, 1, tzinfo=UTC))


# -- the command -------------------------------------------------------------------


def test_the_command_s_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--data", str(tmp_path)]
    assert main(["keys", "create", *here, "--name", "พอร์ทัล", "--origin", "null", "--expires", "1y"]) == 0
    shown, said = capsys.readouterr()
    text = shown.strip()
    assert text.startswith("krn_")
    assert "sandboxed" in said
    assert "not shown again" in said
    assert main(["keys", "create", *here, "--name", "server", "--scope", "write", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["scope"] == "write"
    assert made["key"].startswith(f"krn_{made['key_id']}_")
    assert main(["keys", "list", *here, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["origins"], one["state"]) for one in listed] == [
        ("พอร์ทัล", ["null"], "living"),
        ("server", [], "living"),
    ]
    assert "sha256" not in listed[0]
    assert main(["keys", "revoke", *here, made["key_id"]]) == 0
    assert main(["keys", "list", *here]) == 0
    shown = capsys.readouterr().out
    assert "server  (any caller" in shown.splitlines()[0]  # what revoke printed
    assert "server" not in "".join(shown.splitlines()[1:])
    assert main(["keys", "list", *here, "--all"]) == 0
    assert "revoked" in capsys.readouterr().out


def test_the_command_s_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--data", str(tmp_path)]
    assert main(["keys", "create", *here, "--name", "a", "--expires", "yesterday"]) == 2
    assert main(["keys", "create", *here, "--name", "a", "--origin", "portal"]) == 2
    assert main(["keys", "revoke", *here, "00000000"]) == 1
    assert "no such key" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["keys", "create", *here, "--name", "a", "--scope", "root"])
    assert left.value.code == 2


@pytest.mark.parametrize("command", [[], ["create"], ["list"], ["revoke"]])
def test_help_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["keys", *command, "--help"])
    assert "example: karani keys" in capsys.readouterr().out


def _until(true: object) -> None:
    for _ in range(200):
        if true():  # type: ignore[operator]
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came true")
