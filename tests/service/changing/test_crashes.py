"""Accepted work survives whatever ends: the worker, the service, or both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from corpus.locking import corpus_lock
from corpus.settings import Settings
from corpus.store import Store
from index.publish import Manifest, current_name
from service.changing.jobs import Jobs
from service.database import Database
from tests.service.changing.room import Room, admin_key, begun, eventually, opened
from tests.service.process import ROOT

_MANY = 500


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return begun(tmp_path)


def many(mark: str = "") -> list[tuple[str, tuple[str, bytes]]]:
    """A file that takes the worker long enough to be met at work."""
    lines = (
        json.dumps(
            {"id": f"many-{n}", "text": f"ตำบลที่ {n} ปลูกป่าชายเลน{mark} " + "เนื้อความยาวเรื่องงานของตำบล " * 20}
        )
        for n in range(_MANY)
    )
    return [("files", ("many.jsonl", "\n".join(lines).encode()))]


def stage(room: Room, url: str) -> str | None:
    job = room.client.get(url).json()
    assert job["state"] in {"queued", "running"}, job
    return str(job["stage"]) if job["state"] == "running" else None


def documents(data: Path) -> int:
    settings = Settings(data=data)
    with Store.open(settings.database, create=False) as store:
        return store.count("documents")


def passages(data: Path) -> int:
    settings = Settings(data=data)
    name = current_name(settings)
    assert name is not None
    return Manifest.read(settings.generations / name).passages


def attempts(data: Path, url: str) -> int:
    database = Database(Settings(data=data).service_database)
    job = Jobs(database).get(url.rpartition("/")[2])
    database.close()
    assert job is not None
    return job.attempts


@pytest.mark.parametrize("at", ["reading", "building"])
def test_a_worker_that_is_killed_is_followed_by_another(tmp_path: Path, data: Path, at: str) -> None:
    with opened(tmp_path, data, admin_key(data)) as room:
        accepted = room.client.post("/v1/documents", files=many())
        url = accepted.headers["location"]
        eventually(lambda: stage(room, url) == at)
        worker = room.worker()
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        assert room.found("โรงเรียนผู้สูงอายุ")[0] == "first"
        job = room.job_ended(url, 120)
        assert (job["state"], job["result"]["failures"]) == ("done", [])
        assert room.worker() != worker
        assert room.found("ปลูกป่าชายเลนตำบลที่ 77")
    assert documents(data) == _MANY + 1
    assert passages(data) == _MANY + 1


def test_a_job_that_kills_every_worker_is_given_up(tmp_path: Path, data: Path) -> None:
    with opened(tmp_path, data, admin_key(data), reload_seconds="0.2") as room:
        url = room.client.post("/v1/documents", files=many()).headers["location"]
        for deaths in range(1, 4):
            eventually(lambda deaths=deaths: attempts(data, url) == deaths)  # type: ignore[misc]
            worker = room.worker()
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
        job = room.job_ended(url)
        assert job["state"] == "failed"
        assert "3" in job["result"]["failures"][0]["message"]
        small = room.client.post("/v1/documents", json={"id": "after", "text": "เรื่องหลังจากนั้นยังทำงานได้"})
        assert room.ended(small)["state"] == "done"


def test_a_service_that_is_killed_has_promised_nothing_in_vain(tmp_path: Path, data: Path) -> None:
    key = admin_key(data)
    with opened(tmp_path, data, key) as room:
        url = room.client.post("/v1/documents", files=many()).headers["location"]
        second = room.client.post("/v1/documents", json={"id": "second", "text": "เรื่องรถไฟจิ๋วในสวนสาธารณะ"})
        eventually(lambda: stage(room, url) is not None)
        room.served.process.kill()
        room.served.process.wait(20)
        eventually(lambda: room.worker() is None)
    (data / "spool" / ".partial-0123456789abcdef").mkdir()
    (data / "spool" / "0123456789abcdef").mkdir()
    with opened(tmp_path, data, key) as room:
        for one in (url, second.headers["location"]):
            job = room.job_ended(one, 120)
            assert (job["state"], job["result"]["failures"]) == ("done", [])
        assert room.found("รถไฟจิ๋วในสวนสาธารณะ")[0] == "second"
        eventually(lambda: [path.name for path in (data / "spool").iterdir()] == ["worker.lock"])
    assert documents(data) == _MANY + 2


def test_jobs_wait_for_another_process_and_for_the_next_start(tmp_path: Path, data: Path) -> None:
    key = admin_key(data)
    with corpus_lock(Settings(data=data), "karani ingest"), opened(tmp_path, data, key) as room:
        url = room.client.post("/v1/documents", json={"id": "patient", "text": "เรื่องคอยคิวอย่างใจเย็น"}).headers[
            "location"
        ]
        eventually(lambda: room.worker() is not None)
        time.sleep(1)
        job = room.client.get(url).json()
        assert (job["state"], job["stage"]) == ("queued", "waiting")
        room.served.stop()
        assert room.worker() is None
    with opened(tmp_path, data, key) as room:
        assert room.job_ended(url)["state"] == "done"
        assert room.found("คอยคิวอย่างใจเย็น")[0] == "patient"


def test_the_command_builds_beside_the_service(tmp_path: Path, data: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "command.txt").write_text("เรื่องที่คำสั่งนำเข้าเองข้างบริการ", encoding="utf-8")
    with opened(tmp_path, data, admin_key(data)) as room:
        accepted = room.client.post("/v1/documents", files=many())
        for command in (["ingest", str(tmp_path / "more")], ["build"]):
            subprocess.run(
                [sys.executable, str(ROOT / "karani.py"), command[0], "--data", str(data), *command[1:]],
                check=True,
                capture_output=True,
                timeout=120,
            )
        assert room.ended(accepted, 120)["state"] == "done"
        eventually(lambda: room.found("คำสั่งนำเข้าเองข้างบริการ")[:1] == ["command"])
        assert room.found("ปลูกป่าชายเลนตำบลที่ 77")


def test_two_services_share_a_data_directory_and_one_worker(tmp_path: Path, data: Path) -> None:
    key = admin_key(data)
    with opened(tmp_path, data, key) as one, opened(tmp_path, data, key) as two:
        urls = [
            room.client.post(
                "/v1/documents", json={"id": name, "text": f"เรื่องของบริการ {name} ที่ใช้คลังร่วมกัน"}
            ).headers["location"]
            for name, room in (("one", one), ("two", two), ("three", two))
        ]
        assert [two.job_ended(url)["state"] for url in urls] == ["done"] * 3
        assert two.client.get("/v1/documents/one").status_code == 200
        assert [one.job_ended(url)["state"] for url in urls] == ["done"] * 3
        assert one.client.get("/v1/documents/three").status_code == 200


def test_the_demo_gives_way_to_the_first_own_document(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with opened(tmp_path, data, admin_key(data)) as room:
        banner = room.client.get("/", params={"lang": "en"}).text
        assert room.found("ใครใช้ MOU กับโรงพยาบาล")[0] == "banbueng"
        assert room.client.delete("/v1/documents/banbueng").status_code == 404
        job = room.ended(
            room.client.post("/v1/documents", json={"id": "mine", "text": "เรื่องของเราเองเกี่ยวกับท่าเรือ"})
        )
        assert job["state"] == "done"
        assert [one["document_id"] for one in room.json("/v1/documents")["documents"]] == ["mine"]
        after = room.client.get("/", params={"lang": "en"}).text
        assert "ใครใช้ MOU กับโรงพยาบาล" in banner
        assert "ใครใช้ MOU กับโรงพยาบาล" not in after
        room.ended(room.client.delete("/v1/documents/mine"))
        assert room.json("/v1/documents")["total"] == 0
        assert room.json("/v1/search", q="ท่าเรือ")["hits"] == []
    assert documents(data / "demo") > 0


def test_an_idle_worker_goes_and_comes_back(tmp_path: Path, data: Path) -> None:
    with opened(tmp_path, data, admin_key(data), worker_idle_seconds="0.3") as room:
        assert room.worker() is None
        for name in ("a", "b"):
            accepted: httpx.Response = room.client.post(
                "/v1/documents", json={"id": name, "text": f"เรื่องที่ {name} มาใหม่"}
            )
            assert room.ended(accepted)["state"] == "done"
            eventually(lambda: room.worker() is None)
