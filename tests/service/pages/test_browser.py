"""A person at the page: chromium over a really running service."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MOU = "ใครใช้ MOU กับโรงพยาบาล"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Open = Callable[..., Any]


def in_view(page: Any, selector: str) -> bool:
    seen: bool = page.eval_on_selector(
        selector,
        "e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight && r.height > 0 }",
    )
    return seen


def test_ask_read_and_open_the_highlighted_page(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    page.keyboard.press("/")
    page.keyboard.type(MOU)
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer-text")
    assert page.inner_text(".answer-text") == "เทศบาลตำบลบ้านบึง"
    assert "MOU" in page.inner_text(".answer mark.evidence")
    page.click(".answer .button")
    page.wait_for_selector("#cite")
    assert "MOU" in page.inner_text(".page-text")
    assert in_view(page, "#cite")
    page.click(".trail a")  # back to the results
    page.wait_for_selector(".answer-text")
    assert page.input_value(".top input[name=q]") == MOU


def test_an_address_without_the_fragment_opens_at_the_mark(odd_address: str, open_page: Open) -> None:
    page = open_page(viewport={"width": 900, "height": 400})
    page.goto(f"{odd_address}/v1/documents/long/pages/1")
    start = page.evaluate("JSON.parse(document.body.innerText).text.indexOf('สถานีสูบน้ำ')")
    page.goto(f"{odd_address}/documents/long?page=1&start={start}&end={start + 11}")
    page.wait_for_function("document.getElementById('cite').getBoundingClientRect().top < innerHeight")
    assert in_view(page, "#cite")


def test_the_whole_way_without_javascript(demo_address: str, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(demo_address)
    page.fill("main input[name=q]", MOU)
    page.click("main .search button")
    assert page.inner_text(".answer-text") == "เทศบาลตำบลบ้านบึง"
    page.click(".hit details.more summary >> nth=0")
    page.click(".answer .button")
    assert "MOU" in page.inner_text("#cite >> nth=0") or "MOU" in page.inner_text(".page-text")
    page.click(".tools a >> nth=-1")
    assert page.locator(".raw-text").count() == 1
    page.click(".switch")
    assert page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize(
    "path",
    ["/", f"/?q={MOU}", "/documents", "/cases", "/documents/banbueng", "/documents/banbueng?page=1&source=1"],
)
def test_a_phone_never_scrolls_sideways(demo_address: str, open_page: Open, path: str) -> None:
    page = open_page(**PHONE)
    page.goto(demo_address + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_keys(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={MOU}")
    focused = "document.activeElement.className || document.activeElement.name"
    page.keyboard.press("/")
    assert page.evaluate(focused) == "q"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "button"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "hit-link"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cite")


def test_the_slash_key_can_be_turned_off(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={MOU}")
    page.keyboard.press("?")
    page.click("[data-keys]")
    page.reload()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") != "q"
    assert page.get_attribute("[data-keys]", "aria-pressed") == "false"


def test_thai_input_reaches_the_address_whole(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    page.fill("main input[name=q]", "น้ำท่วม ๒๕๖๒")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert page.evaluate("new URL(location).searchParams.get('q')") == "น้ำท่วม ๒๕๖๒"
    assert page.input_value("input[name=q]") == "น้ำท่วม ๒๕๖๒"


def test_english_switch(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={MOU}")
    page.click(".switch")
    page.wait_for_selector("html[lang=en]")
    assert page.inner_text("#answer") == "Answer"
    page.goto(f"{demo_address}/documents")
    assert page.inner_text("h1").startswith("All documents")


@pytest.mark.parametrize(
    "path",
    [
        "/?q=ขยะอันตราย",
        "/documents",
        "/documents/evil",
        "/documents/evil?page=1&source=1",
        "/cases",
        "/?q=<script>document.title='broken-into'</script>",
    ],
)
def test_scripts_in_documents_and_questions_never_run(odd_address: str, open_page: Open, path: str) -> None:
    page = open_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(odd_address + path)
    assert "script" in page.content()
    assert page.title() != "broken-into"
    assert page.locator("main script, main img").count() == 0
    assert dialogs == []


def test_swagger_ui_runs_under_the_policy(demo_address: str, open_page: Open) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{demo_address}/docs")
    page.wait_for_selector(".opblock-summary-path")
    assert all(url.startswith((demo_address, "data:")) for url in asked)


def axe_file() -> Path:
    """axe-core is a test tool only (MPL-2.0): taken from where npm put it, never shipped."""
    root = Path(__file__).parents[3]
    places = [
        Path(os.environ.get("KARANI_AXE") or root / "node_modules/axe-core/axe.min.js"),
        root / "node_modules/axe-core/axe.min.js",
        root / "var/axe/node_modules/axe-core/axe.min.js",
    ]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        pytest.skip(
            "the accessibility tests want axe-core: npm install --prefix var/axe axe-core, or KARANI_AXE"
        )
    return found


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", (1280, 900)), ("dark", (390, 844))], ids=["light-desktop", "dark-phone"]
)
def test_no_accessibility_violation_on_any_page(
    demo_address: str, open_page: Open, scheme: str, size: tuple[int, int]
) -> None:
    script = axe_file().read_text(encoding="utf-8")
    page = open_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    page.goto(f"{demo_address}/?q={MOU}")
    answer = page.get_attribute(".answer .button", "href")
    case = page.get_attribute(".source-links a >> nth=1", "href")
    paths = ["/", f"/?q={MOU}", f"/?q={MOU}&province=ชลบุรี", "/?q=ราคาหุ้นเทสลาเมื่อวาน", "/documents", "/cases"]
    paths += [
        answer,
        answer.replace("#", "&source=1#"),
        answer.split("?")[0],
        case,
        "/?q=a&lang=en",
        "/nowhere",
    ]
    found = []
    for path in paths:
        page.goto(demo_address + path)
        page.evaluate(script)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
        found += [(path, v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]]
    assert found == []
