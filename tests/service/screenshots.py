"""Make docs/images anew from the demo cases: ``python -m tests.service.screenshots``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from corpus.demo import CASES, prepare
from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index.engine import Engine
from index.generations import build
from service.app import create_app
from service.documents import case_url
from service.settings import ServiceSettings
from tests.service.conftest import CHROMIUM_ARGUMENTS, running
from tests.service.pages.pdf_corpus import NAME, QUOTE, printed
from tests.service.portals import portal_shots

IMAGES = Path(__file__).parents[2] / "docs" / "images"
ANSWER = "/?q=" + quote("ใครใช้ MOU กับโรงพยาบาล")
DESKTOP = {"width": 1200, "height": 760}
# name → (address, width and height, colour scheme, click first)
SHOTS = {
    "search.png": ("/", DESKTOP, "light", ""),
    "answer-page.png": (ANSWER, DESKTOP, "light", ""),
    "viewer.png": (ANSWER, DESKTOP, "light", ".answer .button"),
    "phone.png": (ANSWER, {"width": 390, "height": 800}, "dark", ""),
}
# The search page's states: name → (address, width and height, colour scheme, what is done first, what then shows)
OLD = "/?q=" + quote("ผู้สูงอายุ")
STATES = {
    "suggest.png": ("/", DESKTOP, "light", [("type", "input[name=q]", "ผู้สูง")], ".suggest [role=option]"),
    "filters.png": (
        OLD,
        DESKTOP,
        "light",
        [
            ("check", "[data-facet=province] input >> nth=0"),
            ("check", "[data-facet=province] input >> nth=1"),
        ],
        ".chip.on >> nth=1",
    ),
    "cite.png": (ANSWER, DESKTOP, "dark", [("click", ".answer .cite summary")], ".answer .cite-body"),
    "vote-phone.png": (
        OLD,
        {"width": 390, "height": 800},
        "light",
        [("click", "#hit-1 .vote button >> nth=1")],
        "#hit-1 .why",
    ),
}

# Where one reads: name → (address; CASE and CITED stand for a case's page and a place cited in a PDF, size, colours)
READING = {
    "cases.png": ("/cases", {"width": 1200, "height": 860}, "light"),
    "case.png": ("CASE", {"width": 1200, "height": 860}, "light"),
    "documents.png": ("/documents", {"width": 1200, "height": 860}, "light"),
    "provinces.png": ("/provinces", {"width": 1200, "height": 1120}, "light"),
    "provinces-phone.png": ("/provinces", {"width": 390, "height": 844}, "dark"),
    "viewer-pdf.png": ("CITED", {"width": 1360, "height": 900}, "light"),
}


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Settings(data=Path(folder)), build, lambda _: None)
        engine = Engine.open(data)
        settings = ServiceSettings(demo=True)
        with running(create_app(settings, engine), settings) as address:
            _shoot(address, engine)
        engine.close()
    _shoot_reading()


def _shoot_reading() -> None:
    """The demo cases and a PDF that chromium prints, its original kept."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Settings(data=Path(folder) / "data")
        printed(Path(folder) / "files")
        with Store.open(data.database) as store:
            ingest(store, [CASES, Path(folder) / "files"], data)
            build(store, data)
        engine, settings = Engine.open(data), ServiceSettings(demo=True)
        case = next(info for info in engine.store.cases() if info.case.name == "เทศบาลตำบลบ้านบึง")
        page = engine.store.page(NAME, 2)
        assert page is not None
        start = page.text.index(QUOTE)
        cited = f"/documents/{quote(NAME)}?page=2&start={start}&end={start + len(QUOTE)}&source=1"
        places = {"CASE": case_url(case.case.case_id), "CITED": cited}
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
        )
        with running(create_app(settings, engine), settings) as address:
            for name, (path, size, scheme) in READING.items():
                shot = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
                shot.goto(address + places.get(path, path))
                shot.wait_for_timeout(300)
                shot.screenshot(path=IMAGES / name)
                shot.close()
        browser.close()
        engine.close()


def _shoot(address: str, engine: Engine) -> None:
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        for name, (path, size, scheme, click) in SHOTS.items():
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
            page.goto(address + path)
            if click:
                page.click(click)
                page.wait_for_selector("#cite")
            page.wait_for_timeout(300)
            page.screenshot(path=IMAGES / name)
        for name, (path, size, scheme, steps, shown) in STATES.items():
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
            page.goto(address + path)
            for verb, *arguments in steps:
                getattr(page, verb)(*arguments)
                page.wait_for_load_state("networkidle")
            page.wait_for_selector(shown)
            page.wait_for_timeout(300)
            page.screenshot(path=IMAGES / name)
        portal_shots.shoot(browser, engine, IMAGES)
        browser.close()


if __name__ == "__main__":
    main()
