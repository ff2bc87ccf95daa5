"""The page where portals try the widget and copy its lines: the lines do what the preview shows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from tests.service.pages.test_browser import axe_file
from tests.service.portals.portal import Portal, open_portal

MOU = "ใครใช้ MOU กับโรงพยาบาล"
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def portal(demo_engine: Engine) -> Iterator[Portal]:
    with open_portal(demo_engine) as opened:
        yield opened


def snippet(page: str, name: str) -> str:
    found = re.search(rf'id="{name}">.*?<code class="cite-text">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_the_lines_work_in_another_sites_page(portal: Portal, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{portal.address}/portal")
    page.fill("[name=site]", portal.site.origin + "/")
    page.select_option("[name=w-mode]", "modal")
    page.select_option("[name=w-lang]", "en")
    page.fill("[name=placeholder]", 'ค้น "ทุก" กรณี')
    page.click("form .apply")
    text = page.content()
    assert snippet(text, "command") == f"karani keys create --name portal --origin {portal.site.origin}"
    lines = snippet(text, "widget").replace("krn_YOUR_KEY", portal.key)
    other = open_page()
    other.goto(portal.page(lines))
    other.click("karani-search .opener")
    assert other.inner_text("karani-search .opener-text") == 'ค้น "ทุก" กรณี'
    other.locator("karani-search input").fill(MOU)
    other.keyboard.press("Enter")
    other.wait_for_selector("karani-search .answer-text")
    assert other.inner_text("karani-search .answer .label") == "Answer"
    other.goto(portal.page(snippet(text, "frame").replace("krn_YOUR_KEY", portal.key)))
    other.frame_locator("iframe").locator("input[name=q]").wait_for()
    other.goto(portal.page(snippet(text, "pinned") + f'<karani-search key="{portal.key}"></karani-search>'))
    other.locator("karani-search input").wait_for()


def test_it_renews_itself_while_one_chooses_and_keeps_the_key_out_of_addresses(
    portal: Portal, open_page: Open
) -> None:
    page = open_page(viewport={"width": 1100, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{portal.address}/portal")
    page.fill("#key", portal.server_key)
    page.fill("[name=accent]", "#b4232a")
    page.wait_for_selector('#widget code:has-text("--karani-accent: #b4232a")')
    assert portal.server_key in page.inner_text("#widget code")
    assert not any(portal.server_key in url for url in [*asked, page.url])
    assert "accent=%23b4232a" in page.url
    page.locator("#preview input").fill(MOU)
    page.locator("#preview input").press("Enter")
    page.wait_for_selector("#preview .answer-text")
    button = "e => getComputedStyle(e).backgroundColor"
    assert page.eval_on_selector("#preview .submit", button) == "rgb(180, 35, 42)"


def test_an_accent_has_a_twin_for_dark_pages(client: TestClient) -> None:
    lines = snippet(client.get("/portal?accent=%23000000").text, "widget")
    light, dark = re.findall(r"#[0-9a-f]{6}", lines)
    assert light == "#000000"
    assert dark > "#808080"


def test_what_is_no_choice_is_the_usual(client: TestClient) -> None:
    evil = '"><script>alert(1)</script>'
    given = {
        "site": evil,
        "accent": evil,
        "w-mode": evil,
        "w-theme": evil,
        "w-lang": evil,
        "placeholder": evil,
    }
    page = client.get("/portal", params=given).text
    assert "<script>alert" not in page
    lines = snippet(page, "widget")
    assert "<script>alert" not in lines  # nor in what is copied
    assert "style" not in lines
    assert snippet(page, "command").endswith("--origin https://www.example.go.th")
    assert "site-wrong" in page
    hostile = snippet(client.get("/portal", params={"site": "https://*.example.go.th"}).text, "command")
    assert hostile.endswith("'https://*.example.go.th'")  # a shell must not expand it


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violation(portal: Portal, open_page: Open, scheme: str) -> None:
    script = axe_file().read_text(encoding="utf-8")
    page = open_page(bypass_csp=True, color_scheme=scheme, viewport={"width": 390, "height": 844})
    found = []
    for query in ("", "?w-mode=modal&site=nonsense&lang=en"):
        page.goto(f"{portal.address}/portal{query}")
        page.locator("#preview .root").wait_for(state="attached")
        page.click("#lines summary")
        page.evaluate(script)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
        found += [(query, v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert found == []
