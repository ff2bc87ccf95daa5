"""A damaged or foreign index under a running service: what serves, and who is told."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from corpus.settings import Settings
from index.engine import Opener
from index.publish import complete_generations
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.conftest import add, fetch, write_odd_corpus
from tests.service.process import ROOT, free_port
from tests.test_formats import old

__all__ = ["old"]
QUICK = ServiceSettings(reload_seconds=0.05)


def eventually(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.05)


@pytest.fixture
def two(tmp_path: Path) -> Settings:
    """A data directory with two generations."""
    settings = Settings(data=tmp_path / "data")
    write_odd_corpus(tmp_path / "files")
    add(settings, tmp_path / "files")
    (tmp_path / "files" / "new.txt").write_text("เทศบาลเปิดห้องสมุดลอยน้ำ", encoding="utf-8")
    add(settings, tmp_path / "files")
    return settings


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(bytes(data))


def test_at_start_the_older_index_serves_and_readyz_metrics_and_log_say_why(
    two: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    newest, older = complete_generations(two)
    flip(newest / "words.txt")
    with (
        caplog.at_level(logging.INFO, "karani.service"),
        TestClient(create_app(QUICK, open_engine=Opener(two))) as client,
    ):
        ready = client.get("/readyz").json()
        assert ready["generation"] == older.name
        assert newest.name in ready["fault"]
        assert "words.txt: checksum differs" in ready["fault"]
        assert "karani_generation_fallback 1.0" in client.get("/metrics").text
        assert client.get("/v1/search", params={"q": "ขยะอันตราย"}).json()["generation"] == older.name
    told = [record for record in caplog.records if "an older index serves" in record.getMessage()]
    assert [record.levelname for record in told] == ["ERROR"]
    assert "words.txt" in told[0].getMessage()


def test_a_damaged_new_index_is_not_taken_up_and_all_is_well_after_the_next(
    tmp_path: Path, two: Settings
) -> None:
    before = complete_generations(two)[0].name
    with TestClient(create_app(QUICK, open_engine=Opener(two))) as client:
        assert client.get("/readyz").json()["fault"] is None
        assert "karani_generation_fallback 0.0" in client.get("/metrics").text
        name = two.current.read_text()
        older = complete_generations(two)[1]
        flip(older / "manifest.json")
        two.current.with_name("CURRENT.new").write_text(older.name + "\n")
        two.current.with_name("CURRENT.new").replace(two.current)
        eventually(lambda: client.get("/readyz").json()["fault"] is not None)
        ready = client.get("/readyz").json()
        assert ready["generation"] == before
        assert "manifest.json" in ready["fault"]
        assert client.get("/v1/search", params={"q": "ขยะอันตราย"}).json()["generation"] == before
        two.current.write_text(name)
        (tmp_path / "files" / "third.txt").write_text("เรื่องที่สามของตำบล", encoding="utf-8")
        add(two, tmp_path / "files")
        eventually(lambda: client.get("/readyz").json()["generation"] != before)
        assert client.get("/readyz").json()["fault"] is None


@contextmanager
def serve(data: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """``karani serve``, whether it becomes ready or not."""
    port, log = free_port(), folder / "serve.log"
    command = [sys.executable, str(ROOT / "karani.py"), "serve", "--data", str(data), "--port", str(port)]
    with log.open("wb") as sink:
        running = subprocess.Popen(
            command, stderr=sink, stdout=sink, cwd=ROOT, env={**os.environ, "KARANI_RELOAD_SECONDS": "0.2"}
        )
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(address) or running.poll() is not None)
        yield address, log
    finally:
        running.terminate()
        running.wait(30)


def _answers(address: str) -> bool:
    try:
        return fetch(f"{address}/livez")[0] == 200
    except OSError:
        return False


def test_serving_an_index_of_another_encoder_says_what_to_do_and_goes_on_after_a_build(
    old: Settings, tmp_path: Path
) -> None:
    (old.generations / ".partial-dead").mkdir()
    with serve(old.data, tmp_path) as (address, log):
        eventually(lambda: "run karani build" in log.read_text(encoding="utf-8"))
        said = log.read_text(encoding="utf-8")
        assert "removed a leftover: .partial-dead" in said
        assert "Traceback" not in said
        status, body = fetch(f"{address}/readyz")
        assert status == 503
        assert "karani build" in json.loads(body)["detail"]
        assert str(old.data) not in body.decode()
        command = [sys.executable, str(ROOT / "karani.py"), "build", "--data", str(old.data)]
        assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
        eventually(lambda: fetch(f"{address}/readyz")[0] == 200)
        assert log.read_text(encoding="utf-8").count("waiting for an index that can be used") == 1


def test_serving_without_the_database_that_an_index_belongs_to_does_not_show_the_demo(
    two: Settings, tmp_path: Path
) -> None:
    two.database.unlink()
    with serve(two.data, tmp_path) as (address, log):
        assert not _answers(address)
        assert "karani restore" in log.read_text(encoding="utf-8")
        assert "Traceback" not in log.read_text(encoding="utf-8")
