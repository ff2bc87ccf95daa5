"""A service of its own process over a data directory that may be changed, and an admin's way to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from corpus.settings import Settings
from service.database import Database
from service.edge.keys import Keys
from tests.service.conftest import add
from tests.service.process import Served, process

FIRST = "เทศบาลตำบลทดสอบเปิดโรงเรียนผู้สูงอายุทุกวันพุธ และมีรถรับส่งถึงบ้าน"


@dataclass(frozen=True)
class Room:
    """A running service, its data directory, and a client with an admin's key."""

    served: Served
    data: Path
    client: httpx.Client

    def ended(self, accepted: httpx.Response, seconds: float = 60) -> dict[str, Any]:
        """The job of an accepted call, once it has ended."""
        assert accepted.status_code == 202, accepted.text
        return self.job_ended(accepted.headers["location"], seconds)

    def job_ended(self, url: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            job: dict[str, Any] = self.client.get(url).json()
            if job["state"] in {"done", "failed"}:
                return job
            assert time.monotonic() < deadline, (job, self.served.log.read_text(encoding="utf-8")[-3000:])
            time.sleep(0.03)

    def json(self, path: str, **parameters: Any) -> Any:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def found(self, question: str) -> list[str]:
        """Ids of the documents that a question finds; every citation is cut out of its page."""
        result = self.json("/v1/search", q=question)
        for hit in result["hits"]:
            place = hit["citation"]
            page = self.json(f"/v1/documents/{place['document_id']}/pages/{place['page']}")
            assert page["text"][place["start"] : place["end"]] == hit["text"]
        return [hit["citation"]["document_id"] for hit in result["hits"]]

    def worker(self) -> int | None:
        """The process id of the worker of this data directory."""
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"service.changing.worker" in words and str(self.data).encode() in words:
                return int(folder.name)
        return None


def admin_key(data: Path, name: str = "admin", scope: Any = "admin") -> str:
    """A key of the service that serves this data directory."""
    database = Database(Settings(data=data).service_database)
    try:
        return Keys(database).create(name, scope)[1]
    finally:
        database.close()


def begun(folder: Path) -> Path:
    """A data directory with one small document of its own, so that no demo has to be made."""
    files = folder / "files"
    files.mkdir(parents=True)
    (files / "first.txt").write_text(FIRST, encoding="utf-8")
    settings = Settings(data=folder / "data")
    add(settings, files)
    return settings.data


def eventually(true: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for what follows on its own."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@contextmanager
def opened(folder: Path, data: Path, key: str, **settings: str) -> Iterator[Room]:
    """Serve ``data`` in a process of its own."""
    with (
        process(
            folder, data, **{"rate_write": "off", "rate_read": "off", "rate_search": "off", **settings}
        ) as served,
        httpx.Client(base_url=served.address, headers={"X-API-Key": key}, timeout=60) as client,
    ):
        yield Room(served, data, client)
