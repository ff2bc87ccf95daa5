from __future__ import annotations

import argparse
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import cli
from eval.datasets import load
from eval.experiment import Options, measure
from eval.files import write_json
from eval.report import html, markdown, plots
from eval.report.content import content_words, gather
from eval.report.marking import excerpt, pieces, spans
from tests.eval.browser import open_page
from tests.eval.sets import TEXTS, FixedSystem, beir

HOSTILE = "ใคร<script>alert(1)</script> & \"'ทำข้อตกลงกับโรงพยาบาล"
THAI = st.text(st.characters(min_codepoint=0x0E01, max_codepoint=0x0E5B), max_size=60)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    queries = {"q1": HOSTILE, "q2": "ธนาคารขยะของเด็ก", "q3": "เตือนน้ำท่วมอย่างไร"}
    texts = {**TEXTS, "d4": ("<b>ชื่อ</b>", "ข้อความ <img src=https://example.org/x>")}
    dataset = load(beir(tmp_path / "set", texts=texts, queries=queries), "test")
    before = FixedSystem({"q1": ["d2", "d1"], "q3": ["d3"]}, "lexical")
    after = FixedSystem({"q1": ["d4", "d3", "d1"], "q2": ["d2"]}, "hybrid")
    for system in (before, after):
        measure(dataset, system, tmp_path / system.name, Options(measures=("RR(rel=2)@10", "Judged@10")))
    answers = {
        "summary": {"right_first": 0.5, "citation_accuracy": 1.0, "answer_right": 0.5},
        "answerable": [
            {"confidence": 0.9, "answer_right": True, "answered": True},
            {"confidence": 0.0, "answer_right": False, "answered": False},
        ],
        "unanswerable": [{"confidence": 0.55, "declined": False}],
    }
    write_json(tmp_path / "hybrid" / "answers.json", answers)
    return [tmp_path / "lexical", tmp_path / "hybrid"]


class _Elements(HTMLParser):
    """Collects every element, and checks that they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "img", "link", "line", "rect", "circle", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"line", "rect", "circle", "polyline"} or (self.open and self.open[-1] == tag):
            assert self.open
            assert self.open.pop() == tag


def test_one_file_that_fetches_nothing_and_runs_nothing(folders: list[Path]) -> None:
    page = html.render(gather(folders))
    elements = _Elements()
    elements.feed(page)
    assert elements.open == []
    names = {name for name, _ in elements.seen}
    assert not names & {"script", "img", "link", "iframe", "object"}
    assert not any(key in attrs for _, attrs in elements.seen for key in ("src", "href", "onclick"))
    assert "url(" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert [attrs.get("lang") for name, attrs in elements.seen if name == "html"] == ["th"]


def test_content_says_what_was_found(folders: list[Path]) -> None:
    content = gather(folders)
    assert content.main == "RR(rel=2)@10"
    assert dict(content.recall["hybrid"])[1] == pytest.approx(1 / 3)
    assert dict(content.recall["hybrid"])[3] == pytest.approx(2 / 3)
    assert content.unjudged["hybrid"] == pytest.approx(2 / 4)
    assert [failure.query_id for failure in content.failures] == ["q3", "q1"]
    missed, low = content.failures
    assert missed.hits == ()
    assert [(text.title, grade, place) for text, grade, place in missed.right] == [("อบจ.ริมเล", 2, None)]
    assert low.right[0][2] == 3
    assert [change.query_id for change in content.changes] == ["q2", "q3", "q1"]
    assert content.answers[0].bins[-1].right == 1.0


def test_markdown_and_json(folders: list[Path], tmp_path: Path) -> None:
    text = markdown.render(gather(folders))
    assert "| RR(rel=2)@10 | 0.500 [" in text
    assert "not significant" in text
    assert "2 better" not in text
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    line = ["eval", "report", *map(str, folders), "--out", str(tmp_path / "report")]
    assert cli.run_command(parser.parse_args(line), io.StringIO()) == 0
    value = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert value["means"]["hybrid"]["RR(rel=2)@10"]["mean"] == pytest.approx(4 / 9)
    assert (tmp_path / "report" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_one_system_alone_has_no_comparison(folders: list[Path]) -> None:
    page = html.render(gather(folders[:1]))
    assert "per-question differences" not in page
    assert "เตือนน้ำท่วม" not in page.split("failures, worst first")[0]


def test_a_reader_at_the_keyboard(folders: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html.render(gather(folders)), encoding="utf-8")
    with open_page(path.as_uri()) as (page, requests):
        assert requests == [path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        second = page.locator("details").last
        assert second.get_attribute("open") is None
        second.locator("summary").focus()
        page.keyboard.press("Enter")
        assert second.get_attribute("open") is not None
        assert page.locator("svg").count() == 4
        marks = page.locator("mark").all_inner_texts()
        assert "ข้อตกลง" in marks


def test_plots_survive_the_smallest_inputs() -> None:
    shown = [
        plots.recall({"a": [(1, 0.0), (10, 1.0)]}, "l", "x", "y"),
        plots.differences([0.0], ["q<1>"], "l", "x", "y"),
        plots.latency({"a": [1.0]}, "l", "x", "y"),
        plots.latency({"a": [0.0, 5000.0]}, "l", "x", "y"),
        plots.calibration({"a": []}, "l", "x", "y"),
    ]
    for svg in shown:
        assert not re.search(r"nan|inf", svg)
        assert svg.startswith("<svg")
        assert svg.endswith("</svg>")
    assert "q&lt;1&gt;" in shown[1]


def test_marks_stay_out_of_clusters() -> None:
    assert spans("น้ำท่วมและน้ำ", ["น้ำ"]) == [(0, 3), (10, 13)]
    assert spans("กำ", ["ก"]) == []
    assert spans("กา กิน", ["ก"]) == [(0, 1)]
    assert spans("ปี ๒๕๖๒", ["2562"]) == [(3, 7)]
    assert pieces("ขยะ", []) == [("ขยะ", False)]


@given(THAI, THAI)
def test_pieces_are_the_text(text: str, word: str) -> None:
    cut = pieces(text, content_words(word))
    assert "".join(part for part, _ in cut) == text


@given(THAI.map(lambda text: text * 12), st.integers(20, 200))
def test_excerpts_are_short_and_whole(text: str, length: int) -> None:
    cut = excerpt(text, content_words(text[:30]), length)
    inner = cut.strip("…")
    assert inner in text
    assert len(inner) <= max(length, 0) + 40
