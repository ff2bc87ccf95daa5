"""The Python client against a running service; a small real server plays what a healthy service does not do."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from index.engine import Engine
from service.client import karani_client
from service.client.karani_client import Answer, Case, Hit, Karani, KaraniError, SearchResult
from service.schemas import AnswerOut, CaseOutDetail, DocumentOut, HitOut, PageOut, PassageOut, SearchResponse
from tests.service.portals.portal import Portal, open_portal

MOU = "ใครใช้ MOU กับโรงพยาบาล"
Respond = Callable[[BaseHTTPRequestHandler, int], None]


@pytest.fixture(scope="module")
def portal(demo_engine: Engine) -> Iterator[Portal]:
    with open_portal(demo_engine) as opened:
        yield opened


@pytest.fixture(scope="module")
def karani(portal: Portal) -> Karani:
    return Karani(portal.address, key=portal.server_key)


@contextmanager
def scripted(respond: Respond) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers by ``respond(handler, number of the call)``; gives its address and the calls' headers."""
    calls: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            calls.append({name.lower(): value for name, value in self.headers.items()})
            respond(self, len(calls))

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{served.server_port}", calls
    finally:
        served.shutdown()
        thread.join(10)
        served.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, body: object, **headers: str) -> None:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


FOUND = {"query": "x", "hits": [], "answer": None, "total": 0}


# -- against the service -------------------------------------------------------------


def test_search_and_citations_that_anybody_can_check(karani: Karani, portal: Portal) -> None:
    result = karani.search(MOU, k=3)
    assert result.answer is not None
    assert result.answer.text == "เทศบาลตำบลบ้านบึง"
    assert karani.verify_citation(result.answer) == result.answer.evidence
    assert [hit.rank for hit in result.hits] == [1, 2, 3]
    for hit in result.hits:
        assert karani.verify_citation(hit) == hit.text
        for start, end in hit.highlights:
            assert hit.text[start:end].strip()
    assert karani.url(result.answer.citation).startswith(f"{portal.address}/documents/banbueng?")


def test_a_citation_that_has_moved_is_refused(karani: Karani) -> None:
    (hit,) = karani.search(MOU, k=1).hits
    moved = Hit.from_dict({**_as_dict(hit), "text": "อย่างอื่น"})
    with pytest.raises(KaraniError, match="search again") as refused:
        karani.verify_citation(moved)
    assert refused.value.type == "citation-moved"


def _as_dict(hit: Hit) -> dict[str, Any]:
    cited = {name: getattr(hit.citation, name) for name in ("document_id", "title", "page", "start", "end")}
    return {"score": 1, "passage_id": hit.passage_id, "text": hit.text, "citation": cited, "rank": 1}


def test_filters_take_one_value_or_several(karani: Karani) -> None:
    one = karani.search("เทศบาล", province="ชลบุรี", k=50)
    several = karani.search("เทศบาล", province=["ชลบุรี", "เชียงราย"], k=50)
    year = karani.search("เทศบาล", year_be=(2562, 2552), k=50)
    assert {hit.citation.case.province for hit in one.hits if hit.citation.case} == {"ชลบุรี"}
    assert {hit.citation.case.province for hit in several.hits if hit.citation.case} == {"ชลบุรี", "เชียงราย"}
    assert {hit.citation.case.year_be for hit in year.hits if hit.citation.case} == {2562, 2552}


def test_reading_on_gives_every_hit_once(karani: Karani) -> None:
    at_once = [hit.passage_id for hit in karani.search("เทศบาล", k=20).hits]
    assert [hit.passage_id for hit in karani.iter_hits("เทศบาล", limit=20, k=6)] == at_once
    assert [hit.rank for hit in karani.iter_hits("เทศบาล", limit=9, k=4)] == list(range(1, 10))
    everything = list(karani.iter_hits("เทศบาล", limit=10_000, k=13))
    assert len(everything) == karani.search("เทศบาล", k=1).total


def test_lists_and_what_they_name(karani: Karani) -> None:
    cases = list(karani.iter_cases(at_once=7))
    assert len({case.case_id for case in cases}) == len(cases) > 7
    told = karani.case(cases[0].case_id)
    assert told.text[0].case_id == told.case_id
    documents = list(karani.iter_documents(at_once=10))
    document = karani.document(documents[0].document_id)
    page = karani.page(document.document_id, document.pages[0])
    passage = karani.passage(page.passages[0].passage_id)
    assert page.text[passage.start : passage.end] == passage.text
    assert karani.url(document) == f"{karani.endpoint}/documents/{document.document_id}"


def test_suggestions(karani: Karani) -> None:
    found = karani.suggest("เทศ", limit=3)
    assert 0 < len(found) <= 3
    assert all(one.text for one in found)


def test_feedback(portal: Portal) -> None:
    writing = Karani(portal.address, key=portal.make("writer", scope="write")[1])
    (hit,) = writing.search(MOU, k=1).hits
    receipt = writing.feedback(MOU, True, passage_id=hit.passage_id, rank=hit.rank)
    assert receipt
    assert writing.feedback(MOU, False, passage_id=hit.passage_id, receipt=receipt) == receipt
    rows = portal.database.rows("SELECT query, relevant FROM feedback WHERE passage_id = ?", [hit.passage_id])
    assert rows == [(MOU, 0)]


def test_an_answer_arrives_event_by_event(karani: Karani) -> None:
    events = list(karani.answer(MOU))
    assert events[0].event == "meta"
    assert events[0].data["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    assert events[-1].event == "done"
    assert events[-1].data["mode"] == "extractive"  # nothing writes sentences here


def test_refusals_say_what_to_do(portal: Portal, karani: Karani) -> None:
    with pytest.raises(KaraniError) as refused:
        Karani(portal.address).search(MOU)
    assert (refused.value.status, refused.value.type) == (401, "key-required")
    assert refused.value.request_id
    with pytest.raises(KaraniError) as refused:
        karani.search(MOU, k=0)
    assert refused.value.status == 422
    assert refused.value.errors[0]["name"] == "k"
    with pytest.raises(KaraniError) as refused:
        karani.page("nowhere/at all?", 1)
    assert (refused.value.status, refused.value.type) == (404, "not-found")


def test_its_shapes_are_the_services() -> None:
    pairs = [
        (SearchResult, SearchResponse),
        (Hit, HitOut),
        (Answer, AnswerOut),
        (karani_client.Page, PageOut),
        (karani_client.Passage, PassageOut),
        (karani_client.CaseDetail, CaseOutDetail),
        (karani_client.Document, DocumentOut),
    ]
    for ours, theirs in pairs:
        assert set(karani_client._hints(ours)) == set(theirs.model_fields), ours


# -- trouble -------------------------------------------------------------------------


def test_it_waits_as_long_as_it_is_told_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(karani_client.time, "sleep", waits.append)

    def respond(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            send(
                handler, 429, {"type": "urn:karani:problem:too-many-requests", "detail": "x"}, Retry_After="7"
            )
        elif number == 2:
            send(handler, 503, {"type": "urn:karani:problem:busy", "detail": "x"})
        else:
            send(handler, 200, FOUND)

    with scripted(respond) as (address, calls):
        assert Karani(address, key="krn_x").search("x").hits == ()
    assert len(calls) == 3
    assert waits[0] == 7.0
    assert 0 < waits[1] <= 1.0
    assert calls[0]["x-api-key"] == "krn_x"


@pytest.mark.parametrize(("wait", "expected"), [("0", 3), ("3600", 1)])
def test_it_gives_up(wait: str, expected: int) -> None:
    problem = {"type": "urn:karani:problem:busy", "detail": "ก · a"}
    answers = scripted(lambda handler, _: send(handler, 503, problem, Retry_After=wait))
    with answers as (address, calls), pytest.raises(KaraniError) as refused:
        Karani(address).search("x")
    assert (refused.value.status, refused.value.type) == (503, "busy")
    assert len(calls) == expected


def test_a_redirect_never_takes_the_key_along() -> None:
    with (
        scripted(lambda handler, _: send(handler, 200, FOUND)) as (elsewhere, stolen),
        scripted(lambda handler, _: send(handler, 307, "", Location=elsewhere)) as (address, _),
        pytest.raises(KaraniError) as refused,
    ):
        Karani(address, key="krn_x").case("x")
    assert refused.value.status == 307
    assert stolen == []


@pytest.mark.parametrize(
    "body", ["<html>", "[]", '{"query": "x"}', '{"query": "x", "hits": [{}]}', '{"hits": 3}']
)
def test_answers_of_something_else(body: str) -> None:
    answers = scripted(lambda handler, _: send(handler, 200, body))
    with answers as (address, _), pytest.raises(KaraniError) as refused:
        Karani(address).search("x")
    assert refused.value.type == "unexpected"


def test_nobody_there() -> None:
    with pytest.raises(KaraniError) as refused:
        Karani("http://127.0.0.1:9", timeout=2).search("x")
    assert (refused.value.status, refused.value.type) == (0, "unreachable")
    with pytest.raises(ValueError, match="web address"):
        Karani("file:///etc/passwd")


def test_a_newer_service_adds_members_and_an_older_one_lacks_some() -> None:
    case = Case.from_dict({"case_id": "c", "name": "n", "mayor": "m", "population": {"men": 1}})
    assert (case.name, case.province, case.kind) == ("n", None, "")
    result = SearchResult.from_dict({**FOUND, "stages": {"fuse": 1}})
    assert result.suggestion is None


def test_a_stream_of_events_is_read_as_the_standard_says() -> None:
    stream = 'retry: 5\n\n: still here\nevent: a\r\ndata: {"n":\r\ndata: 1}\r\n\r\ndata:text\n\nevent: lost\ndata: {}'
    with scripted(lambda handler, _: send(handler, 200, stream)) as (address, calls):
        events = [(one.event, one.data) for one in Karani(address).answer("x", k=2)]
    assert events == [("a", {"n": 1}), ("message", {"value": "text"})]
    assert calls[0]["accept"] == "text/event-stream"


def test_it_may_be_copied_alone_and_is_strictly_typed(tmp_path: Path) -> None:
    source = Path(karani_client.__file__)
    (tmp_path / "karani_client.py").write_bytes(source.read_bytes())
    used = "from karani_client import Karani\nprint(Karani('http://127.0.0.1:1').endpoint)\n"
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{used}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == "http://127.0.0.1:1\n", run.stderr
    assert (source.parent / "py.typed").exists()
