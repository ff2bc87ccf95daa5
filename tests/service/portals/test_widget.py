"""The widget in pages of another origin: chromium, a service that wants keys, a portal on another port."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from corpus.settings import Settings
from index.engine import Engine
from service.portals.widget import SCRIPT
from tests.service.portals.portal import Portal, open_portal

MOU = "ใครใช้ MOU กับโรงพยาบาล"
LOAD = '<script src="ENDPOINT/widget.js" async></script>'
WIDGET = LOAD + '<karani-search endpoint="ENDPOINT" key="KEY"></karani-search>'
STRICT = (
    "default-src 'none'; script-src ENDPOINT; connect-src ENDPOINT; "
    "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
)
HOSTILE = """
html, body, main { display: block !important; }
main * { all: unset !important; display: none !important; position: absolute !important; }
html { font-size: 70px !important; } body { font: italic 60px/4 cursive; color: red; text-transform: uppercase; letter-spacing: 1em; }
karani-search * { color: red !important; } karani-search::before { content: "x"; }
input, button, a, mark, dialog, ul, li { font-size: 90px !important; display: none !important; float: right !important; }
"""
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def portal(demo_engine: Engine) -> Iterator[Portal]:
    with open_portal(demo_engine) as opened:
        yield opened


@pytest.fixture(scope="module")
def odd_portal(odd_settings: Settings) -> Iterator[Portal]:
    engine = Engine.open(odd_settings)
    with open_portal(engine) as opened:
        yield opened
    engine.close()


def box(page: Any, number: int = 0) -> Any:
    return page.locator("karani-search").nth(number).locator("input")


def ask(page: Any, text: str, number: int = 0) -> None:
    box(page, number).fill(text)
    box(page, number).press("Enter")


def heard(page: Any) -> None:
    """Keep every event of the widget in ``window.heard``."""
    page.add_init_script(
        """
        window.heard = [];
        for (const name of ["search", "results", "answer", "select", "feedback", "error"])
          addEventListener(`karani-${name}`, (event) => window.heard.push([name, event.detail]));
        """
    )


def events(page: Any, name: str) -> list[Any]:
    return [detail for kind, detail in page.evaluate("window.heard") if kind == name]


# -- the file ------------------------------------------------------------------------


def test_the_file_is_small_and_may_be_loaded_anywhere(client: TestClient) -> None:
    packed = client.get("/widget.js", headers={"accept-encoding": "gzip"})
    assert len(SCRIPT.packed) < 25_000
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(SCRIPT.packed)
    assert packed.headers["access-control-allow-origin"] == "*"
    assert packed.headers["cross-origin-resource-policy"] == "cross-origin"
    assert packed.headers["content-type"].startswith("text/javascript")
    plain = client.get("/widget.js", headers={"accept-encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress(SCRIPT.packed)


def test_the_file_is_kept_by_its_version_and_asked_for_again_by_its_tag(client: TestClient) -> None:
    first = client.get("/widget.js")
    assert "immutable" not in first.headers["cache-control"]
    again = client.get("/widget.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/widget.js", headers={"if-none-match": '"old"'}).status_code == 200
    assert "immutable" in client.get(f"/widget.js?v={SCRIPT.version}").headers["cache-control"]
    assert "immutable" not in client.get("/widget.js?v=old").headers["cache-control"]


def test_no_markup_is_parsed_and_nothing_is_evaluated() -> None:
    text = SCRIPT.plain.decode()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )
    assert not re.search(r"""https?://(?!www\.w3\.org)(?!karani\.example)""", text)


# -- in another site's page ----------------------------------------------------------


def test_the_two_lines_in_an_empty_page(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET))
    ask(page, MOU)
    page.wait_for_selector("karani-search .hit")
    assert page.inner_text("karani-search .answer-text") == "เทศบาลตำบลบ้านบึง"
    assert "MOU" in page.inner_text("karani-search mark.evidence")
    link = page.locator("karani-search .action")
    assert link.get_attribute("href").startswith(f"{portal.address}/documents/banbueng?page=1&start=")
    with page.expect_popup() as opened:
        link.click()
    viewer = opened.value
    viewer.wait_for_selector("#cite")
    assert "MOU" in viewer.inner_text("main")
    assert viewer.evaluate("window.opener") is None
    (answer,) = events(page, "answer")
    assert answer["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    (results,) = events(page, "results")
    assert results["count"] == 5
    assert results["total"] > 5
    assert events(page, "select")[0]["kind"] == "answer"


def test_without_a_key_it_says_so_and_tells_the_page(portal: Portal, open_page: Open) -> None:
    page = open_page()
    heard(page)
    page.goto(portal.page(LOAD + '<karani-search endpoint="ENDPOINT" lang="en"></karani-search>'))
    ask(page, MOU)
    page.wait_for_selector("karani-search .error")
    assert "cannot be used yet" in page.inner_text(
        "karani-search .error"
    ) or "may not use" in page.inner_text("karani-search .error")
    page.click("karani-search summary")
    assert "karani keys create" in page.inner_text("karani-search .error")
    assert events(page, "error")[0]["status"] in (401, 403)
    assert events(page, "results") == []


def test_a_key_of_another_site(portal: Portal, open_page: Open) -> None:
    other = portal.make("other", origins=["https://elsewhere.example.go.th"])[1]
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET.replace("KEY", other)))
    ask(page, MOU)
    page.wait_for_selector("karani-search .error")
    assert events(page, "error")[0]["status"] == 403
    page.click("karani-search summary")
    assert portal.site.origin in page.inner_text("karani-search .error")


def test_a_revoked_key(portal: Portal, open_page: Open) -> None:
    key, text = portal.make("soon gone", origins=[portal.site.origin])
    portal.revoke(key)
    page = open_page()
    heard(page)
    page.goto(portal.page(WIDGET.replace("KEY", text)))
    ask(page, MOU)
    page.wait_for_selector("karani-search .error")
    assert events(page, "error")[0]["status"] == 401
    assert events(page, "error")[0]["kind"] == "key-revoked"


def test_an_unlisted_origin_is_told_from_a_broken_line(demo_engine: Engine, open_page: Open) -> None:
    with open_portal(demo_engine) as portal:
        for key in portal.keys.all():
            portal.revoke(key)
        page = open_page()
        heard(page)
        page.goto(portal.page(WIDGET))
        ask(page, MOU)
        page.wait_for_selector("karani-search .error")
        assert events(page, "error")[0]["kind"] == "origin-not-allowed"
        page.goto(
            portal.page(LOAD + '<karani-search endpoint="http://127.0.0.1:2" key="KEY"></karani-search>')
        )
        ask(page, MOU)
        page.wait_for_selector("karani-search .error")
        assert events(page, "error")[-1]["kind"] == "unreachable"


def test_a_strict_policy_with_trusted_types(portal: Portal, open_page: Open) -> None:
    page = open_page()
    address = portal.page(WIDGET, Content_Security_Policy=portal.filled(STRICT))
    page.goto(address)
    box(page).press_sequentially("เทศ")
    page.wait_for_selector("karani-search [role=option]")
    ask(page, MOU)
    page.wait_for_selector("karani-search .hit")
    # Styled by the widget's own sheet although the page's policy allows no style at all.
    assert (
        page.eval_on_selector("karani-search .submit", "e => getComputedStyle(e).backgroundColor")
        == "rgb(14, 92, 85)"
    )


def test_integrity_and_version(portal: Portal, open_page: Open) -> None:
    tag = f'<script src="ENDPOINT/widget.js?v={SCRIPT.version}" integrity="{SCRIPT.integrity}" crossorigin async></script>'
    page = open_page()
    page.goto(
        portal.page(tag + '<karani-search key="KEY"></karani-search>')
    )  # its own origin is the endpoint
    ask(page, MOU)
    page.wait_for_selector("karani-search .answer-text")


def test_hostile_styles_change_nothing(portal: Portal, open_page: Open) -> None:
    def measured(page: Any) -> Any:
        ask(page, MOU)
        page.wait_for_selector("karani-search .hit")
        return page.evaluate(
            """() => [...document.querySelector("karani-search").shadowRoot.querySelectorAll(
                 "input, .submit, .answer, .answer-text, .hit-title a, mark, .thumbs button, .facts li")].map((e) => {
                 const s = getComputedStyle(e), r = e.getBoundingClientRect();
                 return [e.className, s.fontSize, s.fontFamily, s.fontStyle, s.color, s.display, s.letterSpacing,
                         s.textTransform, s.float, Math.round(r.width), Math.round(r.height)]; })"""
        )

    page = open_page(viewport={"width": 900, "height": 900})
    page.goto(portal.page(f'<div style="width:700px">{WIDGET}</div>'))
    plain = measured(page)
    page.goto(
        portal.page(
            f"<style>{HOSTILE} main > div {{ display: block !important; width: 700px !important; }}"
            f"karani-search {{ width: 700px !important; }}</style><div>{WIDGET}</div>"
        )
    )
    assert measured(page) == plain
    assert all(row[9] > 0 and row[10] > 0 for row in plain)


def test_hidden_is_respected(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(portal.page(WIDGET.replace("<karani-search ", "<karani-search hidden ")))
    page.wait_for_function("!!customElements.get('karani-search')")
    assert not page.is_visible("karani-search")


def test_scripts_in_documents_and_questions_never_run(odd_portal: Portal, open_page: Open) -> None:
    page = open_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(odd_portal.page(WIDGET))
    ask(page, "ขยะอันตราย")
    page.wait_for_selector("karani-search .hit")
    assert "<script>" in page.inner_text("karani-search .out")
    ask(page, "<img src=x onerror=alert(1)>ขยะ")
    page.wait_for_selector("karani-search .out[aria-busy=false]")
    assert page.title() == "portal"
    assert page.locator("karani-search .out").locator("script, img, iframe").count() == 0
    assert dialogs == []


def test_marks_stand_right_behind_characters_of_two_units(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(portal.page(WIDGET))
    text = "😀𝟚 ก่อน น้ำท่วม หลัง"
    start = len("😀𝟚 ก่อน ")
    cited = {
        "document_id": "d", "title": "เอกสาร", "page": 1, "start": 0, "end": len(text), "source": "", "case": None,
        "url": "/documents/d?page=1", "quote": "", "cleaner": "1",
    }  # fmt: skip
    hit = {
        "rank": 1, "score": 1, "passage_id": "p", "heading": "", "text": text, "parts": {}, "more": [],
        "highlights": [[start, start + len("น้ำท่วม")]], "citation": cited,
    }  # fmt: skip
    answer = {
        "text": "น้ำท่วม", "kind": "sentence", "evidence": "น้ำท่วม หลัง", "passage_id": "p", "confidence": 0.9,
        "citation": {**cited, "start": start, "end": len(text)},
    }  # fmt: skip
    body = {
        "query": "x",
        "suggestion": None,
        "total": 1,
        "hits": [hit],
        "answer": answer,
        "generation": "g",
        "took_ms": 1,
    }
    headers = {"access-control-allow-origin": "*"}
    page.route("**/v1/search", lambda route: route.fulfill(body=json.dumps(body), headers=headers))
    ask(page, "น้ำท่วม")
    page.wait_for_selector("karani-search .hit mark")
    assert page.inner_text("karani-search .hit mark") == "น้ำท่วม"
    assert page.inner_text("karani-search mark.evidence") == "น้ำท่วม หลัง"
