"""Services with data directories of their own over one corpus in PostgreSQL, changed while they serve."""

from __future__ import annotations

import shutil
from pathlib import Path

from corpus.settings import DatabaseServer, Settings
from corpus.store import Store
from tests.service.changing.room import admin_key, eventually, opened


def test_what_one_service_takes_in_another_answers_from(
    tmp_path: Path, database: DatabaseServer, demo_settings: Settings
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for data in (one, two):  # with the demo made already
        shutil.copytree(demo_settings.data, data / "demo")
    where = {"database": database.url, "database_schema": database.schema}
    with opened(tmp_path, one, admin_key(one), **where) as room:
        job = room.ended(
            room.client.post("/v1/documents", json={"id": "lake", "text": "เรื่องห้องสมุดลอยน้ำกลางบึงใหญ่"})
        )
        assert job["state"] == "done"
        assert room.found("ห้องสมุดลอยน้ำ") == ["lake"]
        assert not (one / "corpus.sqlite").exists()
        with Store.of(Settings(server=database), create=False) as store:
            assert [info.document_id for info in store.documents()] == ["lake"]

        # The other machine gets the new index as docs/scaling.md says: the folder, then its name.
        shutil.copytree(one / "generations", two / "generations")
        shutil.copy(one / "CURRENT", two / "CURRENT")
        with opened(tmp_path, two, admin_key(two), **where) as other:
            assert other.found("ห้องสมุดลอยน้ำ") == ["lake"]
            room.ended(room.client.delete("/v1/documents/lake"))
            eventually(lambda: room.found("ห้องสมุดลอยน้ำ") == [])
            assert other.found("ห้องสมุดลอยน้ำ") == ["lake"], (
                "it answers from its own index until it gets the next"
            )
