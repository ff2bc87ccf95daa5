"""Real corpora, a real engine, a really running server; a browser where there is one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from corpus.demo import prepare
from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index.engine import Engine
from index.generations import build
from service.app import create_app
from service.server import server
from service.settings import ServiceSettings

SCRIPT = "<script>document.title='broken-into'</script>"
GLYPHS = "โครงการส\uf70aงเสริมสุขภาพ ของเทศบาลตำบลทดสอบ ทําให\uf70bประชาชนแข็งแรง"


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo cases, built as ``karani serve`` builds them."""
    return prepare(Settings(data=tmp_path_factory.mktemp("demo")), build, lambda _: None)


@pytest.fixture(scope="session")
def demo_engine(demo_settings: Settings) -> Iterator[Engine]:
    engine = Engine.open(demo_settings)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def service_settings() -> ServiceSettings:
    return ServiceSettings(demo=True, reload_seconds=60)


@pytest.fixture(scope="session")
def app(demo_engine: Engine, service_settings: ServiceSettings) -> FastAPI:
    return create_app(service_settings, demo_engine)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def write_odd_corpus(folder: Path) -> None:
    """Documents that try what real ones bring: markup, glyphs, many pages, a very long page."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = [
        {
            "id": "evil",
            "title": f"รายงาน{SCRIPT}ขยะอันตราย",
            "text": (
                f"เทศบาลเก็บขยะอันตราย{SCRIPT}ทุกวันศุกร์ <img src=x onerror=alert(1)> และแยกขยะอันตรายจากครัวเรือน"
            ),
            "source": "javascript:alert(1)",
            "metadata": {
                "organisation": f"เทศบาลตำบล{SCRIPT}",
                "kind": "<b>เทศบาลตำบล</b>",
                "province": "ชลบุรี",
            },
        },
        {
            "id": "pages",
            "title": "รายงานสามหน้า",
            "pages": [
                {"number": 3, "text": "หน้าสามเล่าเรื่องธนาคารน้ำใต้ดินของตำบล"},
                {"number": 7, "text": GLYPHS},
                {"number": 9, "text": "หน้าเก้าเล่าเรื่องตลาดชุมชนริมคลอง"},
            ],
        },
        {
            "id": "long",
            "title": "รายงานยาวมาก",
            "text": "".join(f"ย่อหน้าที่ {n} กล่าวถึงงานทั่วไปของตำบล\n" for n in range(400))
            + "สถานีสูบน้ำพลังแสงอาทิตย์อยู่ตอนท้ายของรายงาน",
        },
    ]
    lines = "\n".join(json.dumps(document, ensure_ascii=False) for document in documents)
    (folder / "odd.jsonl").write_text(lines, encoding="utf-8")


def add(settings: Settings, folder: Path) -> None:
    """Ingest a folder and publish a generation."""
    with Store.open(settings.database) as store:
        report = ingest(store, [folder])
        assert not report.failures
        build(store, settings)


@pytest.fixture(scope="session")
def odd_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("odd")
    write_odd_corpus(root / "files")
    settings = Settings(data=root / "data")
    add(settings, root / "files")
    return settings


@pytest.fixture(scope="session")
def odd_client(odd_settings: Settings) -> Iterator[TestClient]:
    engine = Engine.open(odd_settings)
    app = create_app(ServiceSettings(reload_seconds=60, max_view_chars=2000), engine)
    with TestClient(app) as client:
        yield client
    engine.close()


@contextmanager
def running(app: FastAPI, settings: ServiceSettings) -> Iterator[str]:
    """Serve ``app`` by uvicorn on a free loopback port; gives its address."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(128)
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        served = server(app, settings.model_copy(update={"log_level": "warning"}))
        thread = threading.Thread(target=served.run, args=([bound],))
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not served.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert served.started
            yield address
        finally:
            served.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def fetch(url: str, method: str = "GET") -> tuple[int, bytes]:
    """One plain request; error statuses are results, not exceptions."""
    request = urllib.request.Request(url, method=method)  # noqa: S310 - loopback only
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture(scope="session")
def demo_address(demo_engine: Engine, service_settings: ServiceSettings) -> Iterator[str]:
    with running(create_app(service_settings, demo_engine), service_settings) as address:
        yield address


@pytest.fixture(scope="session")
def odd_address(odd_settings: Settings) -> Iterator[str]:
    settings = ServiceSettings(reload_seconds=60)
    engine = Engine.open(odd_settings)
    with running(create_app(settings, engine), settings) as address:
        yield address
    engine.close()


CHROMIUM_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


# Not for the session: playwright keeps an event loop running in this thread while it lives.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium under playwright, with a fresh profile."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests want playwright")
    program = (
        os.environ.get("KARANI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if program is None:
        pytest.skip("the browser tests want chromium (apt-get install chromium fonts-thai-tlwg)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages in contexts of their own; what a page logs as an error fails the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def opened(**options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


# -- reading: a PDF whose original is kept


@pytest.fixture(scope="session")
def pdf_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    from tests.service.pages.pdf_corpus import built

    return built(tmp_path_factory.mktemp("pdf"))


@pytest.fixture(scope="session")
def pdf_client(pdf_settings: Settings) -> Iterator[TestClient]:
    engine = Engine.open(pdf_settings)
    with TestClient(create_app(ServiceSettings(reload_seconds=60), engine)) as client:
        yield client
    engine.close()


@pytest.fixture(scope="session")
def pdf_address(pdf_settings: Settings) -> Iterator[str]:
    settings = ServiceSettings(reload_seconds=60)
    engine = Engine.open(pdf_settings)
    with running(create_app(settings, engine), settings) as address:
        yield address
    engine.close()
