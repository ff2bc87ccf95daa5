"""Make docs/images anew from the demo cases: ``python -m tests.service.screenshots``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from corpus.demo import prepare
from corpus.settings import Settings
from index.engine import Engine
from index.generations import build
from service.app import create_app
from service.settings import ServiceSettings
from tests.service import portal_shots
from tests.service.conftest import CHROMIUM_ARGUMENTS, running

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


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Settings(data=Path(folder)), build, lambda _: None)
        engine = Engine.open(data)
        settings = ServiceSettings(demo=True)
        with running(create_app(settings, engine), settings) as address:
            _shoot(address, engine)
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
