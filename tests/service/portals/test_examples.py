"""Every example is run, as it stands, against a service that wants keys; docs/embedding.md shows them verbatim."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from index.engine import Engine
from tests.service.portals.portal import Portal, ask_in_frame, open_portal

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
GUIDE = ROOT / "docs" / "embedding.md"
MOU = "ใครใช้ MOU กับโรงพยาบาล"
ANSWER = "เทศบาลตำบลบ้านบึง"
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def portal(demo_engine: Engine) -> Iterator[Portal]:
    with open_portal(demo_engine) as opened:
        for path in EXAMPLES.iterdir():
            if path.suffix in {".html", ".js", ".css"}:
                opened.site.put(f"/{path.name}", filled(opened, path.read_text(encoding="utf-8")))
        yield opened


def filled(portal: Portal, text: str) -> str:
    """An example with this service's address and this portal's key instead of the guide's."""
    return text.replace("https://karani.example", portal.address).replace("krn_YOUR_KEY", portal.key)


def run(portal: Portal, *command: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"this example wants {command[0]}, which is not installed")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "service" / "client"),
        "KARANI_ENDPOINT": portal.address,
        "KARANI_KEY": portal.server_key if key is None else key,
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        [program, *command[1:]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
        cwd=EXAMPLES,
    )


PROGRAMS = [
    ("sh", "curl.sh"),
    ("node", "search.mjs"),
    ("php", "search.php"),
    (sys.executable, "search.py"),
    (sys.executable, "client.py"),
]
NAMES = [name for _, name in PROGRAMS]


@pytest.mark.parametrize(("program", "name"), PROGRAMS, ids=NAMES)
def test_a_program_finds_the_answer_and_its_page(portal: Portal, program: str, name: str) -> None:
    if name == "curl.sh" and shutil.which("curl") is None:
        pytest.skip("this example wants curl, which is not installed")
    done = run(portal, program, name, MOU)
    assert done.returncode == 0, done.stderr
    assert ANSWER in done.stdout
    assert "/documents/banbueng?page=1" in done.stdout


@pytest.mark.parametrize(("program", "name"), PROGRAMS, ids=NAMES)
def test_a_program_says_why_it_was_refused(portal: Portal, program: str, name: str) -> None:
    done = run(portal, program, name, MOU, key="krn_00000000_wrong")
    assert done.returncode != 0
    assert "not known here" in done.stdout + done.stderr


def test_php_prints_documents_as_text(portal: Portal) -> None:
    done = run(portal, "php", "search.php", "<script>alert(1)</script> MOU")
    assert done.returncode == 0, done.stderr
    assert "<script" not in done.stdout


def test_widget_html(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{portal.site.origin}/widget.html")
    page.locator("karani-search input").fill(MOU)
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .answer-text")
    assert page.inner_text("karani-search .answer-text") == ANSWER


def test_widget_html_without_a_key(portal: Portal, open_page: Open) -> None:
    text = (EXAMPLES / "widget.html").read_text(encoding="utf-8").replace(' key="krn_YOUR_KEY"', "")
    portal.site.put("/keyless.html", filled(portal, text))
    page = open_page()
    page.goto(f"{portal.site.origin}/keyless.html")
    page.locator("karani-search input").fill(MOU)
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .error")
    assert page.locator("karani-search .hit").count() == 0


def test_widget_themed_html(portal: Portal, open_page: Open) -> None:
    page = open_page()
    logged: list[str] = []
    page.on("console", lambda message: logged.append(message.text))
    page.goto(f"{portal.site.origin}/widget-themed.html")
    page.wait_for_function("!!customElements.get('karani-search')")
    page.keyboard.press("Control+k")
    page.locator("karani-search input").fill("เทศบาล")
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .hit")
    page.wait_for_function("document.getElementById('last').textContent.startsWith('เทศบาล (')")
    colour = "e => getComputedStyle(e).backgroundColor"
    assert page.eval_on_selector("karani-search .submit", colour) == "rgb(29, 78, 216)"
    assert not page.is_visible("karani-search .end")
    with page.expect_popup():
        page.click("karani-search .hit-title a >> nth=0")
    assert any(line.startswith("opened hit 1 http") for line in logged)


def test_embed_html(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{portal.site.origin}/embed.html")
    frame = ask_in_frame(page, MOU)
    frame.locator(".answer-text").wait_for()
    page.wait_for_function("document.querySelector('iframe').getBoundingClientRect().height > 600")


def test_fetch_html(portal: Portal, open_page: Open) -> None:
    page = open_page()
    page.goto(f"{portal.site.origin}/fetch.html")
    page.fill("input[name=q]", MOU)
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits a")
    assert page.inner_text("#answer") == ANSWER
    assert "MOU" in page.inner_text("#hits mark >> nth=1") or page.locator("#hits mark").count() > 0
    assert page.get_attribute("#hits a", "href").startswith(f"{portal.address}/documents/banbueng?page=1")


def test_the_guide_shows_the_examples_verbatim() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    blocks = {text.strip() for text in re.findall(r"```\w+\n(.*?)```", guide, re.DOTALL)}
    for path in EXAMPLES.iterdir():
        if path.is_file():
            assert path.read_text(encoding="utf-8").strip() in blocks, (
                f"{path.name} is not in {GUIDE.name} as it stands"
            )


def test_the_guides_policy_is_enough(portal: Portal, open_page: Open) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    policy = re.search(r"Content-Security-Policy: (.*script-src https://karani\.example.*)", guide)
    assert policy is not None
    page = open_page()
    text = filled(portal, (EXAMPLES / "widget.html").read_text(encoding="utf-8"))
    portal.site.put("/strict.html", text, Content_Security_Policy=filled(portal, policy[1]))
    page.goto(f"{portal.site.origin}/strict.html")
    page.locator("karani-search input").fill(MOU)
    page.keyboard.press("Enter")
    page.wait_for_selector("karani-search .answer-text")


def test_curl_prints_the_whole_answer(portal: Portal) -> None:
    if shutil.which("curl") is None:
        pytest.skip("this example wants curl, which is not installed")
    body = json.loads(run(portal, "sh", "curl.sh", MOU).stdout)
    assert len(body["hits"]) == 3
