"""`karani export`: plain JSON lines, and the same documents again when they are ingested."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from corpus.cleaning import CLEANER_VERSION, clean
from corpus.demo import CASES
from corpus.export import ExportError, export, write
from corpus.ingest import ingest
from corpus.store import Store

VIEWER = "Page {n} - sample62009\nP. {n}\n\n   3.6 เทศบาลตำบลบ้านบึง (จ.ชลบุรี): ดูแลสุขภาพ\n\n   หน้า {n} เล่าต่อ\n   ว่าทำข้อตกลง(MOU)กับโรงพยาบาล\n\n  20 21\n"
LINES = [
    {"id": "two-pages", "title": "สองหน้า", "pages": [{"number": 3, "text": "หน้าสาม\nน้ํา\n\n\nทําให้"}, {"number": 9, "text": "หน้าเก้า"}]},
    {"id": "plain", "text": "ไม่มีชื่อ แต่มี \x07 อักขระแปลก \u200b และ \u2028 บรรทัด", "year_be": 2562, "organisation": "เทศบาลตำบลน้ำใส"},
]  # fmt: skip
TABLES = {
    "documents": "document_id, title, metadata",
    "pages": "document_id, number, source, sha256, reader, cleaner, source_text, text, pieces, blocks, dropped",
    "cases": "document_id, case_id, name, kind, province, year_be, award",
    "passages": 'document_id, passage_id, page, case_id, heading, text, start, "end", context, fingerprint',
}


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All that the store holds but for its own numbers."""
    return {
        table: sorted(store.rows(f"SELECT {columns} FROM {table} WHERE removed IS NULL"), key=repr)
        for table, columns in TABLES.items()
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for number in (25, 26):
        (folder / f"p{number}.txt").write_text(VIEWER.format(n=number), encoding="utf-8")
    (folder / "lines.jsonl").write_text("\n".join(json.dumps(line) for line in LINES), encoding="utf-8")
    (folder / "page.html").write_text(
        "<html><body><h1>หัวเรื่อง</h1><p>ย่อหน้า<br>ยาว ๆ ของเทศบาล</p></body></html>"
    )
    (folder / "cp874.txt").write_bytes("ข้อความเก่า\r\nของอำเภอ\fหน้าสอง".encode("cp874"))
    database = tmp_path_factory.mktemp("data") / "corpus.sqlite"
    with Store.open(database) as store:
        assert not ingest(store, [folder, CASES]).failures
    return database


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.jsonl.zst"])
def test_ingesting_an_export_gives_the_same_again(filled: Path, tmp_path: Path, name: str) -> None:
    with Store.open(filled) as store, Store.open(tmp_path / "again.sqlite") as again:
        assert export(store, tmp_path / name) == store.count("documents")
        report = ingest(again, [tmp_path / name])
        assert report.failures == []
        assert rows(again) == rows(store)
        assert {reader for (reader,) in again.rows("SELECT DISTINCT reader FROM pages")} >= {
            "jsonl",
            "markdown",
            "viewer",
        }
        export(again, tmp_path / f"second-{name}")
    assert opened(tmp_path / f"second-{name}") == opened(tmp_path / name)


def opened(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode()


def test_a_line_holds_what_the_page_says_and_where_its_passages_stand(filled: Path) -> None:
    stream = io.BytesIO()
    with Store.open(filled) as store:
        write(store, stream)
    lines = {line["id"]: line for line in map(json.loads, stream.getvalue().decode().splitlines())}
    line = lines["sample62009"]
    assert [page["number"] for page in line["pages"]] == [25, 26]
    assert [page["source"] for page in line["pages"]] == ["p25.txt", "p26.txt"]
    assert {page["cleaner"] for page in line["pages"]} == {CLEANER_VERSION}
    assert line["cases"][0]["name"] == "เทศบาลตำบลบ้านบึง"
    texts = {page["number"]: page["text"] for page in line["pages"]}
    for passage in line["passages"]:
        assert texts[passage["page"]][passage["start"] : passage["end"]].strip()
        assert passage["case_id"] == line["cases"][0]["case_id"]
    assert json.loads(json.dumps(lines["plain"]["metadata"])) == {
        "organisation": "เทศบาลตำบลน้ำใส",
        "year_be": "2562",
    }


def test_only_living_documents_are_exported_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").write_text("เอกสารที่จะถูกนำออก", encoding="utf-8")
    with Store.open(tmp_path / "c.sqlite") as store:
        ingest(store, [tmp_path / "gone.txt", CASES])
        store.remove("gone")
        export(store, tmp_path / "x.jsonl")
        with pytest.raises(ExportError, match="there already"):
            export(store, tmp_path / "x.jsonl")
    assert "gone" not in {json.loads(line)["id"] for line in opened(tmp_path / "x.jsonl").splitlines()}
    assert sorted(path.name for path in tmp_path.glob("*jsonl*")) == ["x.jsonl"]


@given(text=st.text(min_size=1).filter(lambda text: text.strip("\x00\ufeff\u200b\u2060 \t\r\n") != ""))
@configured(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    from corpus.passages import split
    from corpus.records import Page
    from corpus.store import DocumentRecord

    for name in ("one.sqlite", "two.sqlite", "x.jsonl"):
        (tmp_path / name).unlink(missing_ok=True)
    cleaned = clean(text)
    page = Page(
        1, "a.txt", "0" * 64, "plain", text, cleaned.text, cleaned.pieces, cleaned.blocks, cleaned.dropped
    )
    record = DocumentRecord("a", "ชื่อ", {}, [page], CLEANER_VERSION, [], split(page, [], "a"))
    with Store.open(tmp_path / "one.sqlite") as store, Store.open(tmp_path / "two.sqlite") as again:
        store.replace(record)
        export(store, tmp_path / "x.jsonl")
        assert ingest(again, [tmp_path / "x.jsonl"]).failures == []
        assert rows(again)["pages"] == rows(store)["pages"]


@pytest.mark.parametrize(
    "change",
    [
        {"karani_export": 2},
        {"pages": []},
        {"pages": [{"number": 1, "text": "ไม่มีต้นฉบับ"}]},
        {"pages": [{"number": 1, "source_text": "ก"}, {"number": 1, "source_text": "ข"}]},
        {"metadata": []},
        {"id": ""},
    ],
)
def test_a_changed_line_is_refused_by_number(tmp_path: Path, change: dict[str, Any]) -> None:
    line = {
        "karani_export": 1,
        "id": "a",
        "title": "",
        "metadata": {},
        "pages": [{"number": 1, "source_text": "ก"}],
    }
    (tmp_path / "x.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(line | change), encoding="utf-8")
    with Store.open(tmp_path / "c.sqlite") as store:
        report = ingest(store, [tmp_path / "x.jsonl"])
        assert [failure.line for failure in report.failures] == [2]
        assert store.page("a", 1) is not None


def test_a_very_long_document_takes_several_lines_and_comes_back_as_one(tmp_path: Path) -> None:
    pages = [{"number": n, "text": f"หน้าที่ {n} ของเทศบาลตำบลบ้านบึง " * 40} for n in range(1, 12)]
    line = {"id": "book", "title": "เล่มยาว", "pages": pages, "metadata": {"organisation": "เทศบาลตำบลบ้านบึง"}}
    (tmp_path / "book.jsonl").write_text(json.dumps(line, ensure_ascii=False), encoding="utf-8")
    with Store.open(tmp_path / "one.sqlite") as store, Store.open(tmp_path / "two.sqlite") as again:
        ingest(store, [tmp_path / "book.jsonl"])
        with (tmp_path / "x.jsonl").open("wb") as stream:
            assert write(store, stream, line_chars=5_000) == 1
        assert len(opened(tmp_path / "x.jsonl").splitlines()) > 3
        assert ingest(again, [tmp_path / "x.jsonl"]).failures == []
        assert rows(again) == rows(store)
