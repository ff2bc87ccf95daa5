"""The summary on the results page, in a real browser, from an endpoint that writes as the test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.service.answering.conftest import ALSO, GOOD, MOU
from tests.service.chat_server import ChatServer
from tests.service.conftest import fetch
from tests.service.pages.test_browser import axe_file

Open = Callable[..., Any]


def test_a_reader_asks_for_a_summary_and_follows_a_citation(
    address: str, chat: ChatServer, open_page: Open
) -> None:
    chat.script = lambda reply, _: reply.stream(GOOD + ALSO)
    page = open_page()
    page.goto(f"{address}/?q={MOU}")
    page.click("[data-ask]")
    page.wait_for_selector(".written-sources li")
    assert "ศูนย์แพทย์ชุมชน" in page.inner_text(".written-text")
    assert page.locator(".written-text a").all_inner_texts() == ["1", "1"]
    assert page.evaluate("document.activeElement.id") == "written"
    assert page.get_attribute(".written-text", "aria-live") == "polite"
    page.click(".written-text a >> nth=0")
    page.wait_for_selector("#cite")
    assert "MOU" in page.inner_text("#cite")


def test_what_cannot_be_written_is_said_and_the_answer_stays(
    address: str, chat: ChatServer, open_page: Open
) -> None:
    chat.script = lambda reply, _: reply.stream(GOOD + "เทศบาลทำ MOU กับโรงพยาบาล [9]\n")
    page = open_page()
    page.goto(f"{address}/?q={MOU}&lang=en")
    page.click("[data-ask]")
    page.wait_for_selector("text=No summary can be given now")
    assert page.inner_text(".written-text") == ""
    assert page.inner_text(".answer-text") == "เทศบาลตำบลบ้านบึง"


def test_markup_from_the_endpoint_never_becomes_markup(
    address: str, chat: ChatServer, open_page: Open
) -> None:
    evil = "<img src=x onerror=\"document.title='broken-into'\">เทศบาลทำบันทึกข้อตกลงกับโรงพยาบาล [1]\n"
    chat.script = lambda reply, _: reply.stream(GOOD + evil)
    page = open_page()
    page.goto(f"{address}/?q={MOU}")
    page.click("[data-ask]")
    page.wait_for_selector(".written-sources li")
    assert page.locator(".written img").count() == 0
    assert page.title() != "broken-into"


def test_filters_of_the_address_are_asked_with(address: str, chat: ChatServer, open_page: Open) -> None:
    chat.script = lambda reply, _: reply.stream("NONE")
    page = open_page()
    page.goto(f"{address}/?q=ใครดูแลผู้สูงอายุ&province=ชลบุรี")
    with page.expect_request("**/answer") as asked:
        page.click("[data-ask]")
    assert asked.value.post_data_json == {"q": "ใครดูแลผู้สูงอายุ", "province": ["ชลบุรี"]}


def test_it_is_not_there_when_off_or_without_scripts(
    demo_address: str, address: str, open_page: Open
) -> None:
    assert b"data-written" not in fetch(f"{demo_address}/?q=MOU")[1]
    page = open_page(java_script_enabled=False)
    page.goto(f"{address}/?q={MOU}")
    assert not page.is_visible("[data-written]")


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 390)], ids=["light-desktop", "dark-phone"]
)
def test_no_accessibility_violation(
    address: str, chat: ChatServer, open_page: Open, scheme: str, width: int
) -> None:
    chat.script = lambda reply, _: reply.stream(GOOD + ALSO)
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True)
    page.goto(f"{address}/?q={MOU}")
    page.click("[data-ask]")
    page.wait_for_selector(".written-sources li")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe_file().read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []
