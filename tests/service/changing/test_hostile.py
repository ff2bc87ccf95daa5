"""What is refused before it becomes a job, and that nothing of it is left behind."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from corpus.settings import Settings
from index.engine import Engine
from service.app import create_app
from service.changing.names import clean_name
from service.corpora import Corpora
from service.settings import ServiceSettings
from tests.service.changing.room import admin_key
from tests.service.edge.keyed import keyed, kind

GOOD = ("files", ("a.txt", b"text"))
BOUNDARY = "----x"


@dataclass(frozen=True)
class Place:
    client: TestClient
    data: Path

    def post(self, **given: Any) -> Any:
        return self.client.post("/v1/documents", **given)

    def left(self) -> list[str]:
        """What lies in the spool, but the worker's lock."""
        spool = self.data / "spool"
        return (
            sorted(path.name for path in spool.iterdir() if path.name != "worker.lock")
            if spool.is_dir()
            else []
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, demo_settings: Settings) -> Iterator[Place]:
    """Over an empty data directory of one's own, the demo standing in; small bounds, and no job is ever stored."""
    data = tmp_path_factory.mktemp("hostile") / "data"
    key = admin_key(data)
    settings = ServiceSettings(
        max_upload_bytes=200_000, max_upload_files=5, reload_seconds=60, rate_write="off"
    )
    app = create_app(settings, corpora=Corpora(Settings(data=data), demo_settings))
    with TestClient(app, headers={"X-API-Key": key}) as client:
        yield Place(client, data)


@pytest.fixture(autouse=True)
def nothing_is_left(place: Place) -> Iterator[None]:
    yield
    assert place.left() == []
    assert place.client.get("/v1/jobs").json()["total"] == 0


def part(
    name: str = "files", filename: str | None = "a.txt", headers: str = "", body: bytes = b"text"
) -> bytes:
    given = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{given}\r\n{headers}\r\n'
    return head.encode() + body + b"\r\n"


def raw(place: Place, body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> Any:
    return place.post(content=body, headers={"Content-Type": content_type})


END = f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize("name", ["a.exe", "a", ".md", "a.pdf.zip", "วิดีโอ.mp4"])
def test_a_kind_of_file_that_nobody_reads(place: Place, name: str) -> None:
    answer = place.post(files=[GOOD, ("files", (name, b"x"))])
    assert (answer.status_code, kind(answer)) == (415, "unknown-file-type")
    assert name in answer.json()["detail"]
    assert ".docx" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (END, 422, "no file"),
        (part() + part(filename="b.txt", body=b"") + END, 422, "b.txt: the file is empty"),
        (part() + part() + END, 422, "a.txt: two files"),
        (part(filename="one/a.txt") + part(filename="two/a.txt") + END, 422, "a.txt: two files"),
        (part(name="other") + END, 422, "other: unknown part"),
        (part(filename=None) + END, 422, "is not a file"),
        (part(filename="") + END, 422, "wants a name"),
        (part(filename="../..") + END, 422, "wants a name"),
        (part(filename="a\x00.txt") + END, 422, "cannot be seen"),
        (part(filename="a\u202etxt.txt") + END, 422, "cannot be seen"),
        (part(filename="ก" * 201 + ".txt") + END, 422, "over 200 characters"),
        (part().replace(b"a.txt", b"\xff\xfe.txt") + END, 422, "not UTF-8"),
        (b"".join(part(filename=f"{n}.txt") for n in range(6)) + END, 422, "at most 5 files"),
        (part(headers="X-Long: " + "x" * 5000 + "\r\n") + END, 400, "cannot be read"),
        (part(headers="".join(f"X-{n}: y\r\n" for n in range(20))) + END, 400, "cannot be read"),
        (part(), 400, "cut short"),
        (b"nothing of the kind", 400, "cannot be read"),
        (b"", 400, "cut short"),
    ],
)  # fmt: skip
def test_a_multipart_body_that_is_not_as_it_should_be(
    place: Place, body: bytes, status: int, words: str
) -> None:
    answer = raw(place, body)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert str(place.data) not in answer.text


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", ""]
)
def test_another_content_type(place: Place, content_type: str) -> None:
    answer = raw(place, b"x", content_type)
    assert (answer.status_code, kind(answer)) == (415, "unknown-content-type")


def test_too_large_a_body(place: Place) -> None:
    answer = place.post(files=[("files", ("a.txt", b"x" * 200_001))])
    assert (answer.status_code, kind(answer)) == (413, "body-too-large")

    def endless() -> Iterator[bytes]:
        yield part().removesuffix(b"\r\n")
        for _ in range(400):
            yield b"x" * 1000

    assert (
        place.post(
            content=endless(), headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        ).status_code
        == 413
    )
    large = json.dumps({"id": "a", "text": "x" * 200_000})
    assert raw(place, large.encode(), "application/json").status_code == 413


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[" * 90_000, "not valid JSON"),
        (b'{"id": "a", "text": "b", "metadata": {"n": NaN}}', "not valid JSON"),
        (b"[]", "dictionary"),
        (b'{"documents": []}', "documents"),
        (b'{"documents": [{"id": "a", "text": "x"}], "more": 1}', "nothing stands beside it"),
        (
            b'{"documents": [{"id": "a", "text": "x"}, {"id": "b"}]}',
            "documents[1]: wants either text or pages",
        ),
        (b'{"id": "a", "text": "x", "more": 1}', "more: unknown parameter"),
        (b'{"text": "x"}', "id: is required"),
        (b'{"id": "a"}', "wants either text or pages"),
        (b'{"id": "a", "text": "x", "pages": [{"number": 1, "text": "y"}]}', "wants either text or pages"),
        (b'{"id": "a", "text": " \\n "}', "holds no text"),
        (b'{"id": "../a", "text": "x"}', "id"),
        (b'{"id": "a b", "text": "x"}', "id"),
        (b'{"id": "a", "text": "\\ud800"}', "valid Unicode"),
        (b'{"id": "a", "text": "x\\u0000y"}', "NUL"),
        (b'{"id": "a", "text": "x", "metadata": {"k\\udfff": "v"}}', "metadata"),
        (b'{"id": "a", "pages": [{"number": 0, "text": "x"}]}', "pages: Input should be greater"),
        (
            b'{"id": "a", "pages": [{"number": 1, "text": "x"}, {"number": 1, "text": "y"}]}',
            "two pages have the same number",
        ),
        (b'{"documents": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]}', "a stands twice"),
    ],
)
def test_json_that_is_no_document(place: Place, body: bytes, words: str) -> None:
    answer = raw(place, body, "application/json")
    assert (answer.status_code, kind(answer)) == (422, "invalid-parameter"), answer.text
    assert words in answer.json()["detail"]


def test_unknown_parameters_and_odd_headers(place: Place) -> None:
    assert place.post(files=[GOOD], params={"replace": "true", "x": "1"}).status_code == 422
    assert place.post(files=[GOOD], params={"replace": "perhaps"}).status_code == 422
    for key in ("", "x" * 256, "a b", "ก".encode()):
        assert place.post(files=[GOOD], headers={"Idempotency-Key": key}).status_code == 422  # type: ignore[dict-item]


def test_names_are_labels() -> None:
    assert clean_name(b"../../etc/passwd.txt") == "passwd.txt"
    assert clean_name(b"/abs/./x.md") == "x.md"
    assert clean_name(b"C:\\Users\\me\\report.pdf") == "report.pdf"
    assert clean_name("รายงาน ๒๕๖๒.pdf".encode()) == "รายงาน ๒๕๖๒.pdf"


def test_a_disk_without_room(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place.data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    answer = place.post(files=[GOOD])
    assert (answer.status_code, kind(answer)) == (507, "disk-full")
    assert "make room" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("number", "status"), [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EROFS, 503), (errno.EIO, 503)]
)
def test_a_disk_that_fails_at_the_last_moment(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def failing(_: int) -> None:
        raise OSError(number, "as the kernel says")

    monkeypatch.setattr("os.fsync", failing)
    assert place.post(files=[GOOD]).status_code == status
    monkeypatch.undo()
    assert place.client.get("/v1/search?q=MOU").status_code == 200


def test_a_data_directory_that_cannot_be_written(place: Place) -> None:
    spool = place.data / "spool"
    shutil.rmtree(spool)
    spool.write_text("a file where the folder should be")
    try:
        answer = place.post(files=[GOOD])
        assert (answer.status_code, kind(answer)) == (503, "cannot-store")
        assert "may write to --data" in answer.json()["detail"]
        assert place.client.get("/v1/search?q=MOU").status_code == 200
    finally:
        spool.unlink()


def test_who_may_change(demo_engine: Engine, place: Place) -> None:
    with keyed(demo_engine) as asked:
        for method, path in (
            ("POST", "/v1/documents"),
            ("DELETE", "/v1/documents/a"),
            ("GET", "/v1/jobs"),
            ("GET", "/v1/jobs/0123456789abcdef"),
        ):
            assert kind(asked.ask(method, path)) == "key-required"
            for key in (asked.search, asked.write, asked.widget):
                refused = asked.ask(method, path, key)
                assert refused.status_code == 403
        made, text = asked.keys.create("gone", "admin")
        asked.keys.revoke(made.key_id)
        assert kind(asked.ask("POST", "/v1/documents", text)) in {"key-revoked", "key-unknown"}
        # An engine that somebody else opened is not changed through here.
        assert (
            kind(asked.ask("POST", "/v1/documents", asked.admin, {"id": "a", "text": "x"}))
            == "not-changeable"
        )
        assert asked.ask("GET", "/v1/jobs", asked.admin).json() == {"total": 0, "offset": 0, "jobs": []}
        counted = asked.ask("DELETE", "/v1/documents/a", asked.admin)
        assert counted.headers["ratelimit-policy"].startswith('"write"')
    assert place.client.delete("/v1/documents/unknown").status_code == 404
