"""The page for other sites' frames: who may frame it, without JavaScript, its height, its colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.portals.accents import contrast, readable_on
from service.settings import ServiceSettings
from tests.service.pages.test_browser import axe_file
from tests.service.portals.foreign import foreign_site
from tests.service.portals.portal import Portal, ask_in_frame, open_portal

MOU = "ใครใช้ MOU กับโรงพยาบาล"
FRAME = '<iframe src="ENDPOINT/embed?key=KEY" title="ค้นหา" width="640" height="150"></iframe>'
FITTING = '<script src="ENDPOINT/static/embed-parent.js"></script>'
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def portal(demo_engine: Engine) -> Iterator[Portal]:
    with open_portal(demo_engine) as opened:
        yield opened


def ancestors(answer: Any) -> list[str]:
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    return policy["frame-ancestors"].split()


def test_by_itself_only_this_site_may_frame_it(client: TestClient) -> None:
    answer = client.get("/embed")
    assert ancestors(answer) == ["'self'"]
    assert "x-frame-options" not in answer.headers
    assert "set-cookie" not in client.get("/embed?lang=en").headers
    assert client.get("/").headers["x-frame-options"] == "DENY"


def test_a_key_opens_it_to_its_sites_until_it_is_revoked(demo_engine: Engine) -> None:
    settings = ServiceSettings(reload_seconds=60, embed_origins="https://intranet.example.go.th")
    app = create_app(settings, demo_engine)
    sites = ["https://a.example.go.th", "https://*.b.example.go.th", "null"]
    key, text = app.state.keys.create("portal", origins=sites)
    with TestClient(app) as client:
        common = ["'self'", "https://intranet.example.go.th"]
        assert ancestors(client.get(f"/embed?key={text}")) == [*common, *sites[:2]]
        assert ancestors(client.get("/embed?key=krn_wrong")) == common
        assert ancestors(client.get(f"/embed?q=MOU&k=0&key={text}")) == [*common, *sites[:2]]  # a refusal too
        app.state.keys.revoke(key.key_id)
        assert ancestors(client.get(f"/embed?key={text}")) == common


def test_without_javascript(portal: Portal, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{portal.address}/embed?lang=en&theme=dark&k=3&province=ชลบุรี&province=แพร่")
    page.fill("input[name=q]", "เทศบาล")
    page.click("button[type=submit]")
    assert page.inner_text("#hits") in ("Passages found", "Nearest passages")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert 0 < page.locator(".hit").count() <= 3
    assert "province" in page.inner_text(".hit >> nth=0")
    outward = page.locator("main a[target=_blank]")
    assert outward.count() == page.locator("main a:not([rel=next])").count()
    assert all("noopener" in outward.nth(n).get_attribute("rel") for n in range(outward.count()))


def test_reading_on_in_parts(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{portal.address}/embed?q=เทศบาล&k=4")
    first = page.inner_text(".hit >> nth=0")
    page.click("a[rel=next]")
    page.wait_for_url("**offset=4**")
    assert page.get_attribute(".hits", "start") == "5"
    assert page.inner_text(".hit >> nth=0") != first
    assert page.locator(".answer-text").count() == 0  # the answer stood on the first part
    page.click("a[rel=prev]")
    page.wait_for_url("**offset=0**")
    assert page.inner_text(".hit >> nth=0") == first


def test_the_frame_shows_on_the_keys_site_and_nowhere_else(
    portal: Portal, open_page: Open, browser: Any
) -> None:
    page = open_page()
    page.goto(portal.page(FRAME + FITTING))
    frame = ask_in_frame(page, MOU)
    frame.locator(".answer-text").wait_for()
    assert frame.locator(".answer-text").inner_text() == "เทศบาลตำบลบ้านบึง"
    with page.expect_popup() as opened:
        frame.locator(".answer .button").click()
    opened.value.wait_for_selector("#cite")
    with foreign_site() as stranger:
        stranger.put("/page.html", portal.filled(f"<!doctype html><title>x</title><main>{FRAME}</main>"))
        other = browser.new_page()  # what it logs is the refusal that is wanted
        other.goto(f"{stranger.origin}/page.html")
        other.wait_for_timeout(500)
        assert other.frame_locator("iframe").locator("input[name=q]").count() == 0
        other.close()


def test_the_frame_grows_with_its_content(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(portal.page(FRAME + FITTING))
    low = "document.querySelector('iframe').getBoundingClientRect().height"
    page.wait_for_function(f"{low} < 150")  # an empty box needs less
    frame = ask_in_frame(page, MOU)
    page.wait_for_function(f"{low} > 600")
    scrolls = (
        "e => e.ownerDocument.documentElement.scrollHeight > e.ownerDocument.defaultView.innerHeight + 1"
    )
    assert not frame.locator("main").evaluate(scrolls)


def test_the_parent_obeys_only_its_own_frames(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(portal.page('<iframe srcdoc="<p>hello" height="150" title="x"></iframe>' + FITTING))
    page.evaluate("postMessage({type: 'karani-embed-height', height: 999}, '*')")
    page.frames[1].evaluate("parent.postMessage({type: 'karani-embed-height', height: 999}, '*')")
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('iframe').getBoundingClientRect().height") < 200


def test_questions_and_parameters_never_become_markup(client: TestClient) -> None:
    evil = '"><script>alert(1)</script>'
    page = client.get(
        "/embed", params={"q": evil, "placeholder": evil, "theme": evil, "accent": evil, "key": evil}
    ).text
    assert "<script>alert" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize("accent", ["000000", "ffffff", "ffd34d", "1d4ed8", "a11111", "777777"])
def test_any_accent_is_made_readable(client: TestClient, accent: str) -> None:
    style = client.get(f"/embed/theme.css?accent={accent}")
    assert style.headers["content-type"].startswith("text/css")
    blocks = re.findall(
        r"--accent: rgb\((\d+) (\d+) (\d+)\); --accent-ink: rgb\((\d+) (\d+) (\d+)\)", style.text
    )
    for block, sheet in zip(blocks, [(255, 254, 251), (25, 33, 37)] * 2, strict=True):
        numbers = tuple(map(int, block))
        colour, ink = numbers[:3], numbers[3:]
        assert contrast(colour, sheet) >= 4.5
        assert contrast(colour, ink) >= 4.5
    assert readable_on((29, 78, 216), (255, 255, 255)) == (29, 78, 216)  # good as it is


def test_a_wrong_accent_is_passed_over_by_the_page_and_refused_by_the_sheet(client: TestClient) -> None:
    assert "theme.css" not in client.get("/embed?accent=red").text
    assert "theme.css?accent=1d4ed8" in client.get("/embed?accent=%231D4ED8").text
    assert client.get("/embed/theme.css?accent=red").status_code == 422


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_accessibility_violation(portal: Portal, open_page: Open, theme: str) -> None:
    script = axe_file().read_text(encoding="utf-8")
    page = open_page(bypass_csp=True)
    found = []
    for query in ("", f"&q={MOU}", "&q=ราคาหุ้นเทสลาเมื่อวาน", "&q=เทศบาล&offset=5", "&q=x&k=999"):
        page.goto(f"{portal.address}/embed?theme={theme}&accent=ffd34d{query}")
        page.evaluate(script)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
        found += [(query, v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]]
    assert found == []


def test_a_phone_never_scrolls_sideways(portal: Portal, open_page: Open) -> None:
    page = open_page(viewport={"width": 320, "height": 640}, is_mobile=True)
    page.goto(f"{portal.address}/embed?q={MOU}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
