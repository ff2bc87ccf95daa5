"""Pictures of the widget and the frame in another site's page, for docs/embedding.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from index.engine import Engine
from tests.service.portals.portal import Portal, ask_in_frame, open_portal

QUESTION = "ใครใช้ MOU กับโรงพยาบาล"
STYLE = """
<style>
body { margin: 0; font-family: "Loma", sans-serif; color: #1b2a41; line-height: 1.7; }
main { max-width: 46rem; margin: 0 auto; padding: 4.5rem 1.25rem 3rem; }
main::before { content: "กรมตัวอย่าง"; position: absolute; inset: 0 0 auto; padding: .7rem 1.5rem; background: #1b3a6b; color: #fff; font-weight: bold; }
h1 { font-size: 1.6rem; margin: .75rem 0 .25rem; } p { margin: 0 0 1.25rem; }
karani-search { --karani-accent: #1b4a9b; --karani-radius: 8px; }
iframe { border: 0; }
</style>
<p>สืบค้นกรณีตัวอย่างขององค์กรปกครองส่วนท้องถิ่น</p>
"""
WIDGET = '<script src="ENDPOINT/widget.js" async></script><karani-search endpoint="ENDPOINT" key="KEY"></karani-search>'
DIALOG = WIDGET.replace("<karani-search ", '<karani-search mode="modal" placeholder="ค้นกรณีตัวอย่าง" ')
FRAME = (
    '<script src="ENDPOINT/static/embed-parent.js" async></script>'
    '<iframe src="ENDPOINT/embed?key=KEY&amp;accent=1b4a9b" title="ค้นหา" width="100%" height="480"></iframe>'
)


def shoot(browser: Any, engine: Engine, images: Path) -> None:
    """Take all pictures."""
    with open_portal(engine) as portal:
        _suggesting(_page(browser, portal, WIDGET), images / "widget-suggestions.png")
        _asked(_page(browser, portal, WIDGET), images / "widget.png")
        page = _page(browser, portal, DIALOG)
        page.keyboard.press("Control+k")
        _asked(page, images / "widget-dialog.png")
        page = _page(browser, portal, DIALOG, width=390, height=800, scheme="dark", dark=True)
        page.click("karani-search .opener")
        _asked(page, images / "widget-phone.png")
        page = _page(browser, portal, FRAME)
        frame = ask_in_frame(page, QUESTION)
        frame.locator(".answer-text").wait_for()
        page.wait_for_timeout(400)
        page.screenshot(path=images / "embed.png")
        page = browser.new_page(viewport={"width": 1200, "height": 1000}, device_scale_factor=1.5)
        page.goto(f"{portal.address}/portal?accent=%231b4a9b&site=https://www.example.go.th")
        page.fill("#key", portal.server_key)
        page.locator("#preview input").press_sequentially("เทศบาล")
        page.wait_for_selector("#preview [role=option]")
        page.fill("#key", "krn_YOUR_KEY")
        page.locator("#preview input").focus()
        page.wait_for_timeout(300)
        page.screenshot(path=images / "portal.png")


def _page(
    browser: Any,
    portal: Portal,
    body: str,
    width: int = 1000,
    height: int = 760,
    scheme: str = "light",
    dark: bool = False,
) -> Any:
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1.5
    )
    night = "<style>body { background: #14181c; color: #e6e9ec }</style>" if dark else ""
    page.goto(portal.page(STYLE + night + body))
    if "karani-search" in body:
        page.wait_for_function("!!customElements.get('karani-search')")
    return page


def _suggesting(page: Any, path: Path) -> None:
    page.locator("karani-search input").press_sequentially("ผู้สูง")
    page.wait_for_selector("karani-search [role=option]")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": 1000, "height": 560})


def _asked(page: Any, path: Path) -> None:
    page.locator("karani-search input").fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .hit")
    page.wait_for_timeout(300)
    page.screenshot(path=path)
