from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus import makers
from corpus.ingest import Report, Standing, ingest
from corpus.making import Draft
from corpus.records import SourcePage
from corpus.settings import Settings
from corpus.store import Store

STORY = "เทศบาลตำบลบ้านบึงจัดตั้งกลุ่มอาสาสมัครดูแลลำน้ำร่วมกับชาวบ้านในพื้นที่ ตั้งแต่ปี 2562 เป็นต้นมา "


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", workers=1)


def put(settings: Settings, *paths: Path, **options: Any) -> Report:
    with Store.open(settings.database) as store:
        return ingest(store, list(paths), settings, **options)


def rows(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(settings.database) as connection:
        tables = ("documents", "pages", "cases", "passages", "state")
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}


def lines(path: Path, count: int, *, note: str = "") -> Path:
    """Documents of one page or several, some of which come in two parts far from one another."""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            value: dict[str, Any] = {"id": f"d{number}", "title": f"เรื่องที่ {number}"}
            value["text"] = f"{note}เรื่องที่ {number}  " + STORY * (number % 9 + 1)
            if number % 7 == 0:
                value = {"id": f"d{number // 2}", "pages": [{"number": 2, "text": STORY * 3 + str(number)}]}
            stream.write(json.dumps(value, ensure_ascii=False) + "\n")
    return path


def test_any_number_of_workers_stores_the_same(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.gathering._BATCH_DOCUMENTS", 20)
    several = replace(settings, data=tmp_path / "several", workers=2)
    (tmp_path / "d9.txt").write_text(STORY, encoding="utf-8")  # the name of a document that is under way
    for count, note in ((80, ""), (50, "แก้แล้ว "), (80, "")):
        paths = lines(tmp_path / "news.jsonl", count, note=note), tmp_path / "d9.txt"
        assert put(settings, *paths).changed == put(several, *paths).changed
        assert rows(settings) == rows(several)


def test_what_is_stored_just_so_is_not_made_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "news.jsonl", 30)
    (tmp_path / "untitled.txt").write_text("หัวเรื่องของเทศบาลตำบลบ้านบึง\n\n" + STORY * 4, encoding="utf-8")
    put(settings, path, tmp_path / "untitled.txt")
    before = rows(settings)

    def never(_: Draft) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(makers, "make", never)
    again = put(settings, path, tmp_path / "untitled.txt")
    assert (again.changed, again.unchanged) == ([], len(before["documents"]))
    assert rows(settings) == before
    with pytest.raises(AssertionError, match="made again"):
        put(settings, path, fresh=True)


@pytest.mark.parametrize(
    ("key", "value"), [("title", "ชื่อใหม่"), ("province", "ชลบุรี"), ("text", "เรื่องใหม่ " + STORY)]
)
def test_whatever_is_new_in_a_document_is_stored(
    settings: Settings, tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "one.jsonl"
    document = {"id": "one", "title": "ชื่อ", "text": STORY * 5}
    path.write_text(json.dumps(document), encoding="utf-8")
    put(settings, path)
    path.write_text(json.dumps(document | {key: value}), encoding="utf-8")
    report = put(settings, path)
    assert (report.changed, report.unchanged) == (["one"], 0)
    with Store.open(settings.database) as store:
        info = store.document("one")
        assert info is not None
        found = {"title": info.title, **info.metadata, "text": store.pages("one")[0].source_text}
    assert found[key] == value


def test_another_version_of_the_rules_makes_all_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "news.jsonl", 5)
    put(settings, path)
    for module in ("gathering", "making"):
        monkeypatch.setattr(f"corpus.{module}.CLEANER_VERSION", "next")
    assert put(settings, path).unchanged == 0
    assert put(settings, path).unchanged > 0


def test_an_ingest_that_was_broken_off_is_gone_on_with(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.gathering._BATCH_DOCUMENTS", 10)
    path = lines(tmp_path / "news.jsonl", 70)

    def stop(at: Standing) -> None:
        if at.documents == 65:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(replace(settings, workers=2), path, progress=stop)
    rest = put(settings, path)
    assert rest.unchanged >= 10
    whole = replace(settings, data=tmp_path / "whole")
    put(whole, path)
    kept = ("document_id", "title", "text")
    with Store.open(settings.database) as one, Store.open(whole.database) as other:
        assert one.documents() == other.documents()
        assert {getattr(p, kept[2]) for p in one.passages()} == {
            getattr(p, kept[2]) for p in other.passages()
        }


def test_bytes_and_documents_are_told_while_one_large_file_is_read(
    settings: Settings, tmp_path: Path
) -> None:
    path = lines(tmp_path / "news.jsonl", 100)
    told: list[Standing] = []
    put(settings, path, progress=told.append)
    assert [at.bytes for at in told] == sorted(at.bytes for at in told)
    assert len({at.bytes for at in told}) > 3
    assert {at.of_bytes for at in told} == {path.stat().st_size}
    assert (told[-1].bytes, told[-1].documents) == (path.stat().st_size, 100)


def drafts(count: int) -> list[Draft]:
    page = SourcePage(1, STORY * 10, "a.txt", "0" * 64, "plain")
    return [Draft(f"d{number}", "ชื่อ", {}, (page,)) for number in range(count)]


def test_a_process_that_is_killed_loses_nothing() -> None:
    making = makers.Makers(2)
    try:
        batch = making.begin(drafts(100), more=True)
        while not making.processes:
            time.sleep(0.01)
        os.kill(making.processes[0], signal.SIGKILL)
        made = list(batch.made())
    finally:
        making.close()
    assert [one.document_id for one in made] == [f"d{number}" for number in range(100)]
    assert not any(isinstance(one, makers.Lost) for one in made)


class Deadly(Draft):
    """Ends whatever process takes it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (9,)


def test_a_document_that_ends_every_process_is_told_and_the_others_are_made() -> None:
    deadly = Deadly("deadly", "ชื่อ", {}, (SourcePage(1, STORY, "bad.txt", "0" * 64, "plain"),))
    making = makers.Makers(2)
    try:
        made = list(making.begin([*drafts(3), deadly, *drafts(2)], more=True).made())
    finally:
        making.close()
    assert made[3] == makers.Lost("deadly", "bad.txt", "exit 9")
    others = [one for one in made if not isinstance(one, makers.Lost)]
    assert [one.document_id for one in others] == ["d0", "d1", "d2", "d0", "d1"]


def test_processes_end_with_the_ingest() -> None:
    making = makers.Makers(2)
    list(making.begin(drafts(40), more=True).made())
    processes = making.processes
    assert processes
    making.close()
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_little_work_starts_no_process() -> None:
    making = makers.Makers(4)
    list(making.begin(drafts(20), more=False).made())
    assert making.processes == []
    making.close()
