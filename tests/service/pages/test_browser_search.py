"""The search page in a browser: suggestions, filters that combine, references, votes, colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.service.pages.test_browser import MOU, PHONE, axe_file

Open = Callable[..., Any]
OLD = "ผู้สูงอายุ"
OPTIONS = ".suggest [role=option]"


def query_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def focused(page: Any) -> str:
    found: str = page.evaluate("document.activeElement.value ?? document.activeElement.id")
    return found


# -- suggestions


def suggest(page: Any, text: str) -> None:
    page.fill("input[name=q]", text)
    page.wait_for_selector(OPTIONS)


def test_suggestions_are_chosen_by_keys(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    box = page.get_by_role("combobox")
    assert box.get_attribute("aria-expanded") == "false"
    suggest(page, "ผู้สูง")
    assert box.get_attribute("aria-expanded") == "true"
    count = page.locator(OPTIONS).count()
    assert page.inner_text(".search [role=status]") == f"{count} คำแนะนำ"
    page.keyboard.press("ArrowDown")
    active = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert active.get_attribute("aria-selected") == "true"
    page.keyboard.press("End")
    assert box.get_attribute("aria-activedescendant").endswith(f"-{count - 1}")
    page.keyboard.press("ArrowDown")  # past the last, back in the box
    assert box.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert box.get_attribute("aria-activedescendant").endswith("-0")
    page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "ผู้สูง"
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(OPTIONS)
    page.keyboard.press("ArrowDown")
    chosen = page.inner_text(f"{OPTIONS}[aria-selected=true] .suggest-text")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert query_of(page)["q"] == [chosen]


def test_a_case_opens_its_page_and_says_what_it_is(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    suggest(page, "เทศบาลตำบลบ้านบึ")
    option = page.locator(OPTIONS, has=page.get_by_text("กรณี", exact=True)).first
    assert option.locator("svg").count() == 1
    option.click()
    page.wait_for_url("**/cases/**")


def test_the_typed_part_is_marked_by_whole_clusters(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    suggest(page, "ผู้สู")
    marks = page.locator(f"{OPTIONS} mark").all_inner_texts()
    assert marks
    for text in page.locator(f"{OPTIONS} .suggest-text").all_inner_texts():
        for mark in marks:
            rest = text.split(mark, 1)[1] if mark in text else ""
            assert not re.match("[\u0e31\u0e33-\u0e3a\u0e47-\u0e4e]", rest)


def test_tab_and_a_click_elsewhere_close_without_choosing(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    suggest(page, "ขยะ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert not page.is_visible(".suggest")
    assert page.input_value("input[name=q]") == "ขยะ"
    suggest(page, "ขยะอ")
    page.mouse.click(5, 500)
    assert not page.is_visible(".suggest")


def test_nothing_is_asked_while_an_input_method_composes(demo_address: str, open_page: Open) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/suggest?" in request.url else None)
    page.goto(demo_address)
    page.click("input[name=q]")
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "ผู้สูง", "selectionStart": 6, "selectionEnd": 6})
    page.wait_for_timeout(400)
    assert asked == []
    keyboard.send("Input.insertText", {"text": "ผู้สูง"})
    page.wait_for_selector(OPTIONS)
    assert len(asked) == 1


def test_typing_on_leaves_no_older_suggestions(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    page.route(
        re.compile(r"/suggest\?q=%E0%B8%82$"), lambda route: (page.wait_for_timeout(700), route.continue_())
    )
    page.fill("input[name=q]", "ข")
    page.wait_for_timeout(200)
    suggest(page, "ผู้สูง")
    page.wait_for_timeout(800)
    assert all("ผู้สูง" in text for text in page.locator(f"{OPTIONS} .suggest-text").all_inner_texts())


def test_a_phone_taps_a_suggestion(demo_address: str, open_page: Open) -> None:
    page = open_page(**PHONE)
    page.goto(demo_address)
    suggest(page, "ผู้สูง")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.tap(f"{OPTIONS} >> nth=0")
    page.wait_for_selector(".hit")


# -- filters, sort, parts


def test_filters_combine_at_once_and_back_undoes_them(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={OLD}")
    before = page.inner_text("#count").split(" · ")[0]
    page.evaluate("window.same = true")
    first, second = (
        page.locator("[data-facet=province] input[type=checkbox]").nth(i).get_attribute("value")
        for i in (0, 1)
    )
    page.check(f"input[type=checkbox][name=province][value='{first}']")
    page.wait_for_selector(".chip.on")
    assert focused(page) == first, "the box keeps the focus"
    page.check(f"input[type=checkbox][name=province][value='{second}']")
    page.wait_for_selector(".chip.on >> nth=1")
    assert query_of(page) == {"q": [OLD], "province": [first, second]}
    assert page.inner_text("#status").startswith(page.inner_text("#count")[:6])
    page.select_option("select[name=sort]", "newest")
    page.wait_for_url("**sort=newest**")
    assert page.evaluate("window.same"), "the page was not loaded anew"
    assert page.locator(".top input[name=province]").count() == 2
    state = page.inner_text(".hits")
    page.reload()
    assert page.inner_text(".hits") == state, "the address says it all"
    for _ in range(3):
        page.go_back()
    page.wait_for_selector(".chip.on", state="detached")
    assert page.inner_text("#count").split(" · ")[0] == before
    assert not page.is_checked(f"input[type=checkbox][name=province][value='{first}']")


def test_chips_and_pages_swap_too(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={OLD}&k=1&kind=เทศบาลตำบล")
    page.evaluate("window.same = true")
    page.click(".pages [rel=next]")
    page.wait_for_selector(".pages [aria-current]:has-text('2')")
    assert query_of(page)["offset"] == ["1"]
    assert focused(page) == "hits"
    page.click(".chip.on")
    page.wait_for_selector(".chip.on", state="detached")
    assert query_of(page) == {"q": [OLD], "k": ["1"]}
    assert page.evaluate("window.same")


def test_a_long_facet_is_searched(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q=เทศบาล")
    page.fill("[data-facet=province] [data-find]", "เชียง")
    shown = page.locator("[data-facet=province] li:visible bdi").all_inner_texts()
    assert shown
    assert all("เชียง" in name for name in shown)
    page.keyboard.press("Enter")
    assert "province" not in query_of(page)


def test_filters_without_javascript(demo_address: str, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{demo_address}/?q={OLD}")
    boxes = page.locator("[data-facet=province] input[type=checkbox]")
    chosen = [boxes.nth(i).get_attribute("value") for i in (0, 1)]
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.select_option("select[name=sort]", "name")
    page.click("p.apply button")
    assert query_of(page)["province"] == chosen
    assert page.locator(".chip.on").count() == 2
    assert not page.locator("[data-copy]:visible").count()
    page.click(".clear >> nth=0")
    assert page.locator(".chip.on").count() == 0
    assert query_of(page)["sort"] == ["name"]


def test_a_phone_folds_the_filters_and_keeps_them_open(demo_address: str, open_page: Open) -> None:
    page = open_page(**PHONE)
    page.goto(f"{demo_address}/?q={OLD}")
    assert not page.is_visible("[data-facet] input >> nth=0")
    page.tap(".filters > summary")
    page.tap("[data-facet=kind] .choice >> nth=0")
    page.wait_for_selector(".chip.on")
    assert page.is_visible("[data-facet] input >> nth=0")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


# -- references, votes, colours


def test_a_reference_is_copied(demo_address: str, open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{demo_address}/?q={MOU}")
    page.click(".answer .cite summary")
    page.click(".answer [data-copy] >> nth=2")
    page.wait_for_selector(".answer [data-copy].done")
    assert page.inner_text("#status") == "คัดลอกแล้ว"
    assert page.evaluate("navigator.clipboard.readText()").startswith("@misc{banbueng-p1-")
    page.click(".copy-search")
    page.wait_for_selector(".copy-search.done")
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query) == {"q": [MOU]}
    page.click("#hit-1 .cite summary")
    page.goto(page.inner_text("#hit-1 .cite-text.address"))
    page.wait_for_selector("#cite")
    assert "/documents/banbueng?page=1" in page.url


def test_a_vote_with_its_reason(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={MOU}")
    up, down = (page.locator("#hit-1 .vote button").nth(i) for i in (0, 1))
    with page.expect_response("**/feedback") as voted:
        up.click()
    assert voted.value.status == 201
    page.wait_for_selector("#hit-1 .why")
    with page.expect_response("**/feedback") as changed:
        down.click()
    page.wait_for_selector("#hit-1 [value=off_topic]")
    assert up.get_attribute("aria-pressed") == "false"
    assert down.get_attribute("aria-pressed") == "true"
    assert changed.value.json()["receipt"] == voted.value.json()["receipt"], "a changed mind is one judgement"
    page.check("#hit-1 [value=off_topic]")
    page.fill("#hit-1 textarea", "ถามคนละเรื่อง")
    with page.expect_response("**/feedback") as told:
        page.click("#hit-1 .why .button")
    assert told.value.json()["receipt"] == voted.value.json()["receipt"]
    page.wait_for_selector("#hit-1 .vote-thanks")
    assert page.url.endswith(urlsplit(page.url).query), "still on the results"


def test_a_vote_without_javascript_leads_back(demo_address: str, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{demo_address}/?q={MOU}")
    page.click("#hit-2 .vote button >> nth=1")
    page.check("[value=outdated]")
    page.click(".why-buttons .button")
    assert page.is_visible(".thanks")
    assert query_of(page)["q"] == [MOU]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_colours_are_remembered(demo_address: str, open_page: Open, script: bool) -> None:
    page = open_page(color_scheme="light", java_script_enabled=script)
    paper = "getComputedStyle(document.body).backgroundColor"
    page.goto(f"{demo_address}/?q={MOU}")
    page.click(".theme summary")
    page.click(".theme a >> nth=2")
    page.wait_for_load_state()
    assert query_of(page)["q"] == [MOU]
    assert ("theme" in query_of(page)) != script
    page.goto(f"{demo_address}/cases")
    if script:
        assert page.evaluate(paper) == "rgb(17, 23, 26)"
        page.emulate_media(media="print")
        assert page.evaluate(paper) == "rgb(255, 255, 255)", "paper is white"
    assert page.locator("link[href*='dark.css'][media=screen]").count() == 1


def test_menus_close_by_escape(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/?q={MOU}")
    page.click(".theme summary")
    page.keyboard.press("Escape")
    assert not page.is_visible(".theme ul")
    assert page.evaluate("document.activeElement.matches('.theme summary')")
    page.keyboard.press("?")
    assert page.is_visible(".keys kbd >> nth=0")


# -- for everybody


@pytest.mark.parametrize(
    ("scheme", "size", "language"),
    [("light", (1280, 900), "th"), ("dark", (390, 844), "en"), ("light", (320, 256), "th")],
    ids=["desktop", "dark-phone-en", "zoomed-400%"],
)
def test_no_accessibility_violation_in_any_state(
    demo_address: str, open_page: Open, scheme: str, size: tuple[int, int], language: str
) -> None:
    script = axe_file().read_text(encoding="utf-8")
    page = open_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    found = []

    def judge(state: str) -> None:
        page.evaluate(script)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
        found.extend((state, v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"])
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], state

    page.goto(f"{demo_address}/?lang={language}")
    suggest(page, "ผู้สูง")
    page.keyboard.press("ArrowDown")
    judge("suggestions")
    page.goto(f"{demo_address}/?q={OLD}&province=ชลบุรี&province=เชียงราย&kind=เทศบาลตำบล")
    if not page.is_visible("[data-facet]"):
        page.click(".filters > summary")
    judge("filters")
    page.goto(f"{demo_address}/?q={MOU}")
    page.click(".answer .cite summary")
    page.click("#hit-1 .vote button >> nth=1")
    page.wait_for_selector("#hit-1 .why")
    page.click(".theme summary")
    judge("references, reasons, colours")
    page.goto(f"{demo_address}/feedback?query=a&relevant=0&back=/")
    judge("reasons page")
    page.goto(f"{demo_address}/?q=เทศบาล&k=4&offset=8&thanks=1")
    judge("third part")
    assert found == []


def test_the_sticky_bar_never_covers_what_has_the_focus(demo_address: str, open_page: Open) -> None:
    page = open_page(viewport={"width": 1100, "height": 500})
    page.goto(f"{demo_address}/?q={MOU}")
    page.focus(".hit-link >> nth=-1")
    for _ in range(25):
        page.keyboard.press("Shift+Tab")
        covered = page.evaluate(
            "() => { const e = document.activeElement, r = e.getBoundingClientRect();"
            " const bar = document.querySelector('.top'); return !bar.contains(e) && r.height > 1"
            " && r.bottom <= bar.getBoundingClientRect().bottom + 1 }"
        )
        assert not covered


def test_text_spacing_loses_nothing(demo_address: str, open_page: Open) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page.goto(f"{demo_address}/?q={MOU}")
    page.add_style_tag(
        content="* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
        " p { margin-bottom: 2em !important }"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
