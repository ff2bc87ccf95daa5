"""A backup of a running service: what it had accepted is done after the restore, too."""

from __future__ import annotations

from pathlib import Path

from corpus.locking import corpus_lock
from corpus.settings import Settings
from index.care.backup import backup
from index.care.restore import restore
from index.checking import check
from tests.service.changing.room import admin_key, begun, opened


def test_accepted_uploads_are_put_into_the_index_of_the_restored_service(tmp_path: Path) -> None:
    data = begun(tmp_path)
    key = admin_key(data)
    settings = Settings(data=data)
    with opened(tmp_path, data, key) as room:
        with corpus_lock(settings, "a long build"):
            upload = [("files", ("later.txt", "ห้องสมุดลอยน้ำของเด็กริมคลอง".encode()))]
            accepted = room.client.post("/v1/documents", files=upload)
            about = backup(settings, tmp_path / "b.tar.zst")
        assert room.ended(accepted)["state"] == "done"
    assert sum(name.startswith("spool/") for name in about.members) == 1
    target = Settings(data=tmp_path / "restored")
    assert restore(tmp_path / "b.tar.zst", target).index_fault == ""
    with opened(tmp_path, target.data, key) as room:
        assert room.job_ended(accepted.headers["location"])["state"] == "done"
        assert room.found("ห้องสมุดลอยน้ำ")[0] == "later"
    assert check(target) == []
