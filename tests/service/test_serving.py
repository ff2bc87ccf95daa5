"""The engine behind the service: late, renewed while searches run, never on the event loop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from corpus.settings import Settings
from index.engine import Engine
from index.hits import SearchResult
from index.opening import NoIndexError
from service.app import create_app
from service.problems import ProblemError
from service.serving import Serving
from service.settings import ServiceSettings
from tests.service.conftest import add, fetch, running, write_odd_corpus

QUICK = ServiceSettings(reload_seconds=0.05)


def eventually(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came true")


def test_without_an_index_it_lives_but_is_not_ready(tmp_path: Path) -> None:
    opener = partial(Engine.open, Settings(data=tmp_path))
    with TestClient(create_app(ServiceSettings(), open_engine=opener)) as client:
        assert client.get("/livez").json() == {"status": "ok"}
        for path in ("/readyz", "/v1/search?q=a", "/v1/documents", "/v1/cases/x", "/v1/passages/x"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
            assert "karani build" in answer.json()["detail"]
        page = client.get("/", headers={"accept": "text/html"})
        assert page.status_code == 503
        assert "karani build" in page.text


def test_the_first_index_is_opened_when_it_appears(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    with TestClient(create_app(QUICK, open_engine=partial(Engine.open, settings))) as client:
        assert client.get("/readyz").status_code == 503
        write_odd_corpus(tmp_path / "files")
        add(settings, tmp_path / "files")
        eventually(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/v1/search", params={"q": "ขยะอันตราย"}).json()["hits"]


def test_a_new_generation_is_taken_up_without_dropping_a_request(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    write_odd_corpus(tmp_path / "files")
    add(settings, tmp_path / "files")
    app = create_app(QUICK, open_engine=partial(Engine.open, settings))
    statuses: list[int] = []
    stop = threading.Event()
    with running(app, QUICK) as address:
        before = json.loads(fetch(f"{address}/readyz")[1])["generation"]

        def search() -> None:
            while not stop.is_set():
                statuses.append(fetch(f"{address}/v1/search?q=MOU")[0])

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        new = tmp_path / "more"
        new.mkdir()
        (new / "new.txt").write_text("เทศบาลเปิดห้องสมุดลอยน้ำให้เด็กริมแม่น้ำ", encoding="utf-8")
        add(settings, new)
        eventually(lambda: json.loads(fetch(f"{address}/readyz")[1])["generation"] != before)
        found = json.loads(
            fetch(
                f"{address}/v1/search?q=%E0%B8%AB%E0%B9%89%E0%B8%AD%E0%B8%87%E0%B8%AA%E0%B8%A1%E0%B8%B8%E0%B8%94%E0%B8%A5%E0%B8%AD%E0%B8%A2%E0%B8%99%E0%B9%89%E0%B8%B3"
            )[1]
        )
        stop.set()
        for thread in threads:
            thread.join()
    assert found["hits"][0]["citation"]["document_id"] == "new"
    assert len(statuses) > 3
    assert set(statuses) == {200}


class BlockedEngine:
    """Stands where an engine does; each call waits until it is let go."""

    generation = "g"
    fault = ""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.entered = threading.Semaphore(0)

    def reload(self, **_: bool) -> bool:
        return False

    def wait(self) -> str:
        self.entered.release()
        assert self.go.wait(20)
        return "done"


def test_a_full_queue_refuses_at_once() -> None:
    asyncio.run(_full_queue())


async def _full_queue() -> None:
    engine: Any = BlockedEngine()
    serving = Serving(
        ServiceSettings(threads=1, queue=1, reload_seconds=60), engine, None
    )  # one runs, one waits
    await serving.start()
    tasks = [asyncio.create_task(serving.call(lambda e: e.wait())) for _ in range(2)]  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    with pytest.raises(ProblemError) as caught:
        await serving.call(lambda e: e.generation)
    assert caught.value.status_code == 503
    assert caught.value.headers == {"Retry-After": "1"}
    engine.go.set()
    assert await asyncio.gather(*tasks) == ["done", "done"]
    assert await serving.call(lambda e: e.generation) == "g"
    await serving.stop()


def test_livez_answers_while_every_worker_is_busy() -> None:
    engine: Any = BlockedEngine()
    result = SearchResult("a", 0.0, "g", "e", None, (), {})
    engine.search = lambda *_, **__: engine.wait() and result
    settings = ServiceSettings(threads=1, reload_seconds=60)
    with running(create_app(settings, engine), settings) as address:
        thread = threading.Thread(target=fetch, args=(f"{address}/v1/search?q=a",))
        thread.start()
        assert engine.entered.acquire(timeout=20)
        assert fetch(f"{address}/livez")[0] == 200
        engine.go.set()
        thread.join(20)


def test_a_running_request_is_finished_before_the_server_stops() -> None:
    engine: Any = BlockedEngine()
    result = SearchResult("a", 0.0, "g", "e", None, (), {})
    engine.search = lambda *_, **__: engine.wait() and result
    settings = ServiceSettings(threads=1, reload_seconds=60)
    statuses: list[int] = []
    with running(create_app(settings, engine), settings) as address:
        thread = threading.Thread(target=lambda: statuses.append(fetch(f"{address}/v1/search?q=a")[0]))
        thread.start()
        assert engine.entered.acquire(timeout=20)
        threading.Timer(0.3, engine.go.set).start()
    thread.join(20)
    assert statuses == [200]


def test_a_faulty_new_index_leaves_the_old_one_serving(
    demo_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty:
        def __getattr__(self, name: str) -> Any:
            return getattr(demo_engine, name)

        def reload(self, **_: bool) -> bool:
            raise NoIndexError("damaged")

    engine: Any = Faulty()
    with TestClient(create_app(QUICK, engine)) as client:
        eventually(lambda: "damaged" in caplog.text)
        threading.Event().wait(0.3)
        assert client.get("/v1/search?q=MOU").status_code == 200
    assert caplog.text.count("damaged") == 1  # said once, not at every look
