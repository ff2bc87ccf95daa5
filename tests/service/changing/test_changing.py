"""Documents come, change and go while a real service answers."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
import httpx
import pytest

from tests.corpus.test_readers_pdf import tiny_pdf
from tests.service.changing.room import Room, admin_key, begun, eventually, opened


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("changing")
    data = begun(folder)
    with opened(folder, data, admin_key(data)) as room:
        yield room


def send(room: Room, *files: tuple[str, bytes], **parameters: Any) -> dict[str, Any]:
    parts = [("files", (name, content)) for name, content in files]
    return room.ended(room.client.post("/v1/documents", files=parts, params=parameters))


def word_file(text: str) -> bytes:
    made, stream = docx.Document(), io.BytesIO()
    made.add_paragraph(text)
    made.save(stream)
    return stream.getvalue()


def test_files_of_every_kind_are_found_when_their_job_is_done(room: Room) -> None:
    line = {"id": "news-1", "title": "ข่าวกระบือ", "text": "โรงเรียนใช้กระบือบำบัดเด็กพิเศษในจังหวัดสุพรรณบุรี"}
    job = send(
        room,
        ("รายงาน/ปูม้า.md", "# ธนาคารปูม้า\n\nชุมชนชายทะเลตั้งธนาคารปูม้าเพื่อเพิ่มจำนวนปู".encode()),
        (
            "rooftop.html",
            "<html><body><p>เทศบาลติดโซลาร์เซลล์บนหลังคาตลาดสดทุกแห่งในเมืองนี้แล้ว</p></body></html>".encode(),
        ),
        ("paper.pdf", tiny_pdf("Municipal floating library for river children opens weekly")),
        ("letter.docx", word_file("องค์การบริหารส่วนตำบลแจกต้นกล้าไม้สักให้ทุกครัวเรือนปลูกริมทาง")),
        ("news.jsonl", json.dumps(line, ensure_ascii=False).encode()),
    )
    assert (job["state"], job["stage"], job["kind"]) == ("done", None, "add")
    assert job["result"]["failures"] == []
    assert sorted(job["result"]["documents"]) == ["letter", "news-1", "paper", "rooftop", "ปูม้า"]
    assert job["created"] <= job["started"] <= job["finished"]
    for question, document_id in (
        ("ธนาคารปูม้า", "ปูม้า"),
        ("โซลาร์เซลล์บนหลังคาตลาดสด", "rooftop"),
        ("floating library for river children", "paper"),
        ("แจกต้นกล้าไม้สัก", "letter"),
        ("กระบือบำบัดเด็กพิเศษ", "news-1"),
    ):
        assert room.found(question)[0] == document_id
    assert room.json("/readyz")["generation"] == job["result"]["generation"]
    assert room.json("/v1/documents/ปูม้า")["sources"] == ["ปูม้า.md"]
    eventually(lambda: not (room.data / "spool" / job["id"]).exists())


def test_documents_as_json_and_one_alone(room: Room) -> None:
    several = [
        {
            "id": "book-2562",
            "title": "หนังสือรางวัล",
            "pages": [
                {"number": 7, "text": "หน้าเจ็ดเล่าเรื่องสวนสมุนไพรของวัดป่า"},
                {"number": 9, "text": "หน้าเก้าเล่าเรื่องเรือพายรับขยะในคลอง"},
            ],
            "source": "หนังสือรางวัล ๒๕๖๒",
            "metadata": {"province": "ชลบุรี", "year_be": 2562},
        },
        {"id": "note", "text": "บันทึกเรื่องหอชมดาวของหมู่บ้าน"},
    ]
    job = room.ended(room.client.post("/v1/documents", json={"documents": several}))
    assert job["documents"] == ["book-2562", "note"]
    assert sorted(job["result"]["documents"]) == ["book-2562", "note"]
    assert room.found("เรือพายรับขยะในคลอง")[0] == "book-2562"
    assert room.json("/v1/documents/book-2562")["pages"] == [7, 9]
    hit = room.json("/v1/search", q="สวนสมุนไพรของวัดป่า")["hits"][0]
    assert hit["citation"]["page"] == 7
    assert room.json("/v1/documents/book-2562")["metadata"]["source"] == "หนังสือรางวัล ๒๕๖๒"
    alone = room.ended(room.client.post("/v1/documents", json={"id": "alone", "text": "ศาลาอ่านหนังสือพิมพ์ริมบึง"}))
    assert alone["result"]["documents"] == ["alone"]


def test_a_page_is_added_or_replaces_the_whole_document(room: Room) -> None:
    def page(number: int, text: str) -> dict[str, Any]:
        return {"id": "grows", "title": "รายงานที่โตขึ้น", "pages": [{"number": number, "text": text}]}

    room.ended(room.client.post("/v1/documents", json=page(1, "หน้าแรกเรื่องสะพานไม้ไผ่ยาวที่สุด")))
    room.ended(room.client.post("/v1/documents", json=page(2, "หน้าสองเรื่องตลาดน้ำยามเช้าตรู่")))
    assert room.json("/v1/documents/grows")["pages"] == [1, 2]
    job = room.ended(
        room.client.post("/v1/documents", json=page(3, "หน้าสามเรื่องหอนาฬิกาเก่าแก่"), params={"replace": "true"})
    )
    assert job["kind"] == "replace"
    assert room.json("/v1/documents/grows")["pages"] == [3]
    assert "grows" not in room.found("สะพานไม้ไผ่ยาวที่สุด")


def test_a_title_alone_may_change(room: Room) -> None:
    document = {
        "id": "titled",
        "title": "ชื่อเดิม",
        "text": "เนื้อหาเรื่องทุ่งทานตะวันริมเขื่อน",
        "metadata": {"note": "ก"},
    }
    room.ended(room.client.post("/v1/documents", json=document))
    job = room.ended(room.client.post("/v1/documents", json={**document, "metadata": {"note": "ข"}}))
    assert job["state"] == "done"
    assert room.json("/v1/documents/titled")["metadata"]["note"] == "ข"


def test_the_same_again_changes_nothing(room: Room) -> None:
    document = {"id": "same", "text": "เนื้อหาเดิมทุกประการเรื่องลานกีฬา"}
    first = room.ended(room.client.post("/v1/documents", json=document))
    again = room.ended(room.client.post("/v1/documents", json=document))
    assert (again["state"], again["result"]["changed"]) == ("done", 0)
    assert again["result"]["generation"] == first["result"]["generation"]


def test_a_deleted_document_is_gone(room: Room) -> None:
    room.ended(
        room.client.post("/v1/documents", json={"id": "short-lived", "text": "เรื่องพิพิธภัณฑ์เปลือกหอยชั่วคราว"})
    )
    assert room.found("พิพิธภัณฑ์เปลือกหอย")[0] == "short-lived"
    job = room.ended(room.client.delete("/v1/documents/short-lived"))
    assert (job["kind"], job["state"], job["documents"]) == ("delete", "done", ["short-lived"])
    assert job["result"]["documents"] == ["short-lived"]
    assert "short-lived" not in room.found("พิพิธภัณฑ์เปลือกหอย")
    assert room.client.get("/v1/documents/short-lived").status_code == 404
    assert room.client.delete("/v1/documents/short-lived").status_code == 404


def test_bad_files_are_named_and_the_rest_goes_in(room: Room) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w") as archive:
        archive.writestr("nothing.txt", "x")
    lines = '{"id": "good-line", "text": "บรรทัดดีเรื่องถังขยะเปียกครัวเรือน"}\nnot json\n'.encode()
    job = send(room, ("broken.pdf", b"not a pdf"), ("odd.docx", bomb.getvalue()), ("mixed.jsonl", lines))
    assert job["state"] == "done"
    assert job["result"]["documents"] == ["good-line"]
    failures = {one["name"]: one["message"] for one in job["result"]["failures"]}
    assert set(failures) == {"broken.pdf", "odd.docx", "mixed.jsonl"}
    assert " / " in failures["broken.pdf"]
    assert "line 2" in failures["mixed.jsonl"]
    assert not any(str(room.data) in message or job["id"] in message for message in failures.values())


def test_a_job_of_bad_files_alone_has_failed(room: Room) -> None:
    before = room.json("/readyz")["generation"]
    job = send(room, ("broken.pdf", b"not a pdf"))
    assert job["state"] == "failed"
    assert job["result"]["generation"] is None
    assert job["result"]["failures"][0]["name"] == "broken.pdf"
    assert room.json("/readyz")["generation"] == before


def test_a_repeated_call_gives_the_same_job(room: Room) -> None:
    def post(key: str, text: str) -> httpx.Response:
        return room.client.post(
            "/v1/documents", json={"id": "once", "text": text}, headers={"Idempotency-Key": key}
        )

    first = post("a-1", "เรื่องสนามเด็กเล่นปลอดภัย")
    again = post("a-1", "เรื่องสนามเด็กเล่นปลอดภัย")
    other = post("a-2", "เรื่องสนามเด็กเล่นปลอดภัย")
    assert first.headers["location"] == again.headers["location"] != other.headers["location"]
    assert again.status_code == 202
    room.ended(other)


def test_jobs_are_listed_newest_first(room: Room) -> None:
    one = room.ended(room.client.post("/v1/documents", json={"id": "listed", "text": "เรื่องที่จะถูกลงรายการ"}))
    found = room.json("/v1/jobs", limit=2)
    assert found["jobs"][0] == one
    assert len(found["jobs"]) == 2
    assert found["jobs"][0]["created"] >= found["jobs"][1]["created"]
    assert room.json("/v1/jobs", limit=1, offset=1)["jobs"][0] == found["jobs"][1]
    assert {job["state"] for job in room.json("/v1/jobs", state="failed")["jobs"]} <= {"failed"}
    assert room.client.get("/v1/jobs", params={"state": "gone"}).status_code == 422
    assert room.client.get("/v1/jobs/0000000000000000").status_code == 404
    assert room.client.get("/v1/jobs/..%2fx").status_code in {404, 422}


def test_searches_go_on_while_documents_come_and_go(room: Room) -> None:
    stop = threading.Event()
    faults: list[str] = []

    def ask() -> None:
        with httpx.Client(base_url=room.served.address, timeout=60) as client:
            while not stop.is_set():
                answer = client.get("/v1/search", params={"q": "ศูนย์เรียนรู้ชุมชนหมายเลข"})
                if answer.status_code != 200:
                    faults.append(answer.text)
                    continue
                numbers = {
                    hit["text"].partition("ฉบับ")[2].split()[0]
                    for hit in answer.json()["hits"]
                    if "ฉบับ" in hit["text"]
                }
                if len(numbers) > 1:
                    faults.append(f"two generations in one answer: {numbers}")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            documents = [
                {"id": f"moving-{n}", "text": f"ศูนย์เรียนรู้ชุมชนหมายเลข {n} ฉบับ{number} เปิดสอนทอผ้า"}
                for n in range(6)
            ]
            job = room.ended(room.client.post("/v1/documents", json={"documents": documents}))
            assert job["state"] == "done"
            texts = [hit["text"] for hit in room.json("/v1/search", q="ศูนย์เรียนรู้ชุมชนหมายเลข")["hits"]]
            assert any(f"ฉบับ{number}" in text for text in texts)
        room.ended(room.client.delete("/v1/documents/moving-3"))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert faults == []


def told(room: Room) -> list[str]:
    return [line["message"] for line in room.served.lines() if line["logger"] == "karani.jobs"]


def test_jobs_are_counted_and_logged_without_texts(room: Room) -> None:
    private = "ความลับเรื่องบ่อน้ำร้อนใต้ดิน"
    job = room.ended(
        room.client.post("/v1/documents", json={"id": "secret", "title": private, "text": private})
    )
    # A caller may see that it is done a moment before the log and the counters do.
    eventually(lambda: any(job["id"] in line and " done: " in line for line in told(room)))
    eventually(lambda: "karani_jobs_waiting 0.0" in room.client.get("/metrics").text)
    text = room.client.get("/metrics").text
    assert 'karani_jobs_total{outcome="done"}' in text
    assert 'karani_job_seconds_count{outcome="failed"}' in text
    assert private not in room.served.log.read_text(encoding="utf-8")
