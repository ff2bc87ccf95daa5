"""``/v1/search`` over the demo cases, by a real engine."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.schemas import SearchResponse

MOU = "ใครใช้ MOU กับโรงพยาบาล"


def ask(client: TestClient, q: str, **parameters: object) -> dict[str, Any]:
    answer = client.get("/v1/search", params={"q": q, **parameters})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    SearchResponse.model_validate(body)
    return body


def test_the_case_the_sentence_and_the_page(client: TestClient) -> None:
    body = ask(client, MOU)
    assert body["hits"][0]["citation"]["case"]["name"] == "เทศบาลตำบลบ้านบึง"
    assert body["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    assert "MOU" in body["answer"]["evidence"]


def test_every_citation_slices_to_its_text(client: TestClient) -> None:
    body = ask(client, MOU, k=20)
    found = [hit for group in body["hits"] for hit in (group, *group["more"])]
    assert len(found) > len(body["hits"])
    for hit in found:
        cited = hit["citation"]
        page = client.get(f"/v1/documents/{cited['document_id']}/pages/{cited['page']}").json()
        assert page["text"][cited["start"] : cited["end"]] == hit["text"]
        for start, end in hit["highlights"]:
            assert 0 <= start < end <= len(hit["text"])
    cited = body["answer"]["citation"]
    page = client.get(f"/v1/documents/{cited['document_id']}/pages/{cited['page']}").json()
    assert page["text"][cited["start"] : cited["end"]] == body["answer"]["evidence"]
    assert (
        cited["url"]
        == f"/documents/{cited['document_id']}?page={cited['page']}&start={cited['start']}&end={cited['end']}"
    )


def test_post_gives_the_same(client: TestClient) -> None:
    posted = client.post("/v1/search", json={"q": MOU, "k": 3})
    assert posted.status_code == 200
    same = posted.json()
    got = ask(client, MOU, k=3)
    assert [h["passage_id"] for h in same["hits"]] == [h["passage_id"] for h in got["hits"]]
    assert same["answer"] == got["answer"]


@pytest.mark.parametrize("facet", ["province", "year_be", "kind", "award", "document_id"])
def test_filters_are_exact(client: TestClient, facet: str) -> None:
    value, _ = next(iter(ask(client, "ผู้สูงอายุ", k=50)["facets"][facet].items()))
    hits = ask(client, "ผู้สูงอายุ", k=50, **{facet: value})["hits"]
    assert hits
    for hit in hits:
        place = hit["citation"] if facet == "document_id" else hit["citation"]["case"]
        assert str(place[facet]) == value


def test_a_case_filter_leaves_one_group(client: TestClient) -> None:
    case_id = ask(client, MOU)["hits"][0]["citation"]["case"]["case_id"]
    hits = ask(client, "โครงการ", case_id=case_id)["hits"]
    assert [hit["citation"]["case"]["case_id"] for hit in hits] == [case_id]


def test_k_counts_groups(client: TestClient) -> None:
    assert len(ask(client, "เทศบาล", k=3)["hits"]) == 3


@pytest.mark.parametrize("system", ["hybrid", "dense", "lexical", "words", "characters"])
def test_every_system_answers(client: TestClient, system: str) -> None:
    assert ask(client, MOU, system=system)["hits"]


@pytest.mark.parametrize("q", ["😀😀🎉", "?!…«»", "-", "\u200d😀"])
def test_a_question_without_words_has_no_answer(client: TestClient, q: str) -> None:
    body = ask(client, q)
    assert body["answer"] is None
    assert body["hits"] == []


def test_control_characters_are_passed_over(client: TestClient) -> None:
    assert ask(client, f"\x00\x1b[31m{MOU}\x07")["answer"]["text"] == "เทศบาลตำบลบ้านบึง"


def test_an_unanswerable_question_says_so(client: TestClient) -> None:
    assert ask(client, "ราคาหุ้นเทสลาเมื่อวานปิดที่เท่าไร")["answer"] is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=60))
def test_any_text_is_answered_or_refused(client: TestClient, q: str) -> None:
    for answer in (
        client.get("/v1/search", params={"q": q.encode("utf-8", "replace")}),
        client.post("/v1/search", json={"q": q}),
        client.get("/", params={"q": q.encode("utf-8", "replace")}),
    ):
        assert answer.status_code in (200, 422)


def test_a_slip_is_put_right_and_told(client: TestClient) -> None:
    body = ask(client, "ใครใช้ MOU กับโรงพยาบล")
    assert (body["query"], body["suggestion"]) == ("ใครใช้ MOU กับโรงพยาบล", MOU)
    assert body["answer"]["text"] == ask(client, MOU)["answer"]["text"]
    assert ask(client, MOU)["suggestion"] is None


def test_exact_searches_what_was_typed(client: TestClient) -> None:
    assert ask(client, "ใครใช้ MOU กับโรงพยาบล", exact=True)["suggestion"] is None


@pytest.mark.parametrize(
    "wrong", [{"k": True}, {"k": "5"}, {"exact": 1}, {"exact": "yes"}, {"year_be": "2562"}]
)
def test_a_body_has_types_where_an_address_has_text(client: TestClient, wrong: dict[str, object]) -> None:
    refused = client.post("/v1/search", json={"q": MOU, **wrong})
    assert refused.status_code == 422
    assert [fault["name"] for fault in refused.json()["errors"]] == list(wrong)
    assert client.get("/v1/search", params={"q": MOU, "k": "5", "exact": "true"}).status_code == 200
    assert client.post("/v1/search", json={"q": MOU, "k": 5.0, "exact": True}).status_code == 200


def test_parts_orders_and_repeated_filters(client: TestClient) -> None:
    first = client.get("/v1/search", params={"q": "ผู้สูงอายุ", "k": 2}).json()
    second = client.get("/v1/search", params={"q": "ผู้สูงอายุ", "k": 2, "offset": 2}).json()
    assert [hit["rank"] for hit in second["hits"]] == [3, 4]
    assert first["total"] == second["total"] > 4
    assert not {h["passage_id"] for h in first["hits"]} & {h["passage_id"] for h in second["hits"]}
    provinces = list(first["facets"]["province"])[:2]
    several = client.get("/v1/search", params={"q": "ผู้สูงอายุ", "province": provinces}).json()
    assert {hit["citation"]["case"]["province"] for hit in several["hits"]} == set(provinces)
    body = {"q": "ผู้สูงอายุ", "province": provinces, "sort": "name", "k": 50}
    posted = client.post("/v1/search", json=body).json()
    assert posted["total"] == several["total"]
    assert posted["sort"] == "name"
    single = client.post("/v1/search", json={"q": "ผู้สูงอายุ", "province": provinces[0]}).json()
    assert {hit["citation"]["case"]["province"] for hit in single["hits"]} == {provinces[0]}


@pytest.mark.parametrize(
    "wrong", ["sort=best", "offset=-1", "offset=1001", "province=" + "&province=".join("a" * 21)]
)
def test_wrong_parts_and_orders_are_refused_by_name(client: TestClient, wrong: str) -> None:
    answer = client.get(f"/v1/search?q=a&{wrong}")
    assert answer.status_code == 422
    assert [error["name"] for error in answer.json()["errors"]] == [wrong.split("=")[0]]
