"""From files to answers with the corpus in PostgreSQL, as the command and the service do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from corpus.demo import CASES
from corpus.settings import DatabaseServer, Settings
from corpus.store import Store
from index.engine import Engine
from karani import main
from service.app import create_app
from service.settings import ServiceSettings
from tests.postgres import Server, running

QUESTION = "ใครใช้ MOU กับโรงพยาบาล"


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server to stop."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def built(own_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo cases, ingested and built by the command."""
    data = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KARANI_DATABASE", own_server.url())
        patch.setenv("KARANI_DATABASE_SCHEMA", "cases")
        assert main(["ingest", str(CASES), "--data", str(data)]) == 0
        assert main(["build", "--data", str(data)]) == 0
    assert not (data / "corpus.sqlite").exists()
    return Settings(data=data, server=DatabaseServer(own_server.url(), "cases"))


@pytest.fixture
def configured(built: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The environment that names it."""
    assert built.server is not None
    for name, value in built.server.variables.items():
        monkeypatch.setenv(name, value)
    return built


def asked(data: Path, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int, float]]:
    capsys.readouterr()
    assert main(["ask", QUESTION, "--json", "--data", str(data)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["answer"] is not None
    return [(hit["citation"]["document_id"], hit["citation"]["page"], hit["score"]) for hit in found["hits"]]


def test_answers_are_those_of_sqlite_and_survive_a_backup(
    configured: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asked(configured.data, capsys)
    assert main(["check", "--data", str(configured.data)]) == 0
    assert main(["info", "--data", str(configured.data)]) == 0
    assert "passages" in capsys.readouterr().out
    backup, out = tmp_path / "all.tar.zst", tmp_path / "all.jsonl"
    assert main(["backup", str(backup), "--data", str(configured.data)]) == 0
    assert main(["export", str(out), "--data", str(configured.data)]) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == len(list(CASES.glob("*.md")))

    assert main(["restore", str(backup), "--data", str(tmp_path / "never")]) == 1
    assert "KARANI_DATABASE_SCHEMA" in capsys.readouterr().err
    assert not (tmp_path / "never").exists()
    monkeypatch.setenv("KARANI_DATABASE_SCHEMA", "returned")
    assert main(["restore", str(backup), "--data", str(tmp_path / "server")]) == 0
    assert not list((tmp_path / "server").glob("corpus.sqlite*"))
    assert asked(tmp_path / "server", capsys) == answers
    monkeypatch.delenv("KARANI_DATABASE")
    assert main(["restore", str(backup), "--data", str(tmp_path / "file")]) == 0
    assert asked(tmp_path / "file", capsys) == answers


def test_damage_in_the_database_is_found_and_mended(
    configured: Settings, own_server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    own_server.sql("UPDATE cases.passages SET text = text || 'x' WHERE row = 1")
    assert main(["check", "--data", str(configured.data)]) == 1
    assert main(["check", "--repair", "--data", str(configured.data)]) == 0
    assert main(["check", "--data", str(configured.data)]) == 0
    capsys.readouterr()


def test_without_documents_the_demo_answers_from_this_machine(
    configured: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert configured.server is not None
    monkeypatch.setenv("KARANI_DATABASE_SCHEMA", "nothing")
    assert main(["info", "--data", str(tmp_path)]) == 0
    assert "nothing ingested" in capsys.readouterr().out
    assert asked(tmp_path, capsys)
    assert (tmp_path / "demo" / "corpus.sqlite").exists()


def test_a_service_waits_for_its_database(
    built: Settings, own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine.open(built)
    with TestClient(create_app(ServiceSettings(reload_seconds=60), engine)) as client:
        assert client.get("/readyz").status_code == 200
        document = next(iter(engine.store.documents())).document_id
        own_server.stop()
        try:
            for path in ("/readyz", f"/v1/search?q={QUESTION}", f"/v1/documents/{document}"):
                away = client.get(path)
                assert (away.status_code, away.json()["type"]) == (503, "urn:karani:problem:no-database")
                assert away.headers["Retry-After"]
                assert str(own_server.folder) not in away.text, "a stranger does not learn where it is"
            assert client.get("/livez").status_code == 200
        finally:
            own_server.start()
        for path in ("/readyz", f"/v1/search?q={QUESTION}", f"/v1/documents/{document}"):
            assert client.get(path).status_code == 200
    engine.close()
    assert "cannot be reached" in caplog.text


def test_the_command_says_what_to_do_when_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("KARANI_DATABASE", "postgresql://karani:hush@127.0.0.1:1/karani")
    for command in (
        ["info"],
        ["ask", QUESTION],
        ["ingest", str(CASES)],
        ["check"],
        ["backup", str(tmp_path / "b")],
    ):
        assert main([*command, "--data", str(tmp_path)]) == 1
        said = "".join(capsys.readouterr())
        assert "cannot be reached" in said
        assert "hush" not in said
    monkeypatch.setenv("KARANI_DATABASE", "mysql://karani:hush@127.0.0.1/karani")
    assert main(["info", "--data", str(tmp_path)]) == 1
    assert "hush" not in "".join(capsys.readouterr())


def test_both_kinds_of_store_count_alike(built: Settings, tmp_path: Path) -> None:
    from corpus.ingest import ingest

    with Store.of(Settings(data=tmp_path)) as here, Store.of(built, create=False) as there:
        ingest(here, [CASES])
        for table in ("documents", "pages", "cases", "passages"):
            assert here.count(table) == there.count(table)
        assert [one.case for one in here.cases()] == [one.case for one in there.cases()]
