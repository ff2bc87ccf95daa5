"""``/v1/suggest``, ``/suggest`` and what is kept of the questions asked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from index.engine import Engine
from service.app import create_app
from service.asked import Asked
from service.database import Database
from service.schemas import SuggestResponse
from service.settings import ServiceSettings

MOU = "ใครใช้ MOU กับโรงพยาบาล"


def suggested(client: TestClient, q: str, **more: int) -> list[dict[str, object]]:
    answer = client.get("/v1/suggest", params={"q": q, **more})
    assert answer.status_code == 200
    SuggestResponse.model_validate(answer.json())
    found: list[dict[str, object]] = answer.json()["suggestions"]
    return found


def test_every_suggestion_leads_somewhere(client: TestClient) -> None:
    kinds = set()
    for q in ("", "เทศบาลต", "ชลบ", "ขย", "ผู้สู", "โรงพยบาล", "ก"):
        for one in suggested(client, q):
            kinds.add(one["kind"])
            assert client.get(str(one["url"])).status_code == 200
    assert {"question", "case", "place", "word", "document", "heading", "spelling"} <= kinds


def test_pages_have_the_same_without_a_version(client: TestClient) -> None:
    both = [
        client.get(path, params={"q": "เทศบาล", "limit": 3}).json() for path in ("/suggest", "/v1/suggest")
    ]
    assert both[0] == both[1]
    assert len(both[0]["suggestions"]) == 3


@pytest.mark.parametrize(
    ("query", "name"), [("limit=0", "limit"), ("limit=21", "limit"), ("q=a&k=3", "k"), ("q=a&q=b", "q")]
)
def test_wrong_parameters_are_refused_by_name(client: TestClient, query: str, name: str) -> None:
    answer = client.get(f"/v1/suggest?{query}")
    assert answer.status_code == 422
    assert [error["name"] for error in answer.json()["errors"]] == [name]


def ask(engine: Engine, asked: Asked, question: str, *clients: str) -> None:
    result = engine.search(question, k=1)
    for client in clients:
        asked.note(result, client)
    asked.flush()


def test_a_question_is_suggested_once_enough_people_asked_it(demo_engine: Engine, tmp_path: Path) -> None:
    database = Database(tmp_path / "service.sqlite")
    asked = Asked(database, ServiceSettings())
    ask(demo_engine, asked, MOU, "a", "a", "b")
    assert asked.suggested() == ()
    ask(demo_engine, asked, MOU, "a", "b")  # the same people, the same day
    assert asked.suggested() == ()
    ask(demo_engine, asked, MOU, "c")
    assert asked.suggested() == (MOU,)
    database.close()
    again = Asked(Database(tmp_path / "service.sqlite"), ServiceSettings())
    assert again.suggested() == (MOU,)


def test_before_that_neither_its_text_nor_who_asked_is_kept(demo_engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    database = Database(path)
    ask(demo_engine, Asked(database, ServiceSettings()), MOU, "203.0.113.7", "203.0.113.8")
    database.close()
    with sqlite3.connect(path) as connection:
        dumped = "\n".join(connection.iterdump())
    assert 'INSERT INTO "questions"' in dumped
    assert "MOU" not in dumped
    assert "203.0.113" not in dumped


def test_what_cannot_be_stored_now_is_counted_on(demo_engine: Engine, tmp_path: Path) -> None:
    database = Database(tmp_path / "service.sqlite")
    asked = Asked(database, ServiceSettings(past_questions_askers=2))
    with database.writing() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON questions BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    asked.note(demo_engine.search(MOU, k=1), "a")
    with pytest.raises(sqlite3.Error, match="full"):
        asked.flush()
    with database.writing() as connection:
        connection.execute("DROP TRIGGER full")
    ask(demo_engine, asked, MOU, "b")
    assert asked.suggested() == (MOU,)


def test_what_nothing_answers_or_may_name_a_person_is_never_suggested(demo_engine: Engine) -> None:
    asked = Asked(Database(None), ServiceSettings(past_questions_askers=1))
    for question in ("ราคาหุ้นเทสลาเมื่อวาน", f"{MOU} โทร 081-234-5678", f"{MOU} a@example.com"):
        ask(demo_engine, asked, question, "a")
    assert asked.suggested() == ()


def test_it_can_be_switched_off(demo_engine: Engine) -> None:
    database = Database(None)
    ask(demo_engine, Asked(database, ServiceSettings(past_questions=False)), MOU, "a", "b", "c")
    assert database.rows("SELECT * FROM questions") == []


def test_what_people_ask_over_http_is_kept_when_the_service_stops(
    demo_engine: Engine, tmp_path: Path
) -> None:
    settings = ServiceSettings(past_questions_askers=1, reload_seconds=60)
    path = tmp_path / "service.sqlite"
    with TestClient(create_app(settings, demo_engine, database=path)) as client:
        client.get("/", params={"q": MOU})
        client.get("/v1/search", params={"q": "ธนาคารน้ำใต้ดินทำที่ไหน"})
    with TestClient(create_app(settings, demo_engine, database=path)) as client:
        questions = [one["text"] for one in suggested(client, "") if one["kind"] == "question"]
    assert set(questions) == {MOU, "ธนาคารน้ำใต้ดินทำที่ไหน"}
