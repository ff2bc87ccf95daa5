"""What a reader gets: written sentences that were checked, or the extractive answer and why."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from service.answering import routes
from service.answering.shapes import AnswerResponse
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.answering.conftest import ALSO, GOOD, MOU, parse, read
from tests.service.chat_server import ChatServer, Reply, Script, free_port
from tests.service.conftest import fetch

Serve = Callable[..., Any]


def writes(text: str, size: int = 7) -> Script:
    return lambda reply, _: reply.stream(text, size)


def extractive(address: str, reason: str, q: str = MOU) -> Any:
    """The extractive answer stands, the reason is told, and the service goes on."""
    answered = read(address, q)
    assert (answered.done["mode"], answered.done["reason"]) == ("extractive", reason)
    assert answered.done["sentences"] == 0
    assert answered.meta["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    assert fetch(f"{address}/livez")[0] == 200
    return answered


def test_a_written_answer_with_its_citations(address: str, chat: ChatServer) -> None:
    chat.script = writes(GOOD + ALSO)
    answered = read(address)
    assert answered.done == {"mode": "written", "reason": None, "sentences": 2, "dropped": 0}
    assert [s["text"] for s in answered.sentences] == [
        "เทศบาลทำบันทึกข้อตกลง (MOU) กับโรงพยาบาล",
        "ความตกลงนี้ทำให้มี “ศูนย์แพทย์ชุมชน” เปิดขึ้นภายในเทศบาล",
    ]
    assert answered.meta["writing"] is True
    assert answered.meta["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    for passage in answered.meta["passages"]:
        citation = passage["citation"]
        assert fetch(address + citation["url"])[0] == 200
        _, body = fetch(f"{address}/v1/documents/{citation['document_id']}/pages/{citation['page']}")
        assert json.loads(body)["text"][citation["start"] : citation["end"]] == passage["text"]


def test_what_the_endpoint_is_asked(address: str, chat: ChatServer) -> None:
    chat.script = writes(GOOD)
    answered = read(address)
    asked = chat.asked[0]
    assert asked["path"] == "/v1/chat/completions"
    assert asked["model"] == "tester"
    assert asked["stream"] is True
    assert chat.keys == ["Bearer sesame-not-for-logs"]
    prompt = asked["messages"][-1]["content"]
    assert prompt.endswith(f"คำถาม: {MOU}")
    assert all(passage["text"] in prompt for passage in answered.meta["passages"])
    assert len(answered.meta["passages"]) == 6


def test_as_one_object(address: str, chat: ChatServer) -> None:
    chat.script = writes(GOOD + ALSO)
    request = urllib.request.Request(  # noqa: S310
        f"{address}/v1/answer",
        json.dumps({"q": MOU}).encode(),
        {"content-type": "application/json", "accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found = AnswerResponse.model_validate_json(answer.read())
    assert found.mode == "written"
    assert found.text == "".join(GOOD + ALSO).strip().replace("\n", " ")
    assert [s.citations for s in found.sentences] == [[1], [1]]


@pytest.mark.parametrize(
    ("written", "kept", "dropped"),
    [
        (GOOD + "เทศบาลลงทุน 987,654 บาทกับโรงพยาบาล [1]\n", 1, 1),  # an invented figure
        (GOOD + "โครงการนี้ดีมาก\n", 1, 1),  # nothing cited
        (GOOD + "เทศบาลตำบลบ้านบึงได้รับรางวัลโนเบล [1]\n", 1, 1),  # words of no passage
        (GOOD + "เทศบาลทำ “ศูนย์อวกาศ” กับโรงพยาบาล [1]\n", 1, 1),  # a quoted name of no passage
        (GOOD + "เทศบาลทำบันทึกข้อตกลงกับโรงพยาบาล NASA [1]\n", 1, 1),
        (GOOD + "<b>เทศบาล</b>ทำบันทึกข้อตกลงกับโรงพยาบาล [1]\n", 1, 1),  # markup
        (GOOD + "เทศบาลทำบันทึกข้อตกลงกับโรงพยาบาล http://evil.example/ [1]\n", 1, 1),
        (GOOD.replace("[1]", "[๑]"), 1, 0),  # Thai digits cite, too
        (GOOD.replace("[1]", "[1][2]"), 1, 0),
        (GOOD.replace("[1]", "[1, 2]"), 1, 0),
        (GOOD.replace("[1]", "【1】"), 1, 0),
        ("- **" + GOOD.replace(" [1]", "** [1]"), 1, 0),  # Markdown is taken off
        (GOOD.strip() + " " + ALSO.strip(), 2, 0),  # both on one line, no line end
        ("<think>ข้อความ [9] ไม่น่าใช่\n</think>\n" + GOOD, 1, 0),
    ],
)
def test_only_what_the_passages_say_is_shown(
    address: str, chat: ChatServer, written: str, kept: int, dropped: int
) -> None:
    chat.script = writes(written)
    answered = read(address)
    assert answered.done["mode"] == "written"
    assert (len(answered.sentences), answered.done["dropped"]) == (kept, dropped)
    assert answered.sentences[0]["text"] == GOOD.removesuffix(" [1]\n")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("NONE", "declined"),
        ("", "unsupported"),
        ("ไม่มีการอ้างอิงเลยสักประโยค\n", "unsupported"),
        ("เทศบาลตำบลบ้านบึงได้รับรางวัลโนเบล [1]\n", "unsupported"),
        (GOOD + "เทศบาลมีงบ 11 ล้าน [1]\nและมีคน 987,654 คน [2]\n", "unsupported"),  # more wrong than right
        ("เทศบาลทำ MOU กับโรงพยาบาล [9]\n", "cites-outside"),
        (GOOD + "เทศบาลทำ MOU กับโรงพยาบาล [0]\n", "cites-outside"),
        (GOOD + "เทศบาลทำ MOU กับโรงพยาบาล [1-9]\n", "cites-outside"),
        ("<script>document.title='broken-into'</script> [1]\n", "unsupported"),
        ("&lt;script&gt; เทศบาลทำ MOU กับโรงพยาบาล [1]\n", "unsupported"),
    ],
)
def test_an_answer_that_cannot_stand(address: str, chat: ChatServer, written: str, reason: str) -> None:
    chat.script = writes(written)
    answered = extractive(address, reason)
    assert "<script" not in json.dumps(answered.sentences)


def test_a_sentence_is_checked_before_it_leaves(address: str, chat: ChatServer) -> None:
    """The first sentence is there while the endpoint still writes; the unsupported one never is."""
    go_on = threading.Event()

    def script(reply: Reply, _: object) -> None:
        reply.head()
        reply.words([GOOD, "เทศบาล"])
        go_on.wait(0.8)
        reply.words("มีงบ 987,654 บาท [1]\n")
        reply.end()

    chat.script = script
    request = urllib.request.Request(  # noqa: S310
        f"{address}/v1/answer", json.dumps({"q": MOU}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        seen = ""
        while "event: sentence" not in seen:
            seen += answer.readline().decode()
        assert not go_on.is_set()
        go_on.set()
        seen += answer.read().decode()
    assert "987,654" not in seen
    assert parse(seen).done == {"mode": "written", "reason": None, "sentences": 1, "dropped": 1}


# -- faults of the endpoint ---------------------------------------------------------


def status(code: int, **headers: str) -> Script:
    return lambda reply, _: reply.head(code, "application/json", **headers)


def plain(body: bytes, media_type: str = "application/json") -> Script:
    def script(reply: Reply, _: object) -> None:
        reply.head(200, media_type)
        reply.raw(body)

    return script


def after(*steps: Callable[[Reply], object]) -> Script:
    """A reply that begins well, then does as it is told."""

    def script(reply: Reply, _: object) -> None:
        reply.head()
        reply.words(GOOD)
        for step in steps:
            step(reply)

    return script


def endless(reply: Reply, _: object) -> None:
    reply.head()
    while True:
        reply.words("เทศบาลทำบันทึกข้อตกลง " * 100)


def drip(reply: Reply, _: object) -> None:
    reply.head()
    while True:
        reply.words("ก")
        reply.wait(0.3)


FAULTS: dict[str, tuple[Script, str]] = {
    "401": (status(401), "refused"),
    "403": (status(403), "refused"),
    "404": (status(404), "failed"),
    "429": (status(429, Retry_After="60"), "overloaded"),
    "500": (status(500), "failed"),
    "503": (status(503), "overloaded"),
    "redirect": (status(307, Location="http://127.0.0.1:1/elsewhere"), "failed"),
    "no first word": (lambda reply, _: reply.wait(5), "slow"),
    "head, no first word": (lambda reply, _: (reply.head(), reply.wait(5)), "slow"),
    "stalls midway": (after(lambda reply: reply.wait(5)), "slow"),
    "drips": (drip, "slow"),
    "hangs up before the head": (lambda *_: None, "cut"),
    "cut without an end": (after(), "cut"),
    "cut inside a character": (after(lambda reply: reply.raw('data: {"choices": [{"ก'.encode()[:-1])), "cut"),
    "cut inside JSON": (after(lambda reply: reply.raw(b'data: {"choices": [{"del')), "unreadable"),
    "no UTF-8": (after(lambda reply: reply.raw(b"data: \xff\xfe\n\n")), "unreadable"),
    "no JSON": (after(lambda reply: reply.event("{choices}")), "unreadable"),
    "JSON of another kind": (after(lambda reply: reply.event([1, 2])), "unreadable"),
    "choices of another kind": (after(lambda reply: reply.event({"choices": {"a": 1}})), "unreadable"),
    "very deep JSON": (after(lambda reply: reply.event("[" * 50_000)), "unreadable"),
    "an error in the stream": (after(lambda reply: reply.event({"error": {"message": "no"}})), "failed"),
    "a huge line": (after(lambda reply: reply.raw(b"data: " + b"x" * 400_000)), "too-long"),
    "endless": (endless, "unsupported"),
    "a web page": (plain(b"<html>", "text/html"), "unreadable"),
    "compressed": (
        lambda reply, _: (reply.head(200, Content_Encoding="gzip"), reply.raw(b"\x1f\x8b\x08")),
        "unreadable",
    ),
    "JSON without an answer": (plain(b'{"choices": []}'), "unreadable"),
    "JSON cut": (plain(b'{"choices": ['), "unreadable"),
    "huge JSON": (plain(b'{"a": "' + b"x" * 3_000_000), "too-long"),
    "no HTTP": (lambda reply, _: reply.raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "cut"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_the_extractive_answer_in_bounded_time(
    address: str, chat: ChatServer, fault: str
) -> None:
    chat.script, reason = FAULTS[fault]
    began = time.monotonic()
    extractive(address, reason)
    assert time.monotonic() - began < 15  # the settings' four seconds, on a busy machine


def test_a_chunked_reply_that_is_cut(address: str, chat: ChatServer) -> None:
    def script(reply: Reply, _: object) -> None:
        reply.head(200, Transfer_Encoding="chunked")
        reply.raw(b"ff\r\ndata: {")

    chat.script = script
    extractive(address, "cut")


def test_a_reply_in_one_piece_is_read(address: str, chat: ChatServer) -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": GOOD + ALSO}, "finish_reason": "stop"}]}
    chat.script = plain(json.dumps(body).encode(), "application/json; charset=utf-8")
    assert read(address).done["sentences"] == 2


def test_comments_counts_and_unknown_fields_are_passed_over(address: str, chat: ChatServer) -> None:
    def script(reply: Reply, _: object) -> None:
        reply.head()
        reply.raw(b": ping\r\n\r\nevent: message\r\nid: 7\r\n")
        reply.words(GOOD)
        reply.event({"choices": [], "usage": {"total_tokens": 9}})
        reply.event({"choices": [{"delta": None, "finish_reason": "length"}]})  # and no [DONE]

    chat.script = script
    assert read(address).done == {"mode": "written", "reason": None, "sentences": 1, "dropped": 0}


def test_nobody_listens(serve: Serve) -> None:
    with serve(answer_url=f"http://127.0.0.1:{free_port()}/v1") as address:
        extractive(address, "away")


# -- when the endpoint is not asked ---------------------------------------------------


def test_off_by_default(demo_address: str) -> None:
    answered = extractive(demo_address, "off")
    assert answered.meta["writing"] is False
    assert [passage["number"] for passage in answered.meta["passages"]] == [1, 2, 3, 4, 5, 6]


def test_what_the_corpus_does_not_answer_is_not_asked(address: str, chat: ChatServer) -> None:
    answered = read(address, "ราคาหุ้นเทสลาเมื่อวาน")
    assert answered.meta["answer"] is None
    assert (answered.done["mode"], answered.done["reason"]) == ("extractive", "no-answer")
    assert chat.asked == []


def test_more_at_once_than_allowed(serve: Serve, chat: ChatServer) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def script(reply: Reply, _: object) -> None:
        writing.set()
        go_on.wait(10)
        reply.stream(GOOD)

    chat.script = script
    with serve(answer_at_once=1, answer_first_seconds=20.0, answer_seconds=20.0) as address:
        with ThreadPoolExecutor() as pool:
            first = pool.submit(read, address)
            assert writing.wait(10)
            extractive(address, "busy")
            go_on.set()
            assert first.result().done["mode"] == "written"
        assert read(address).done["mode"] == "written"  # there is room again


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_reader_who_leaves_stops_the_writing(serve: Serve, chat: ChatServer, accept: str) -> None:
    writing = threading.Event()
    gone: list[bool] = []

    def script(reply: Reply, _: object) -> None:
        reply.head()
        reply.words(GOOD)
        writing.set()
        gone.append(reply.until_gone(10))

    chat.script = script
    with serve(answer_at_once=1, answer_idle_seconds=30.0, answer_seconds=60.0) as address:
        parts = urlsplit(address)
        with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port)) as reader:
            headers = {"content-type": "application/json", "accept": accept}
            reader.request("POST", "/v1/answer", json.dumps({"q": MOU}), headers)
            assert writing.wait(30)
        while not chat.finished.acquire(timeout=0.1) or not gone:
            pass
        assert gone == [True]
        chat.script = writes(GOOD)
        assert read(address).done["mode"] == "written"  # its place is free again


def test_a_silent_stream_says_that_it_lives(
    serve: Serve, chat: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "KEEP_ALIVE_SECONDS", 0.1)

    def script(reply: Reply, _: object) -> None:
        reply.wait(0.6)
        reply.stream(GOOD)

    chat.script = script
    with serve(answer_first_seconds=10.0, answer_seconds=20.0) as address:
        answered = read(address)
    assert answered.comments > 0
    assert answered.done["mode"] == "written"


# -- requests ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [({"q": ""}, 422), ({}, 422), ({"q": MOU, "colour": "red"}, 422), ({"q": "ก" * 1001}, 422), ("[", 422)],
)
def test_bad_requests_are_problems_before_any_stream(client: TestClient, body: Any, code: int) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    answered = client.post("/v1/answer", content=content, headers={"content-type": "application/json"})
    assert answered.status_code == code
    assert answered.headers["content-type"] == "application/problem+json"


def test_filters_hold(demo_address: str) -> None:
    answered = read(demo_address, "ใครดูแลผู้สูงอายุ", province="ชลบุรี")
    assert {p["citation"]["case"]["province"] for p in answered.meta["passages"]} == {"ชลบุรี"}


def test_without_an_index_it_is_a_problem(tmp_path: Any) -> None:
    def none() -> Engine:
        raise FileNotFoundError(tmp_path)

    with TestClient(create_app(ServiceSettings(reload_seconds=60), open_engine=none)) as client:
        answered = client.post("/v1/answer", json={"q": MOU})
    assert answered.status_code == 503


def test_the_pages_own_address_is_for_this_sites_pages(client: TestClient) -> None:
    own = client.post("/answer", json={"q": MOU}, headers={"origin": "http://testserver"})
    assert own.status_code == 200
    foreign = client.post("/answer", json={"q": MOU}, headers={"origin": "https://other.example"})
    assert foreign.status_code == 403


def test_the_key_is_never_shown(caplog: pytest.LogCaptureFixture, chat: ChatServer, serve: Serve) -> None:
    caplog.set_level("DEBUG")
    chat.script = status(401)
    with serve(answer_key="sesame-not-for-logs") as address:
        answered = extractive(address, "refused")
    assert "sesame" not in caplog.text
    assert "sesame" not in json.dumps(answered.events)
    assert "sesame" not in repr(ServiceSettings(answer_key="sesame-not-for-logs"))
    assert MOU not in caplog.text
