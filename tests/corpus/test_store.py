from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from corpus.cited import CitedPassage, cited
from corpus.cleaning import CLEANER_VERSION
from corpus.passages import split
from corpus.records import Case, CaseSpan, Page, Piece
from corpus.schema import MIGRATIONS
from corpus.sqlite import SchemaError
from corpus.store import DocumentRecord, Store

TEXT = "เทศบาลตำบลบ้านบึงทำบันทึกข้อตกลงกับโรงพยาบาล"


def record(
    document_id: str = "report",
    text: str = TEXT,
    *,
    title: str = "รายงาน",
    province: str = "ชลบุรี",
    number: int = 25,
) -> DocumentRecord:
    piece = Piece(0, len(text), 2, len(text))
    page = Page(number, "a.txt", "f" * 64, "plain", f"  {text}", text, (piece,), (0,), ("หน้า 25",))
    case = Case(f"case-{document_id}", "เทศบาลตำบลบ้านบึง", "เทศบาลตำบล", province, 2562, "รางวัลพระปกเกล้า")
    spans = [CaseSpan(case, number, 0, len(text), "3.6")]
    return DocumentRecord(document_id, title, {"k": "v"}, [page], "1", spans, split(page, spans, document_id))


def test_what_is_stored_comes_back_whole(store: Store) -> None:
    wanted = record()
    assert store.replace(wanted)
    assert store.pages("report") == list(wanted.pages)
    assert store.page("report", 25) == wanted.pages[0]
    assert list(store.passages()) == list(wanted.passages)
    assert store.passage(wanted.passages[0].passage_id) == wanted.passages[0]
    info = store.cases()[0]
    assert (info.case, info.document_id, info.passages) == (wanted.spans[0].case, "report", 1)
    document = store.document("report")
    assert document is not None
    assert (document.title, document.pages, dict(document.metadata)) == ("รายงาน", (25,), {"k": "v"})


def test_storing_the_same_again_changes_nothing(store: Store) -> None:
    store.replace(record())
    change, rows = store.change, list(store.row_numbers())
    assert not store.replace(record())
    assert (store.change, list(store.row_numbers())) == (change, rows)


def test_a_changed_case_gives_its_passages_new_rows_because_their_context_changed(store: Store) -> None:
    store.replace(record())
    before = list(store.row_numbers())
    assert store.replace(record(province="ระยอง"))
    assert set(before).isdisjoint(store.row_numbers())
    assert store.cases()[0].case.province == "ระยอง"


def test_an_earlier_change_still_reads_as_it_was(store: Store) -> None:
    store.replace(record(text="ข้อความเดิมของหน้านี้"))
    old = store.at(store.change)
    store.replace(record(text="ข้อความใหม่ของหน้านี้"))
    page = old.page("report", 25)
    assert page is not None
    assert page.text == "ข้อความเดิมของหน้านี้"
    assert [p.text for p in old.passages()] == ["ข้อความเดิมของหน้านี้"]
    assert [p.text for p in store.passages()] == ["ข้อความใหม่ของหน้านี้"]
    store.remove("report")
    assert store.count("passages") == 0
    assert old.count("passages") == 1
    assert store.forget(store.change) > 0
    assert old.count("passages") == 0


def test_contexts_name_title_case_and_heading(store: Store) -> None:
    store.replace(record())
    stored = store.stored(list(store.row_numbers()))
    assert [s.context for s in stored.values()] == ["รายงาน\nเทศบาลตำบลบ้านบึง จังหวัดชลบุรี\n3.6"]


def test_a_citation_names_title_source_and_case_as_of_the_passages_change(store: Store) -> None:
    wanted = record()
    store.replace(wanted)
    old, row = store.at(store.change), store.row_numbers()[0]
    told = CitedPassage(wanted.passages[0], wanted.spans[0].case, "รายงาน", "a.txt", "1")
    assert cited(store, [row]) == cited(old, [row, 99]) == {row: told}
    store.replace(record(title="รายงานอีกฉบับ", province="ระยอง"))
    assert cited(old, [row]) == {row: told}
    assert cited(store, [row]) == cited(store, []) == {}


def test_a_passage_whose_page_is_lost_is_cited_without_source(store: Store) -> None:
    store.replace(record())
    row = store.row_numbers()[0]
    with store.writing() as transaction:
        for table in ("documents", "pages", "cases"):
            transaction.execute(f"DELETE FROM {table}")
    told = cited(store, [row])[row]
    assert (told.case, told.title, told.source, told.cleaner) == (None, "report", "", CLEANER_VERSION)


def test_a_failed_transaction_leaves_nothing_behind(store: Store) -> None:
    store.replace(record())
    broken = record("second")
    clash = DocumentRecord(
        "second", "t", {}, broken.pages, "1", broken.spans, [*broken.passages, *broken.passages]
    )
    doubled = DocumentRecord("third", "t", {}, record("report").pages, "1", [], record("report").passages)
    store.replace(clash)  # the same passage twice is one row
    with pytest.raises(sqlite3.IntegrityError):
        store.replace(doubled)  # another document's passage ids
    assert [d.document_id for d in store.documents()] == ["report", "second"]


def test_nothing_asked_for_is_nothing_found(store: Store) -> None:
    store.replace(record())
    assert store.stored([]) == store.places([]) == store.titles([]) == store.metadata([]) == {}
    assert store.page_sources([]) == {}
    assert list(store.passages([])) == []


def test_streaming_gives_every_passage_once(store: Store) -> None:
    for number in range(25):
        store.replace(record(f"d{number:02}", text=f"เอกสารที่ {number}"))
    rows = [s.row for batch in store.stream(size=7) for s in batch]
    assert rows == list(store.row_numbers())
    assert len(rows) == 25


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.sqlite"
    Store.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(SchemaError, match="upgrade"):
        Store.open(path)
