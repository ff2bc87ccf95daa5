from __future__ import annotations

from pathlib import Path

import pytest

from corpus.ingest import Report, ingest
from corpus.settings import Settings
from corpus.store import Store

PARAGRAPHS = [
    "เมืองนี้มีลำห้วยหลายสายไหลลงแม่น้ำ และเผชิญอุทกภัยจนต้องหาวิธีดูแลประชาชนในช่วงน้ำหลากให้ทันท่วงที",
    "เทศบาลสร้างแพลตฟอร์มดิจิทัลที่เรียกว่าวอร์รูม เพื่อใช้ข้อมูลบริหารพื้นที่ที่น้ำท่วม และแจ้งเตือนชาวบ้าน",
    "อาสาสมัครกว่า 300 คนช่วยกันเก็บขยะและขุดลอกห้วย ซึ่งกว้าง 3 เมตร ยาว 1 กิโลเมตร กับห้วยอีกสายหนึ่ง",
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def put(settings: Settings, *paths: Path) -> Report:
    with Store.open(settings.database) as store:
        return ingest(store, list(paths), settings)


def texts(settings: Settings, document_id: str) -> dict[int, str]:
    with Store.open(settings.database) as store:
        return {page.number: page.text for page in store.pages(document_id)}


def test_paragraphs_of_markdown_are_never_joined_or_taken_for_columns(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "flood.md").write_text("\n\n".join(PARAGRAPHS), encoding="utf-8")
    put(settings, tmp_path / "flood.md")
    assert texts(settings, "flood")[1].split("\n") == PARAGRAPHS


def test_pages_from_several_files_and_runs_make_one_document(settings: Settings, tmp_path: Path) -> None:
    def viewer(page: int, text: str) -> str:
        return f"Page {page} - book77\nP. {page}\n\n{text}\n\n 5 6 7 8 9 10"

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
    with Store.open(settings.database) as store:
        ids = [info.document_id for info in store.documents()]
    assert len(ids) == 2
    assert "รายงาน" in ids
    assert put(settings, tmp_path / "in").changed == []


def test_originals_are_kept_by_their_hash_unless_switched_off(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ข้อความหนึ่งหน้า", encoding="utf-8")
    put(settings, tmp_path / "a.txt")
    with Store.open(settings.database) as store:
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
