"""A person who reads: lists, a case, the map, the viewer with the original beside, in chromium."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from service.pages.fragments import share_url
from tests.service.conftest import CHROMIUM_ARGUMENTS, fetch
from tests.service.pages.pdf_corpus import NAME, QUOTE
from tests.service.pages.test_browser import PHONE, axe_file, in_view

Open = Callable[..., Any]
BANBUENG = "เทศบาลตำบลบ้านบึง"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def body(address: str, path: str) -> Any:
    return json.loads(fetch(address + quote(path, safe="/?=&%"))[1])


def case_path(address: str) -> str:
    cases = body(address, f"/v1/cases?find={BANBUENG}")["cases"]
    return str(cases[0]["url"])


def cited_path(address: str, more: str = "") -> str:
    text = body(address, f"/v1/documents/{NAME}/pages/2")["text"]
    start = text.index(QUOTE)
    return f"/documents/{quote(NAME)}?page=2&start={start}&end={start + len(QUOTE)}{more}"


def test_from_the_map_to_a_case_and_its_page(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address)
    page.click(".menu a[href='/provinces']")
    page.get_by_role("link", name="ชลบุรี · ชบ 1 กรณี").click()
    assert page.input_value("#find") == ""
    assert page.inner_text(".chip.on bdi") == "ชลบุรี"
    page.click(".card h2 a")
    assert page.inner_text("h1") == BANBUENG
    page.click(".story .source a >> nth=0")
    page.wait_for_selector("#cite")
    assert in_view(page, "#cite")


def test_the_map_is_walked_by_arrows_and_opened_by_enter(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{demo_address}/provinces")
    page.get_by_role("link", name="เชียงใหม่ · ชม").focus()
    page.keyboard.press("ArrowRight")
    label = "document.activeElement.querySelector('title').textContent"
    assert page.evaluate(label).startswith("เชียงราย")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(label).startswith("แพร่")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip.on")
    assert page.inner_text(".chip.on bdi") == "แพร่"


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_map_is_in_the_readers_colours(demo_address: str, open_page: Open, theme: str) -> None:
    page = open_page(color_scheme="dark")
    page.goto(f"{demo_address}/provinces?theme={theme}")
    fill = page.eval_on_selector("g.tile rect", "r => getComputedStyle(r).fill")
    dark = sum(int(part) for part in re.findall(r"\d+", fill)[:3]) < 300
    assert dark == (theme != "light")


def test_filters_on_a_phone_start_folded(demo_address: str, open_page: Open) -> None:
    page = open_page(**PHONE)
    page.goto(f"{demo_address}/cases")
    assert not page.is_visible(".filters li a >> nth=0")
    page.tap(".filters summary >> nth=0")
    page.tap(".filters li a >> nth=0")
    page.wait_for_selector(".chip.on")


def test_search_within_one_case(demo_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(demo_address + case_path(demo_address))
    page.fill("#within-q", "โรงพยาบาล")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert "case_id=" in page.url
    assert page.inner_text(".hit h3") == BANBUENG


def test_a_passages_link_is_copied(demo_address: str, open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(demo_address + case_path(demo_address))
    page.click(".permalink >> nth=1")
    page.wait_for_selector(".permalink.done")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{demo_address}/documents/")
    assert "#cite:~:text=" in copied
    assert "#p-" in page.url, "the passage has an address on its own page too"
    page.goto(copied)
    assert in_view(page, "#cite")


def test_the_original_page_stands_beside_with_the_words_marked(pdf_address: str, open_page: Open) -> None:
    page = open_page(viewport={"width": 1400, "height": 900})
    page.goto(pdf_address + cited_path(pdf_address))
    page.click(".tools a >> nth=-1")
    page.wait_for_selector(".marks")
    page.wait_for_load_state("load")  # pictures included
    sizes = page.eval_on_selector_all(".paper img", "all => all.map(i => [i.offsetWidth, i.offsetHeight])")
    assert sizes[0] == sizes[1], "the marks lie over the whole picture"
    assert page.eval_on_selector(".paper img", "i => i.naturalWidth") >= 1000
    yellow = page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(200, 280), draw = canvas.getContext("2d");
          draw.drawImage(document.querySelector(".marks"), 0, 0, 200, 280);
          const seen = draw.getImageData(0, 0, 200, 280).data;
          let count = 0;
          for (let i = 3; i < seen.length; i += 4) if (seen[i] > 40) count++;
          return count;
        }"""
    )
    assert 50 < yellow < 6000
    page.click(".tabs a >> nth=1")
    page.wait_for_selector(".raw-text mark")
    assert QUOTE.split()[1] in page.inner_text(".raw-text")
    page.click(".tabs a >> nth=0")
    page.wait_for_selector(".paper")


def test_the_original_is_downloaded(pdf_address: str, open_page: Open) -> None:
    page = open_page(accept_downloads=True)
    page.goto(pdf_address + cited_path(pdf_address))
    with page.expect_download() as started:
        page.click(".side .file a[download]")
    assert started.value.suggested_filename == f"{NAME}.pdf"


def test_pages_turn_by_keys_and_by_number(odd_address: str, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{odd_address}/documents/pages?page=3")
    page.keyboard.press("j")
    page.wait_for_url("**page=7*")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**page=9*")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**page=7*")
    page.fill("#jump", "3")
    page.keyboard.press("Enter")
    page.wait_for_url("**page=3*")
    page.focus("#within-q")
    page.keyboard.type("jk")
    assert page.input_value("#within-q") == "jk"


def test_reading_without_javascript(pdf_address: str, demo_address: str, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{demo_address}/cases")
    page.click(".filters li a >> nth=0")
    page.click(".card a >> nth=0")
    assert page.locator("[data-print]:visible, .needs-js:visible").count() == 0
    page.click(".cite summary")
    assert "@misc" in page.inner_text(".cite pre")
    page.goto(f"{demo_address}/provinces")
    page.click(".by-region a >> nth=0")
    assert page.locator(".card").count() > 0
    page.goto(pdf_address + cited_path(pdf_address, "&source=1"))
    assert page.locator(".paper img").count() == 2
    page.fill("#jump", "1")
    page.click(".jump button")
    assert "page=1" in page.url
    assert "source=1" in page.url


PATHS = [
    "/cases",
    "/cases?year_be=2562&find=เทศบาล",
    "/documents",
    "/documents/banbueng",
    "/provinces",
    "CASE",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_never_scrolls_sideways(demo_address: str, open_page: Open, path: str) -> None:
    page = open_page(**PHONE)
    page.goto(demo_address + path.replace("CASE", case_path(demo_address)))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_shows_the_original_without_scrolling_sideways(pdf_address: str, open_page: Open) -> None:
    page = open_page(**PHONE)
    page.goto(pdf_address + cited_path(pdf_address, "&source=1"))
    page.wait_for_load_state("load")  # pictures included
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_tiles_are_large_enough_for_a_finger(demo_address: str, open_page: Open) -> None:
    page = open_page(**PHONE)
    page.goto(f"{demo_address}/provinces")
    sides = page.eval_on_selector_all(
        "[data-map] a rect", "all => all.map(r => r.getBoundingClientRect().width)"
    )
    assert min(sides) >= 24


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", (1280, 900)), ("dark", (390, 844))], ids=["light-desktop", "dark-phone"]
)
def test_no_accessibility_violation_where_one_reads(
    demo_address: str, pdf_address: str, odd_address: str, open_page: Open, scheme: str, size: tuple[int, int]
) -> None:
    script = axe_file().read_text(encoding="utf-8")
    page = open_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    urls = [
        demo_address + path.replace("CASE", case_path(demo_address))
        for path in [*PATHS, "/cases?province=พิจิตร", "/provinces?lang=en"]
    ]
    urls += [pdf_address + cited_path(pdf_address, more) for more in ("", "&source=1", "&source=text")]
    urls += [f"{pdf_address}/documents/{NAME}", f"{odd_address}/documents/pages?page=7&lang=th"]
    found = []
    for url in urls:
        page.goto(url)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.evaluate(script)
        result = page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
        found += [(url, v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]]
    assert found == []


def test_nothing_runs_and_nothing_is_loaded_from_elsewhere(odd_address: str, open_page: Open) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in (
        "/documents",
        "/documents/evil",
        "/documents/evil?page=1&start=2&end=60&source=1",
        "/cases",
        "/provinces",
    ):
        page.goto(odd_address + path)
        assert page.title() != "broken-into"
    assert all(url.startswith(odd_address) for url in asked)


# -- text fragments: does a browser find the words?


@pytest.fixture(scope="module")
def finding_browser(browser: Any) -> Iterator[Any]:
    """A browser that can be asked what a directive found."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    arguments = [*CHROMIUM_ARGUMENTS, "--enable-blink-features=TextFragmentAPI"]
    launched = browser.browser_type.launch(executable_path=program, args=arguments)
    yield launched
    launched.close()


_FOUND = """async () => {
  const [directive] = document.fragmentDirective.items ?? [];
  if (!directive?.getMatchingRange) return null;
  try { const range = await directive.getMatchingRange(); return [range.toString(), !!range.startContainer.parentElement.closest(".page-text")]; }
  catch { return ["", false]; }
}"""


def test_a_browser_finds_the_words_wherever_a_quotation_is_cut(
    demo_address: str, finding_browser: Any
) -> None:
    """Passages, and spans that begin and end inside runs of Thai, where ICU's words are not ours."""
    page = finding_browser.new_page()
    spans = []
    for document in body(demo_address, "/v1/documents?limit=6")["documents"]:
        told = body(demo_address, f"/v1/documents/{quote(document['document_id'])}/pages/1")
        passages = told["passages"]
        spans += [(document, told["text"], p["start"], p["end"]) for p in passages[:2]]
        spans += [(document, told["text"], p["start"] + 7, p["start"] + 31) for p in passages[1:3]]
    missed = []
    for document, text, start, end in spans:
        url = share_url(document["document_id"], 1, text, start, end, document["title"])
        page.goto("about:blank")
        page.goto(demo_address + url)
        found = page.evaluate(_FOUND)
        if found is None:
            pytest.skip("this chromium cannot be asked what a directive found")
        marked = "".join(page.locator("#cite, .page-text mark").all_inner_texts())
        if not found[1] or re.sub(r"\s", "", found[0]) != re.sub(r"\s", "", marked):
            missed.append((url, marked, found))
    assert len(spans) >= 20
    assert missed == []
