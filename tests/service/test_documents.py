"""What citations point at, as JSON."""

from __future__ import annotations

from fastapi.testclient import TestClient

from service.schemas import CaseList, CaseOutDetail, DocumentList, DocumentOut, PageOut, PassageOut


def test_documents_are_listed_in_parts(client: TestClient) -> None:
    everything = client.get("/v1/documents").json()
    DocumentList.model_validate(everything)
    assert everything["total"] == len(everything["documents"]) >= 20
    part = client.get("/v1/documents", params={"limit": 3, "offset": 2}).json()
    assert part["documents"] == everything["documents"][2:5]
    assert client.get("/v1/documents", params={"offset": 10_000}).json()["documents"] == []


def test_a_document_names_its_pages_and_cases(odd_client: TestClient) -> None:
    body = odd_client.get("/v1/documents/pages").json()
    DocumentOut.model_validate(body)
    assert body["pages"] == [3, 7, 9]
    assert body["title"] == "รายงานสามหน้า"


def test_a_page_maps_to_its_source(odd_client: TestClient) -> None:
    body = odd_client.get("/v1/documents/pages/pages/7").json()
    PageOut.model_validate(body)
    assert "ส่งเสริม" in body["text"]
    assert "\uf70a" in body["source_text"]
    assert "\uf70a" not in body["text"]
    assert sum(length for _, length, _, _ in body["pieces"]) == len(body["text"])
    for passage in body["passages"]:
        assert body["text"][passage["start"] : passage["end"]] == passage["text"]


def test_a_passage_by_id(client: TestClient) -> None:
    page = client.get("/v1/documents/banbueng/pages/1").json()
    for passage in page["passages"]:
        answer = client.get(f"/v1/passages/{passage['passage_id']}")
        assert answer.json() == passage
        PassageOut.model_validate(answer.json())


def test_cases_and_one_case(client: TestClient) -> None:
    listed = client.get("/v1/cases", params={"limit": 1000}).json()
    CaseList.model_validate(listed)
    assert listed["total"] >= 20
    summary = next(case for case in listed["cases"] if case["name"] == "เทศบาลตำบลบ้านบึง")
    assert (summary["province"], summary["year_be"]) == ("ชลบุรี", 2562)
    case = client.get(f"/v1/cases/{summary['case_id']}").json()
    CaseOutDetail.model_validate(case)
    assert len(case["text"]) == summary["passages"]
    assert {passage["case_id"] for passage in case["text"]} == {summary["case_id"]}
