"""Judgements of hits: what is kept, what is refused, and that an evaluation can read them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

import karani
from corpus.settings import Settings
from eval.pool import from_feedback
from index.engine import Engine
from service.app import create_app
from service.database import Database
from service.feedback import write
from service.settings import ServiceSettings

QUESTION = "ใครใช้ MOU กับโรงพยาบาล"
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "service.sqlite"


@pytest.fixture
def voter(demo_engine: Engine, kept: Path) -> Iterator[TestClient]:
    app = create_app(ServiceSettings(reload_seconds=60), demo_engine, database=kept)
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture
def passage_id(voter: TestClient) -> str:
    found: str = voter.get("/v1/search", params={"q": QUESTION}).json()["hits"][0]["passage_id"]
    return found


def rows(kept: Path) -> list[dict[str, object]]:
    database = Database(kept)
    stream = io.StringIO()
    write(database, None, stream)
    database.close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_judgement_is_kept_with_its_document_and_generation(
    voter: TestClient, passage_id: str, kept: Path, demo_engine: Engine
) -> None:
    body = {
        "query": f" {QUESTION}\x07 ",
        "passage_id": passage_id,
        "relevant": False,
        "reason": "wrong_case",
        "rank": 1,
    }
    answer = voter.post("/v1/feedback", json=body)
    assert answer.status_code == 201
    (row,) = rows(kept)
    assert row.pop("received")
    assert row == {
        "query": QUESTION,
        "document_id": "banbueng",
        "passage_id": passage_id,
        "relevant": False,
        "reason": "wrong_case",
        "rank": 1,
        "generation": demo_engine.generation,
    }


def test_a_receipt_changes_its_own_judgement_only(voter: TestClient, passage_id: str, kept: Path) -> None:
    body = {"query": QUESTION, "passage_id": passage_id, "relevant": True}
    receipt = voter.post("/v1/feedback", json=body).json()["receipt"]
    again = voter.post(
        "/v1/feedback", json={**body, "relevant": False, "comment": "คนละเรื่อง", "receipt": receipt}
    )
    assert again.json()["receipt"] == receipt
    assert [(row["relevant"], row["comment"]) for row in rows(kept)] == [(False, "คนละเรื่อง")]
    for forged in ("1-0000", "1", "x", receipt.replace(receipt[-1], "0" if receipt[-1] != "0" else "1")):
        voter.post("/v1/feedback", json={**body, "receipt": forged})
    voter.post("/v1/feedback", json={**body, "query": "อย่างอื่น", "receipt": receipt})
    assert rows(kept)[0]["relevant"] is False
    assert len(rows(kept)) == 6


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"query": " \u200b"}, 422, "query"),
        ({"query": "ก" * 1001}, 422, "query"),
        ({"relevant": "yes"}, 422, "relevant"),
        ({"relevant": 1}, 422, "relevant"),
        ({"reason": "bored"}, 422, "reason"),
        ({"comment": "ก" * 501}, 422, "comment"),
        ({"rank": -1}, 422, "rank"),
        ({"stars": 5}, 422, "stars"),
        ({"passage_id": None}, 422, "passage_id"),
        ({"document_id": "chumkho"}, 422, "document_id"),
        ({"passage_id": "nowhere"}, 404, None),
        ({"passage_id": None, "document_id": "nowhere"}, 404, None),
        ({"comment": "\ud800"}, 422, "comment"),
    ],
)
def test_faults_are_refused_by_name(
    voter: TestClient, passage_id: str, kept: Path, change: dict[str, object], status: int, name: str | None
) -> None:
    body = {"query": QUESTION, "passage_id": passage_id, "relevant": True, **change}
    answer = voter.post(
        "/v1/feedback", content=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == status
    if name:
        assert answer.json()["errors"][0]["name"] == name
    assert rows(kept) == []


def test_the_form_works_without_scripts(voter: TestClient, passage_id: str, kept: Path) -> None:
    form = {
        "query": QUESTION,
        "passage_id": passage_id,
        "rank": "1",
        "relevant": "0",
        "back": "/?q=MOU#hit-1",
    }
    voted = voter.post("/feedback", data=form, headers=OWN)
    assert voted.status_code == 303
    page = voter.get(voted.headers["location"])
    assert page.status_code == 200
    assert 'value="off_topic"' in page.text
    asked = {name: values[0] for name, values in parse_qs(urlsplit(voted.headers["location"]).query).items()}
    thanked = voter.post("/feedback", data={**asked, "reason": "off_topic", "comment": "ก\r\nข"}, headers=OWN)
    assert thanked.headers["location"] == "/?q=MOU&thanks=1"
    assert "ขอบคุณ" in voter.get(thanked.headers["location"]).text
    (row,) = rows(kept)
    assert (row["relevant"], row["reason"], row["rank"]) == (False, "off_topic", 1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    ],
)
def test_another_sites_form_is_refused(
    voter: TestClient, passage_id: str, kept: Path, headers: dict[str, str]
) -> None:
    form = {"query": QUESTION, "passage_id": passage_id, "relevant": "1"}
    assert voter.post("/feedback", data=form, headers=headers).status_code == 403
    assert rows(kept) == []


def test_an_older_browser_is_known_by_its_origin(voter: TestClient, passage_id: str) -> None:
    form = {"query": QUESTION, "passage_id": passage_id, "relevant": "1"}
    assert voter.post("/feedback", data=form, headers={"origin": "http://testserver"}).status_code == 303


@pytest.mark.parametrize(
    "back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\r\nx"]
)
def test_nobody_is_led_to_another_site(voter: TestClient, passage_id: str, back: str) -> None:
    form = {"query": QUESTION, "passage_id": passage_id, "relevant": "1", "reason": "answers", "back": back}
    assert voter.post("/feedback", data=form, headers=OWN).headers["location"] == "/?thanks=1"
    page = voter.get("/feedback", params={"back": back}).text
    assert 'href="/"' in page
    assert back not in page


def test_an_evaluation_reads_what_the_command_writes(
    voter: TestClient,
    passage_id: str,
    kept: Path,
    demo_settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for relevant in (True, True, False):
        voter.post("/v1/feedback", json={"query": QUESTION, "passage_id": passage_id, "relevant": relevant})
    voter.post("/v1/feedback", json={"query": "ขยะ", "document_id": "chumkho", "relevant": False})
    data = tmp_path / "data"
    data.mkdir()
    (data / "demo").symlink_to(demo_settings.data)
    (data / "service.sqlite").symlink_to(kept)
    out = tmp_path / "feedback.jsonl"
    assert karani.main(["feedback", "--data", str(data), "--out", str(out)]) == 0
    assert "4 " in capsys.readouterr().err
    pool = from_feedback(out, "votes")
    assert [(query.text, [d.document_id for d in query.documents]) for query in pool.queries] == [
        (QUESTION, ["banbueng"]),
        ("ขยะ", ["chumkho"]),
    ]
    assert pool.queries[0].metadata["feedback"] == {"banbueng": [True, True, False]}
    assert "MOU" in "".join(pool.queries[0].documents[0].passages)
    assert pool.queries[0].documents[0].title


def test_no_feedback_yet_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert karani.main(["feedback", "--data", str(tmp_path)]) == 0
    assert "no feedback yet" in capsys.readouterr().err
