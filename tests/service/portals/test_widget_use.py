"""The widget in people's hands: keyboard, input methods, phones, the dark, several on a page, trouble on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from index.engine import Engine
from tests.service.pages.test_browser import PHONE, axe_file
from tests.service.portals.portal import Portal, open_portal
from tests.service.portals.test_widget import LOAD, MOU, WIDGET, Open, ask, box, events, heard


@pytest.fixture(scope="module")
def portal(demo_engine: Engine) -> Iterator[Portal]:
    with open_portal(demo_engine) as opened:
        yield opened


def test_keyboard_only(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET.replace("<karani-search ", '<karani-search k="2" ')))
    page.wait_for_function("!!customElements.get('karani-search')")
    page.keyboard.press("Tab")
    page.keyboard.type("ผู้สูงอา")
    page.wait_for_selector("karani-search [role=option]")
    assert box(page).get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = box(page).get_attribute("aria-activedescendant")
    assert page.get_attribute(f"karani-search #{active}", "aria-selected") == "true"
    page.keyboard.press("ArrowUp")
    assert box(page).get_attribute("aria-activedescendant") is None
    page.keyboard.press("Escape")
    assert box(page).get_attribute("aria-expanded") == "false"
    assert box(page).input_value() == "ผู้สูงอา"
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("karani-search [role=option]")
    page.keyboard.press("ArrowDown")
    chosen = page.inner_text("karani-search [aria-selected=true] .option-text")
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .hit")
    assert box(page).input_value() == chosen
    assert events(page, "search")[-1]["source"] == "suggestion"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.shadowRoot?.activeElement?.className") == "quiet more":
            break
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('karani-search').shadowRoot.querySelectorAll('.hit').length > 2"
    )
    third = "document.activeElement.shadowRoot.activeElement.closest('.hit').previousElementSibling !== null"
    assert page.evaluate(third)
    assert events(page, "search")[-1]["offset"] == 2


def test_an_input_method_keeps_its_keys(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET))
    box(page).fill("ญี่ปุ่น")
    page.evaluate(
        """() => { const input = document.querySelector("karani-search").shadowRoot.querySelector("input");
             input.dispatchEvent(new CompositionEvent("compositionstart"));
             input.form.requestSubmit(); }"""
    )
    assert events(page, "search") == []
    page.evaluate(
        "document.querySelector('karani-search').shadowRoot.querySelector('input')"
        ".dispatchEvent(new CompositionEvent('compositionend'))"
    )
    box(page).press("Enter")
    page.wait_for_function("window.heard.some(([name]) => name === 'search')")


def test_the_dialog_opens_by_keys_holds_the_focus_and_gives_it_back(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(
        portal.page(
            WIDGET.replace("<karani-search ", '<karani-search mode="modal" ') + '<a href="#x">after</a>'
        )
    )
    page.wait_for_function("!!customElements.get('karani-search')")
    page.keyboard.press("Control+k")
    page.wait_for_selector("karani-search dialog[open]")
    page.keyboard.type(MOU)
    page.keyboard.press("Escape")  # the suggestions, if they have come; then the dialog
    if page.locator("karani-search dialog[open]").count() == 0:
        page.keyboard.press("Control+k")
    box(page).fill(MOU)
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .hit")
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") != "after"
    box(page).focus()
    page.keyboard.press("Escape")
    if page.locator("karani-search dialog[open]").count():
        page.keyboard.press("Escape")
    page.wait_for_selector("karani-search dialog:not([open])", state="attached")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "opener"
    page.click("karani-search .opener")
    page.mouse.click(5, 5)  # on the backdrop
    page.wait_for_selector("karani-search dialog:not([open])", state="attached")


def test_two_widgets_do_not_mix(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(
        portal.page(
            WIDGET
            + '<karani-search endpoint="ENDPOINT" key="KEY" k="2" lang="en" feedback="off"></karani-search>'
        )
    )
    ask(page, MOU, 0)
    page.locator("karani-search").nth(0).locator(".hit").first.wait_for()
    assert page.locator("karani-search").nth(1).locator(".hit").count() == 0
    ask(page, "ผู้สูงอายุ", 1)
    page.locator("karani-search").nth(1).locator(".hit").first.wait_for()
    assert page.locator("karani-search").nth(1).locator(".hit").count() == 2
    assert page.locator("karani-search").nth(1).locator(".thumbs").count() == 0
    assert page.locator("karani-search").nth(0).locator(".hit").count() == 5
    assert page.locator("karani-search").nth(1).locator(".submit").inner_text() == "Search"


def test_filters_properties_set_early_and_methods(portal: Portal, open_page: Open) -> None:
    page = open_page()
    early = (
        "<script>const early = document.createElement('karani-search'); early.endpoint = 'ENDPOINT'; "
        "early.key = 'KEY'; early.filters = {province: ['ชลบุรี', 'เชียงราย'], year_be: 2562}; "
        "document.querySelector('main').append(early);</script>"
    )
    page.goto(portal.page(early + LOAD))
    page.wait_for_function("!!customElements.get('karani-search')")
    assert page.get_attribute("karani-search", "year-be") == "2562"
    found = page.evaluate("document.querySelector('karani-search').search('เทศบาล')")
    assert {hit["citation"]["case"]["province"] for hit in found["hits"]} <= {"ชลบุรี", "เชียงราย"}
    assert {hit["citation"]["case"]["year_be"] for hit in found["hits"]} == {2562}
    assert box(page).input_value() == "เทศบาล"
    page.evaluate("document.querySelector('karani-search').clear()")
    assert page.locator("karani-search .hit").count() == 0
    page.evaluate("document.querySelector('karani-search').focus()")
    assert page.evaluate("document.activeElement.localName") == "karani-search"


def test_a_page_may_take_a_click_over(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET))
    page.evaluate("addEventListener('karani-select', (event) => event.preventDefault())")
    ask(page, MOU)
    page.click("karani-search .hit-title a")
    page.wait_for_timeout(200)
    assert len(page.context.pages) == 1
    assert page.url.startswith(portal.site.origin)
    assert events(page, "select")[0]["rank"] == 1


def test_thumbs_are_kept_and_may_be_changed(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET))
    ask(page, MOU)
    thumbs = page.locator("karani-search .hit").first.locator(".thumbs")
    thumbs.locator("button").nth(0).click()
    thumbs.locator(".thanks:not(:empty)").wait_for()
    assert thumbs.locator("button").nth(0).get_attribute("aria-pressed") == "true"
    thumbs.locator("button").nth(1).click()
    page.wait_for_function("window.heard.filter(([name]) => name === 'feedback').length === 2")
    (said, changed) = events(page, "feedback")
    assert (said["relevant"], changed["relevant"], said["rank"]) == (True, False, 1)
    stored = "SELECT relevant FROM feedback WHERE query = ? AND passage_id = ?"
    deadline = time.monotonic() + 5
    while portal.database.rows(stored, [MOU, said["passage_id"]]) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_stands_inside_is_for_readers_without_scripts(portal: Portal, open_page: Open) -> None:
    inside = WIDGET.replace("</karani-search>", '<a href="ENDPOINT/">ค้นหา</a></karani-search>')
    page = open_page(java_script_enabled=False)
    page.goto(portal.page(inside))
    assert page.is_visible("karani-search > a")
    page = open_page()
    page.goto(portal.page(inside))
    box(page).wait_for()
    assert not page.is_visible("karani-search > a")


def test_a_widget_may_be_moved_and_asked_before_it_stands_in_the_page(
    portal: Portal, open_page: Open
) -> None:
    page = open_page()
    page.goto(portal.page(WIDGET + '<section id="other"></section>'))
    box(page).wait_for()
    found = page.evaluate(
        """async (endpoint) => {
             const loose = document.createElement("karani-search");
             loose.endpoint = endpoint; loose.key = document.querySelector("karani-search").key;
             const found = await loose.search("เทศบาล");
             document.querySelector("#other").append(loose);
             return [found.hits.length, loose.shadowRoot.querySelectorAll(".hit").length]; }""",
        portal.address,
    )
    assert found == [5, 5]
    page.evaluate(
        """() => { const widget = document.querySelector("karani-search");
             widget.search("ผู้สูงอายุ"); document.querySelector("#other").append(widget); }"""
    )
    page.locator("karani-search").nth(1).locator(".hit").first.wait_for()


def test_a_removed_widget_asks_no_more(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET))
    page.wait_for_function("!!customElements.get('karani-search')")
    aborted: list[str] = []
    page.on("requestfailed", lambda request: aborted.append(request.failure))
    page.route("**/v1/search", lambda _: None)  # never answered
    ask(page, MOU)
    page.wait_for_selector("karani-search .waiting")
    page.evaluate("document.querySelector('karani-search').remove()")
    page.wait_for_timeout(200)
    assert any("ABORTED" in why for why in aborted)
    assert events(page, "error") == []


def test_too_many_searches_count_down(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(portal.page(WIDGET))
    headers = {
        "retry-after": "2",
        "content-type": "application/problem+json",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Retry-After",
    }
    problem = {"type": "urn:karani:problem:too-many-requests", "title": "x", "status": 429, "detail": "ก · a"}
    page.route(
        "**/v1/search", lambda route: route.fulfill(status=429, headers=headers, body=json.dumps(problem))
    )
    ask(page, MOU)
    again = page.locator("karani-search .error button")
    again.wait_for()
    assert again.is_disabled()
    page.unroute("**/v1/search")
    page.wait_for_function(
        "!document.querySelector('karani-search').shadowRoot.querySelector('.error button').disabled"
    )
    again.click()
    page.wait_for_selector("karani-search .answer-text")


def test_offline(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(portal.page(WIDGET))
    page.wait_for_function("!!customElements.get('karani-search')")
    page.context.set_offline(True)
    ask(page, MOU)
    page.wait_for_selector("karani-search .error")
    assert "อินเทอร์เน็ต" in page.inner_text("karani-search .error")
    page.context.set_offline(False)
    page.click("karani-search .error button")
    page.wait_for_selector("karani-search .answer-text")


def test_no_answer_says_so(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET))
    ask(page, "ราคาหุ้นเทสลาเมื่อวาน")
    page.wait_for_selector("karani-search .answer.none")
    assert events(page, "answer") == []
    assert events(page, "results")[0]["answered"] is False


def test_a_phone_never_scrolls_sideways(portal: Portal, open_page: Open) -> None:
    page = open_page(**PHONE)
    page.goto(portal.page(WIDGET + WIDGET.replace("<karani-search ", '<karani-search mode="modal" ')))
    ask(page, MOU)
    page.wait_for_selector("karani-search .hit")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.tap("karani-search .opener")
    ask(page, MOU, 1)
    page.locator("karani-search").nth(1).locator(".hit").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_dark_where_the_page_is_dark(portal: Portal, open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    theme = "document.querySelector('karani-search').shadowRoot.querySelector('.root').dataset.theme"
    page.goto(portal.page(WIDGET))
    page.wait_for_function("!!customElements.get('karani-search')")
    assert page.evaluate(theme) == "light"  # the page itself knows no dark
    page.goto(portal.page("<style>html { color-scheme: light dark }</style>" + WIDGET))
    page.wait_for_function("!!customElements.get('karani-search')")
    assert page.evaluate(theme) == "dark"
    page.goto(portal.page("<style>.night body { background: #101418 }</style>" + WIDGET))
    page.wait_for_function("!!customElements.get('karani-search')")
    page.evaluate("document.documentElement.className = 'night'")
    page.wait_for_function(f"{theme} === 'dark'")
    page.evaluate("document.querySelector('karani-search').theme = 'light'")
    assert page.evaluate(theme) == "light"


def test_pages_that_run_from_right_to_left(portal: Portal, open_page: Open) -> None:
    page = open_page(viewport={"width": 500, "height": 700})
    page.goto(portal.page("<script>document.documentElement.dir = 'rtl'</script>" + WIDGET))
    ask(page, MOU)
    page.wait_for_selector("karani-search .hit")
    assert page.eval_on_selector("karani-search blockquote", "e => getComputedStyle(e).direction") == "ltr"
    assert page.evaluate("document.documentElement.scrollWidth") <= 500


def test_what_the_system_asks_for(portal: Portal, open_page: Open) -> None:
    page = open_page(reduced_motion="reduce", forced_colors="active")
    page.goto(portal.page(WIDGET))
    page.route("**/v1/search", lambda _: None)
    ask(page, MOU)
    moving = "e => getComputedStyle(e).animationName"
    assert page.eval_on_selector("karani-search .waiting .line", moving) == "none"
    page.unroute("**/v1/search")
    ask(page, MOU)
    page.wait_for_selector("karani-search .hit")
    colours = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    background, ink = page.eval_on_selector("karani-search .hit mark", colours)
    assert background != ink
    page.set_viewport_size({"width": 800, "height": 600})
    page.emulate_media(media="print")
    assert not page.is_visible("karani-search form")
    assert page.is_visible("karani-search .answer-text")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violation(portal: Portal, open_page: Open, scheme: str) -> None:
    script = axe_file().read_text(encoding="utf-8")
    page = open_page(viewport={"width": 1000, "height": 900})
    style = "<style>html { background: #14181c; color: #eee }</style>" if scheme == "dark" else ""
    second = '<h2>อีกช่อง</h2><karani-search mode="modal" endpoint="ENDPOINT" key="KEY"></karani-search>'
    page.goto(portal.page(style + WIDGET + second))
    found = []

    def check(state: str) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
        found.extend((state, v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"])

    page.evaluate(script)
    check("empty")
    box(page).press_sequentially("เทศ")
    page.wait_for_selector("karani-search [role=option]")
    page.keyboard.press("ArrowDown")
    check("suggestions")
    ask(page, MOU)
    page.wait_for_selector("karani-search .hit")
    check("results")
    ask(page, "ราคาหุ้นเทสลาเมื่อวาน")
    page.wait_for_selector("karani-search .answer.none")
    check("no answer")
    page.route("**/v1/search", lambda route: route.abort())
    ask(page, MOU)
    page.wait_for_selector("karani-search .error")
    check("error")
    page.unroute("**/v1/search")
    page.keyboard.press("Control+k")
    ask(page, MOU, 1)
    page.locator("karani-search").nth(1).locator(".hit").first.wait_for()
    check("dialog")
    assert found == []
