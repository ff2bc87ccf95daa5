"""What grows with what callers send has a bound: one test for each place that could."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from corpus.originals import Original, Picture
from index.hits import Answer, SearchResult
from service import asked as asked_module
from service.asked import Asked
from service.database import Database
from service.edge.metrics import Metrics
from service.mcp.http import McpEndpoint
from service.pages import page_images
from service.pages.page_images import PageImages
from service.settings import ServiceSettings
from service.workers.windows import Windows


def test_metrics_have_no_label_of_a_caller(client: TestClient) -> None:
    def series() -> int:
        return len(client.get("/metrics").text.splitlines())

    def storm(offset: int) -> None:
        for number in range(offset, offset + 60):
            client.get(f"/none/{number}")
            client.request(f"M{number}", "/v1/search")
            client.get(f"/v1/passages/{number}", headers={"X-API-Key": f"krn_{number}", "Host": f"h{number}"})
            client.get(f"/v1/search?q=a&x{number}=1")

    storm(0)
    series()  # counts itself the next time
    before = series()
    storm(60)
    assert series() == before


def test_metrics_keep_as_many_children_as_there_are_routes() -> None:
    metrics = Metrics()
    for number in range(1_000):
        metrics.request("(other)", f"METHOD{number}", 404, 0.1)
    assert len(metrics._children) == 1


def answered(question: str, answer: Answer) -> SearchResult:
    return SearchResult(question, 0.0, "g", "e", answer, (), {})


@pytest.fixture
def some_answer(client: TestClient) -> Answer:
    found = client.app.state.serving.engine.search("ใครใช้ MOU กับโรงพยาบาล").answer  # type: ignore[attr-defined]
    assert found is not None
    return found  # type: ignore[no-any-return]


def test_questions_asked_are_bounded_in_memory_and_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, some_answer: Answer
) -> None:
    monkeypatch.setattr(asked_module, "MOST_UNSHOWN", 50)
    database = Database(tmp_path / "a.sqlite")
    asked = Asked(database, ServiceSettings(past_questions_askers=2), askers=Windows(places=32))
    for client in ("a", "b"):
        asked.note(answered("คำถามที่ถามกันสองคน", some_answer), client)
    for number in range(1_000):
        asked.note(answered(f"คำถามที่ {number}", some_answer), "c")
    assert len(asked._pending) <= 8 * 32
    asked.flush()
    assert database.rows("SELECT count(*) FROM questions WHERE shown = ''")[0][0] <= 50
    assert "คำถามที่ถามกันสองคน" in asked.suggested()
    database.close()


def test_questions_that_cannot_be_stored_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, some_answer: Answer
) -> None:
    monkeypatch.setattr(asked_module, "MOST_PENDING", 100)
    database = Database(tmp_path / "a.sqlite")
    asked = Asked(database, ServiceSettings())
    with sqlite3.connect(tmp_path / "a.sqlite") as other:
        other.execute("DROP TABLE questions")
    for day in range(5):
        for number in range(90):
            asked.note(answered(f"คำถามที่ {day} {number}", some_answer), "c")
        with pytest.raises(sqlite3.Error):
            asked.flush()
    assert len(asked._pending) <= 100
    database.close()


def test_pictures_kept_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import asyncio

    monkeypatch.setattr(page_images, "draw", lambda *_: Picture(b"x" * 1000, 9, 9, "", ()))

    async def many() -> PageImages:
        images = PageImages(most_bytes=10_000)
        original = Original(tmp_path / "a.pdf", "a" * 64, "application/pdf", "a.pdf")
        for number in range(1, 200):
            await images.picture(original, number)
        return images

    images = asyncio.run(many())
    assert images.kept_bytes <= 10_000
    assert images.kept_pages <= 10
    assert not images._drawing
    images.close()


def test_assistants_leave_nothing_behind(client: TestClient) -> None:
    endpoint: McpEndpoint = client.app.state.mcp  # type: ignore[attr-defined]

    def ask() -> None:
        for number in range(40):
            headers = {"Accept": "application/json, text/event-stream", "Mcp-Session-Id": f"session-{number}"}
            client.post(
                "/mcp", json={"jsonrpc": "2.0", "id": number, "method": "tools/list"}, headers=headers
            )

    ask()
    assert endpoint._manager is not None
    manager = endpoint._manager.result()
    before = {name: len(value) for name, value in vars(manager).items() if hasattr(value, "__len__")}
    ask()
    assert {name: len(value) for name, value in vars(manager).items() if hasattr(value, "__len__")} == before
