"""The Python client changes the corpus of a running service; the guide's calls are run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client.karani_client import Karani, KaraniError
from tests.service.changing.room import Room, admin_key, begun, opened
from tests.service.process import ROOT


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, first: Path) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("client")
    data = begun(folder, first)
    with opened(folder, data, admin_key(data)) as room:
        yield room


@pytest.fixture(scope="module")
def karani(room: Room) -> Karani:
    return Karani(room.served.address, key=room.client.headers["x-api-key"])


def test_documents_files_and_their_end(karani: Karani, tmp_path: Path) -> None:
    document = {"id": "client-1", "title": "ข่าว", "text": "ชุมชนเปิดร้านกาแฟในรถไฟเก่าข้างสถานี"}
    job = karani.wait_for_job(karani.add_documents([document]))
    assert (job.kind, job.state) == ("add", "done")
    assert job.result is not None
    assert job.result.documents == ("client-1",)
    hit = karani.search("ร้านกาแฟในรถไฟเก่า").hits[0]
    assert hit.citation.document_id == "client-1"
    assert karani.verify_citation(hit) == hit.text
    path = tmp_path / "ถังหมัก.md"
    path.write_text("# ถังหมัก\n\nทุกบ้านมีถังหมักเศษอาหารจากเทศบาล", encoding="utf-8")
    job = karani.wait_for_job(karani.add_files(path, replace=True).id)
    assert (job.kind, job.files) == ("replace", ("ถังหมัก.md",))
    karani.wait_for_job(karani.delete_document("ถังหมัก"))
    with pytest.raises(KaraniError) as caught:
        karani.document("ถังหมัก")
    assert caught.value.status == 404


def test_the_same_call_twice_is_one_job(karani: Karani) -> None:
    document = {"id": "client-2", "text": "เรื่องที่ส่งสองครั้งเพราะสายหลุด"}
    assert karani.add_documents([document], once="k").id == karani.add_documents([document], once="k").id
    assert karani.add_documents([document]).id != karani.add_documents([document]).id


def test_what_failed_is_raised(karani: Karani, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"no pdf")
    with pytest.raises(KaraniError) as caught:
        karani.wait_for_job(karani.add_files(tmp_path / "bad.pdf"))
    assert caught.value.type == "job-failed"
    assert "PDF" in caught.value.detail
    with pytest.raises(KaraniError) as caught:
        karani.wait_for_job(karani.add_documents([{"id": "slow", "text": "ช้า"}]), timeout=-1)
    assert caught.value.type == "job-unfinished"


def test_the_guides_calls_are_run_as_they_stand(room: Room, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the guide's calls want curl, which is not installed")
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    section = guide.partition("\n## Changing the corpus\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert blocks
    (tmp_path / "report.md").write_text("# รายงานประจำปี\n\nเทศบาลปลูกไม้ใหญ่ริมถนนพันต้น", encoding="utf-8")
    (tmp_path / "news.jsonl").write_text(
        '{"id": "n-1", "text": "ข่าวการซ้อมหนีไฟในตลาดเก่า"}\n', encoding="utf-8"
    )
    script = "set -euo pipefail\n" + "\n".join(blocks).replace("http://127.0.0.1:8000", room.served.address)
    environment = {"PATH": os.environ["PATH"], "KEY": room.client.headers["x-api-key"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for job in room.json("/v1/jobs")["jobs"]:
        room.job_ended(job["url"])
    assert room.client.get("/v1/documents/report").status_code == 200
    assert room.client.get("/v1/documents/n-1").status_code == 200
    assert room.client.get("/v1/documents/news-2569-01").status_code == 404
