"""Two workers over a data directory that changes: any of them takes a job, and a job is done once all serve it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import httpx

from tests.service.changing.conftest import first
from tests.service.changing.room import admin_key, begun, opened
from tests.service.conftest import fetch
from tests.service.workers.serving import metric, under_load, until, workers

__all__ = ["first"]


def test_jobs_through_either_worker_and_a_swap_under_load(tmp_path: Path, first: Path) -> None:
    data = begun(tmp_path, first)
    with opened(tmp_path, data, admin_key(data), serve_workers="2") as room:
        served = room.served
        until(lambda: len(workers(served)) == 2)
        with under_load(served, f"/v1/search?q={quote('โรงเรียนผู้สูงอายุ')}") as load:
            for number in range(3):
                document = {
                    "id": f"new-{number}",
                    "title": f"เรื่องที่ {number}",
                    "text": f"ตลาดน้ำแห่งที่ {number} เปิดทุกวันเสาร์",
                }
                with httpx.Client(base_url=served.address, headers=room.client.headers, timeout=60) as client:
                    room.ended(client.post("/v1/documents", json=document))
                for _ in range(8):  # a connection each: to whichever worker
                    status, body = fetch(f"{served.address}/v1/documents/new-{number}")
                    assert status == 200, "done means that every worker serves it"
                    assert json.loads(body)["document_id"] == f"new-{number}"
        assert set(load.statuses) == {200}
        answered = Counter(line["pid"] for line in served.lines() if line.get("route") == "/v1/search")
        assert set(answered) == set(workers(served).values())
        assert metric(served, "karani_jobs_total") == 3
        assert {fetch(f"{served.address}/readyz")[1] for _ in range(8)} == {
            fetch(f"{served.address}/readyz")[1]
        }
        assert served.stop() < 0
