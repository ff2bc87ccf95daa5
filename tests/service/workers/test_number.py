"""How many workers there are where nobody says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import karani
from corpus.cores import cores
from corpus.settings import Settings
from service.settings import ServiceSettings
from service.workers import number
from service.workers.number import free_bytes, how_many


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(number, "_passages", lambda _: 500_000)
    monkeypatch.setattr(number, "cores", lambda: 6)
    monkeypatch.setattr(number, "free_bytes", lambda: 64 << 30)
    return Settings()


def test_what_was_said_holds(large: Settings) -> None:
    assert how_many(3, large, None) == 3
    assert how_many(2, large, Settings(data=Path("demo"))) == 2


def test_a_large_corpus_gets_a_worker_a_core_as_far_as_memory_goes(
    large: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert how_many("auto", large, None) == 6
    monkeypatch.setattr(number, "free_bytes", lambda: 3 << 30)
    assert 1 <= how_many("auto", large, None) < 6
    monkeypatch.setattr(number, "free_bytes", lambda: 1 << 20)
    assert how_many("auto", large, None) == 1


def test_a_language_model_as_encoder_gets_one(large: Settings) -> None:
    assert how_many("auto", replace(large, encoder="intfloat/multilingual-e5-small"), None) == 1


def test_the_demo_and_a_small_corpus_get_one(large: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert how_many("auto", large, Settings(data=Path("demo"))) == 1
    monkeypatch.setattr(number, "_passages", lambda _: 100)
    assert how_many("auto", large, None) == 1


def test_without_an_index_there_is_one(tmp_path: Path) -> None:
    assert how_many("auto", Settings(data=tmp_path), None) == 1


def test_a_container_s_quota_and_limit_count(tmp_path: Path) -> None:
    everything = cores(tmp_path)
    assert everything >= 1
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores(tmp_path) == everything
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n")
    assert free_bytes(meminfo, tmp_path) == 4_000_000 << 10
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("400000000\n")
    assert free_bytes(meminfo, tmp_path) == 600_000_000
    assert free_bytes(tmp_path / "none", tmp_path / "none") == float("inf")


def test_settings_go_from_one_process_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ServiceSettings(
        host="::",
        serve_workers=4,
        hosts="cases.example.go.th *.city.go.th",
        examples=("ถามอะไรดี, หรือไม่", "b"),
        require_key=True,
        rate_search="20/second;300/minute",
        answer_key="secret",
        drain_seconds=0.5,
        past_questions=False,
    )
    before = {"KARANI_PORT": "9000", "karani_max_k": "7", "KARANI_DATA": "kept"}
    environment = made.as_environment(before)
    assert "KARANI_PORT" not in environment, "given on the command line, the default stands again"
    assert environment["KARANI_DATA"] == "kept"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ServiceSettings() == made


@pytest.mark.parametrize("workers", ["0", "65", "many", "1.5"])
def test_a_number_of_workers_that_cannot_be_is_refused(workers: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        karani.main(["serve", "--workers", workers])
    assert stopped.value.code == karani.USAGE


def test_a_worker_gets_its_share_of_the_whole_service_s_bounds() -> None:
    share = ServiceSettings(connections=10, queue=3).shared_by(2)
    assert (share.connections, share.queue) == (5, 2)
