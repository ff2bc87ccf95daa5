from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.ingest import Report, ingest, remove
from corpus.limits import Limits
from corpus.settings import Settings
from corpus.store import Store

PARAGRAPHS = [
    "เมืองนี้มีลำห้วยหลายสายไหลลงแม่น้ำ และเผชิญอุทกภัยจนต้องหาวิธีดูแลประชาชนในช่วงน้ำหลากให้ทันท่วงที",
    "เทศบาลสร้างแพลตฟอร์มดิจิทัลที่เรียกว่าวอร์รูม เพื่อใช้ข้อมูลบริหารพื้นที่ที่น้ำท่วม และแจ้งเตือนชาวบ้าน",
    "อาสาสมัครกว่า 300 คนช่วยกันเก็บขยะและขุดลอกห้วย ซึ่งกว้าง 3 เมตร ยาว 1 กิโลเมตร กับห้วยอีกสายหนึ่ง",
]


@pytest.fixture
def settings(kept_in: Settings) -> Settings:
    return replace(kept_in, data=kept_in.data / "data")


def put(settings: Settings, *paths: Path) -> Report:
    with Store.of(settings) as store:
        return ingest(store, list(paths), settings)


def texts(settings: Settings, document_id: str) -> dict[int, str]:
    with Store.of(settings) as store:
        return {page.number: page.text for page in store.pages(document_id)}


def viewer(page: int, text: str) -> str:
    return f"Page {page} - book77\nP. {page}\n\n{text}\n\n 5 6 7 8 9 10"


def test_paragraphs_of_markdown_are_never_joined_or_taken_for_columns(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "flood.md").write_text("\n\n".join(PARAGRAPHS), encoding="utf-8")
    put(settings, tmp_path / "flood.md")
    assert texts(settings, "flood")[1].split("\n") == PARAGRAPHS


def test_pages_from_several_files_and_runs_make_one_document(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(viewer(8, "เรื่องของหน้าที่แปด"), encoding="utf-8")
    (tmp_path / "a.txt").write_text(viewer(7, "เรื่องของหน้าที่เจ็ด"), encoding="utf-8")
    put(settings, tmp_path / "b.txt", tmp_path / "a.txt")
    (tmp_path / "c.txt").write_text(viewer(9, "เรื่องของหน้าที่เก้า"), encoding="utf-8")
    put(settings, tmp_path / "c.txt")
    assert texts(settings, "book77") == {
        7: "เรื่องของหน้าที่เจ็ด",
        8: "เรื่องของหน้าที่แปด",
        9: "เรื่องของหน้าที่เก้า",
    }
    assert put(settings, tmp_path / "a.txt").changed == []


def test_files_of_one_name_in_two_folders_are_two_documents_with_stable_ids(
    settings: Settings, tmp_path: Path
) -> None:
    for folder in ("north", "south"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        (tmp_path / "in" / folder / "รายงาน.txt").write_text(f"เรื่องของภาค {folder}", encoding="utf-8")
    put(settings, tmp_path / "in")
    with Store.of(settings) as store:
        ids = [info.document_id for info in store.documents()]
    assert len(ids) == 2
    assert "รายงาน" in ids
    assert put(settings, tmp_path / "in").changed == []


def test_originals_are_kept_by_their_hash_unless_switched_off(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ข้อความหนึ่งหน้า", encoding="utf-8")
    put(settings, tmp_path / "a.txt")
    with Store.of(settings) as store:
        page = store.page("a", 1)
    assert page is not None
    assert (settings.originals / page.sha256).read_bytes() == (tmp_path / "a.txt").read_bytes()
    quiet = Settings(data=tmp_path / "quiet", keep_originals=False)
    put(quiet, tmp_path / "a.txt")
    assert not quiet.originals.exists()


def test_a_failing_file_loses_nothing_that_was_stored(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("ข้อความที่อ่านได้", encoding="utf-8")
    put(settings, path)
    path.write_bytes(b"")
    report = put(settings, path)
    assert [failure.path for failure in report.failures] == [path]
    assert texts(settings, "a") == {1: "ข้อความที่อ่านได้"}


def put_pages(settings: Settings, folder: Path, *pages: int, anew: bool = False, note: str = "") -> Report:
    folder.mkdir(exist_ok=True)
    for page in pages:
        (folder / f"{page}.txt").write_text(viewer(page, f"เรื่องของหน้าที่ {page} {note}"), encoding="utf-8")
    with Store.of(settings) as store:
        return ingest(store, [folder], settings, replace=anew)


def test_replacing_leaves_exactly_what_the_files_bring(settings: Settings, tmp_path: Path) -> None:
    put_pages(settings, tmp_path / "one", 7, 8, 9)
    assert put_pages(settings, tmp_path / "two", 8, note="แก้แล้ว").changed == ["book77"]
    assert sorted(texts(settings, "book77")) == [7, 8, 9], "without being told to, what is there stays"
    assert put_pages(settings, tmp_path / "three", 8, 10, anew=True).changed == ["book77"]
    assert sorted(texts(settings, "book77")) == [8, 10]
    assert "แก้แล้ว" not in texts(settings, "book77")[8]
    assert put_pages(settings, tmp_path / "three", 8, 10, anew=True).changed == []


def test_replacing_joins_what_several_batches_bring(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.gathering._BATCH_DOCUMENTS", 1)
    put_pages(settings, tmp_path / "one", 1, 2)
    put_pages(settings, tmp_path / "two", 3, 4, 5, anew=True)
    assert sorted(texts(settings, "book77")) == [3, 4, 5]


def test_other_documents_stay_when_one_is_replaced(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("เรื่องแรก", encoding="utf-8")
    (tmp_path / "b.txt").write_text("เรื่องที่สอง", encoding="utf-8")
    put(settings, tmp_path / "a.txt", tmp_path / "b.txt")
    (tmp_path / "b.txt").write_text("เรื่องใหม่", encoding="utf-8")
    with Store.of(settings) as store:
        ingest(store, [tmp_path / "b.txt"], settings, replace=True)
    assert texts(settings, "a") == {1: "เรื่องแรก"}
    assert texts(settings, "b") == {1: "เรื่องใหม่"}


def test_a_given_name_stands_for_the_path(settings: Settings, tmp_path: Path) -> None:
    spooled = tmp_path / "0001"
    spooled.write_text(json.dumps({"text": "เรื่องหนึ่ง"}) + "\nbad\n", encoding="utf-8")
    web = tmp_path / "0002"
    web.write_text("<p>หน้าเว็บของเทศบาล", encoding="utf-8")
    broken = tmp_path / "0003.txt"
    broken.write_bytes(b"%PDF-nonsense")
    names = {spooled: "ข่าว.jsonl", web: "../รายงาน ปี 62.html", broken: "C:\\เสีย.pdf"}
    with Store.of(settings) as store:
        report = ingest(store, list(names), settings, named=names)
        found = {info.document_id: info for info in store.documents()}
    assert [(str(failure.path), failure.line) for failure in report.failures] == [
        ("ข่าว.jsonl", 2),
        ("เสีย.pdf", None),
    ]
    assert all(str(tmp_path) not in str(failure) for failure in report.failures)
    news = next(document_id for document_id in found if document_id.startswith("ข่าว-"))
    assert found[news].sources == ("ข่าว.jsonl",)
    assert found["รายงาน-ปี-62"].sources == ("รายงาน ปี 62.html",)
    assert found["รายงาน-ปี-62"].metadata["path"] == "รายงาน ปี 62.html"


def test_a_named_file_again_is_the_same_document(settings: Settings, tmp_path: Path) -> None:
    ids = []
    for spool in ("0001", "0002"):
        path = tmp_path / spool
        path.write_text(f"เรื่องที่อยู่ใน {spool}", encoding="utf-8")
        with Store.of(settings) as store:
            ids.append(ingest(store, [path], settings, named={path: "รายงาน.txt"}, replace=True).changed)
    assert ids == [["รายงาน"], ["รายงาน"]]
    assert texts(settings, "รายงาน") == {1: "เรื่องที่อยู่ใน 0002"}


def test_two_files_of_one_name_are_refused(settings: Settings, tmp_path: Path) -> None:
    named = {tmp_path / "1": "a.txt", tmp_path / "2": "x/a.txt"}
    with Store.of(settings) as store, pytest.raises(ValueError, match="one name"):
        ingest(store, list(named), settings, named=named)


def test_removing_tells_what_went_and_leaves_the_rest(settings: Settings, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.txt").write_text(f"เรื่อง {name}", encoding="utf-8")
    put(settings, tmp_path)
    with Store.of(settings) as store:
        before = store.change
        assert remove(store, ["c", "nothing", "a", "c"]) == ["c", "a"]
        assert [info.document_id for info in store.documents()] == ["b"]
        assert store.count("passages") == 1
        assert store.at(before).count("documents") == 3, "generations built before still read them"
        assert remove(store, ["a"]) == []


def test_limits_come_with_the_settings(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("หน้า\fหน้า\fหน้า", encoding="utf-8")
    report = put(replace(settings, limits=Limits(pages=2)), tmp_path / "a.txt")
    assert "3 pages exceed 2" in str(report.failures[0])
    assert put(settings, tmp_path / "a.txt").failures == []


def test_pages_that_two_processes_bring_at_once_are_all_kept(settings: Settings, tmp_path: Path) -> None:
    """Also without the lock that callers hold: what is known is read in the transaction that writes."""
    with Store.of(settings):
        pass
    program = (
        "import sys; from pathlib import Path; from corpus.ingest import ingest; from corpus.store import Store\n"
        "from corpus.settings import Settings\n"
        "with Store.of(Settings.from_environment(data=Path(sys.argv[1]))) as store:\n    ingest(store, [Path(sys.argv[2])])"
    )
    for page in range(4):
        (tmp_path / f"{page + 1}.txt").write_text(viewer(page + 1, f"เรื่องของหน้าที่ {page}"), encoding="utf-8")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(settings.data), str(tmp_path / f"{page}.txt")],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **settings.variables},
        )
        for page in (1, 2, 3, 4)
    ]
    assert [process.wait(120) for process in running] == [0] * 4
    assert sorted(texts(settings, "book77")) == [1, 2, 3, 4]


def test_originals_are_kept_before_pages_name_them_and_not_for_files_that_fail(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"no PDF")
    (tmp_path / "good.txt").write_text("ดี", encoding="utf-8")
    settings.originals.mkdir(parents=True)
    (settings.originals / "tmpabc.partial").write_bytes(b"half")
    put(settings, tmp_path / "bad.pdf", tmp_path / "good.txt")
    assert [path.read_text(encoding="utf-8") for path in settings.originals.iterdir()] == ["ดี"]


def test_pages_from_many_files_come_to_no_more_than_a_document_may_have(
    settings: Settings, tmp_path: Path
) -> None:
    few = replace(settings, limits=Limits(pages=3))
    put_pages(few, tmp_path / "one", 1, 2)
    report = put_pages(few, tmp_path / "two", 2, 3, 4)
    assert "4 pages exceed 3" in str(report.failures[0])
    assert sorted(texts(settings, "book77")) == [1, 2, 3]
    assert put_pages(few, tmp_path / "three", 5, 6, 7, anew=True).failures == []
    assert sorted(texts(settings, "book77")) == [5, 6, 7]


def test_long_ids_that_begin_alike_are_two_documents(settings: Settings, tmp_path: Path) -> None:
    long = "รายงาน" * 40
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps({"id": long + end, "text": f"เรื่อง {end}"}) + "\n" for end in "กขค"),
        encoding="utf-8",
    )
    put(settings, path)
    with Store.of(settings) as store:
        ids = [info.document_id for info in store.documents()]
    assert len(ids) == 3
    assert all(len(one) <= 120 for one in ids)
    assert put(settings, path).changed == []


def test_ids_of_nothing_but_signs_are_ids_and_apart(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "/../", "text": "เรื่อง"}\n{"id": "???", "text": "อื่น"}', encoding="utf-8")
    put(settings, path)
    with Store.of(settings) as store:
        ids = [info.document_id for info in store.documents()]
    assert len(ids) == 2
    assert all(one.startswith("document-") for one in ids)
