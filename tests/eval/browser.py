"""A real browser for pages that people read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


@contextmanager
def open_page(address: str) -> Iterator[tuple[Page, list[str]]]:
    """Open an address in chromium; gives the page and the addresses that it asks for."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = (
        os.environ.get("KARANI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if program is None:
        pytest.skip("the browser tests want chromium (apt-get install chromium fonts-thai-tlwg)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_context(viewport={"width": 900, "height": 800}).new_page()
            requests: list[str] = []
            page.on("request", lambda request: requests.append(request.url))
            page.goto(address)
            yield page, requests
        finally:
            browser.close()
