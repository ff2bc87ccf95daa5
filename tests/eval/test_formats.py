"""Query sets in other formats: spreadsheets and TREC topics."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest

from corpus.settings import Settings
from eval import cli
from eval.collection import open_collection
from eval.errors import DataError
from eval.qrels import read_evidence
from eval.spreadsheets import document_name, load_table
from eval.topics import load_topics, read_topics
from tests.eval.sets import TEXTS, beir, write_qrels


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, (title, text) in TEXTS.items():
        (folder / f"{name}.txt").write_text(f"{title}\n{text}\n", encoding="utf-8")
    return folder


TABLE = """คำถาม,เอกสาร,หน้า,คะแนน,type
ใครทำข้อตกลงกับโรงพยาบาล,d1.txt,1,2,who
"เตือนภัยน้ำท่วม, อย่างไร",d3.txt,,,how
"เตือนภัยน้ำท่วม, อย่างไร",d2,,1,how
ทีมไหนได้แชมป์ฟุตบอลโลก,,,,who
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp874", "utf-16"])
def test_a_table_in_any_encoding_a_spreadsheet_writes(tmp_path: Path, texts: Path, encoding: str) -> None:
    path = tmp_path / "questions.csv"
    path.write_bytes(TABLE.replace("\n", "\r\n").encode(encoding))
    dataset = load_table(path, "test", texts)
    assert [query.text for query in dataset.queries] == ["ใครทำข้อตกลงกับโรงพยาบาล", "เตือนภัยน้ำท่วม, อย่างไร"]
    assert dataset.qrels == {"q001": {"d1": 2}, "q002": {"d3": 2, "d2": 1}}
    assert dataset.evidence["q001"][0].page == 1
    assert dataset.queries[0].metadata == {"type": "who"}
    assert [query.text for query in dataset.unanswerable] == ["ทีมไหนได้แชมป์ฟุตบอลโลก"]
    assert dataset.relevance_level == 2


@pytest.mark.parametrize(("suffix", "mark"), [(".tsv", "\t"), (".csv", ";"), (".csv", "\t")])
def test_other_separators(tmp_path: Path, texts: Path, suffix: str, mark: str) -> None:
    path = tmp_path / f"questions{suffix}"
    path.write_text(f"id{mark}question{mark}document\nx1{mark}ใคร{mark}d1\n", encoding="utf-8")
    assert load_table(path, "test", texts).qrels == {"x1": {"d1": 2}}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "table.csv:1: no header"),
        ("คำถาม,หน้า\nก,1\n", "table.csv:1: no column for the document"),
        ("question,query,document\nก,ข,d1\n", "table.csv:1:1: two columns 'question'"),
        ("question,document\n,d1\n", "table.csv:2:1: no question"),
        ("question,document,page\nก,d1,หนึ่ง\n", "table.csv:2:3: page 'หนึ่ง'"),
        ("question,document,grade\nก,d1,2\nก,d1,1\n", "table.csv:3:2: document 'd1' is judged twice"),
        ("question,document\nก,d1,เกิน\n", "table.csv:2:3: 3 cells under 2 columns"),
        ('question,document\n"ก,d1\n', "table.csv:2: unexpected end of data"),
        ("id,question,document\n1,ก,d1\n1,ข,d2\n", "table.csv:3:1: id '1' names another question"),
        ("id,question,document\na b,ก,d1\n", "table.csv:2:1: id 'a b' holds white space"),
        ("question,document\nก,\n", "no question with a document"),
    ],
)
def test_bad_tables_name_row_and_column(tmp_path: Path, texts: Path, table: str, says: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_table(path, "test", texts)
    assert says in str(caught.value)


def test_a_workbook_is_refused_with_advice(tmp_path: Path, texts: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(DataError, match="saved as CSV or TSV"):
        load_table(path, "test", texts)


def test_file_names_become_the_ids_that_ingestion_gives(tmp_path: Path, texts: Path) -> None:
    (texts / "รายงาน ปี 2562 (ฉบับแก้).txt").write_text("เทศบาลรายงานผลงานประจำปี", encoding="utf-8")
    path = tmp_path / "questions.csv"
    path.write_text("question,document\nผลงาน,รายงาน ปี 2562 (ฉบับแก้).txt\nขยะ,d2.txt\n", encoding="utf-8")
    settings = Settings(data=tmp_path / "var")
    collection = open_collection(load_table(path, "test", texts), settings, tmp_path / "cache")
    collection.engine.close()
    assert document_name("kpiebook62009") == "kpiebook62009"
    assert document_name("a.b") == "a.b"


def test_rows_of_another_split_are_left_out(tmp_path: Path, texts: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_text("question,document,split\nก,d1,dev\nข,d2,test\nค,d3,\n", encoding="utf-8")
    assert [query.text for query in load_table(path, "test", texts).queries] == ["ข", "ค"]


CLASSIC = """<top>
<num> Number: 301
<title> ธนาคารขยะของเด็ก
นักเรียน

<desc> Description:
</top>
<top><num>302</num><title>เตือนน้ำท่วม</title></top>
"""
XML = """<topics><topic number="301"><query>ธนาคารขยะของเด็ก
นักเรียน</query></topic><topic type='x' number='302'><title>เตือนน้ำท่วม</title></topic></topics>"""
LINES = "301\tธนาคารขยะของเด็ก นักเรียน\n302\tเตือนน้ำท่วม\n"


@pytest.mark.parametrize("layout", [CLASSIC, XML, LINES])
def test_topics_in_three_layouts(tmp_path: Path, texts: Path, layout: str) -> None:
    topics, qrels = tmp_path / "topics", tmp_path / "qrels"
    topics.write_text(layout, encoding="utf-8")
    qrels.write_text("301 0 d2 1\n301 0 d1 0\n302 0 d3 2\n", encoding="utf-8")
    dataset = load_topics(topics, qrels, texts)
    assert [(q.query_id, q.text) for q in dataset.queries] == [
        ("301", "ธนาคารขยะของเด็ก นักเรียน"),
        ("302", "เตือนน้ำท่วม"),
    ]
    assert dataset.qrels["301"] == {"d2": 1, "d1": 0}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<top>\n<num> 1\n</top>", "topics:1:1: a topic lacks number or title"),
        ("\n\n<topic number='1'><x/></topic>", "topics:3:1: topic '1' has no question"),
        ("1\tก\n1\tข\n", "topics:2:1: topic '1' stands twice, also in line 1"),
        ("only words\n", "topics:1:1: no id and question"),
        ("\n", "no topics"),
    ],
)
def test_bad_topics_are_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "topics"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_topics(path)
    assert says in str(caught.value)


def test_qrels_without_a_topic_are_an_error(tmp_path: Path, texts: Path) -> None:
    (tmp_path / "topics").write_text(LINES, encoding="utf-8")
    (tmp_path / "qrels").write_text("999 0 d1 1\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 judged topics are not in topics: '999'"):
        load_topics(tmp_path / "topics", tmp_path / "qrels", texts)


@pytest.mark.parametrize("kind", ["table", "topics"])
def test_documents_that_a_corpus_file_lacks_are_named_where_they_are_judged(
    tmp_path: Path, kind: str
) -> None:
    corpus = beir(tmp_path / "set") / "corpus.jsonl"
    table, topics, qrels = tmp_path / "q.csv", tmp_path / "topics", tmp_path / "qrels"
    table.write_text("question,document\nก,d1\nข,d9\n", encoding="utf-8")
    topics.write_text("1\tก\n2\tข\n", encoding="utf-8")
    qrels.write_text("1 0 d1 1\n2 0 d9 1\n", encoding="utf-8")
    open_set = {
        "table": lambda: load_table(table, "test", corpus),
        "topics": lambda: load_topics(topics, qrels, corpus),
    }
    with pytest.raises(DataError, match="'d9'") as caught:
        open_set[kind]()
    assert (caught.value.line, caught.value.column) == ((3, 2) if kind == "table" else (2, 3))


def test_documents_and_pages_that_a_folder_lacks_are_named_where_they_are_judged(
    tmp_path: Path, texts: Path
) -> None:
    settings, path = Settings(data=tmp_path / "var"), tmp_path / "q.csv"
    path.write_text("question,document,page\nก,d1,1\nข,d2.txt,7\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"q\.csv:3:2: document 'd2' has no page 7; .* pages '1'"):
        open_collection(load_table(path, "test", texts), settings, tmp_path / "cache")
    path.write_text("question,document\nก,d1\nข,d9.txt\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"q\.csv:3:2: 1 judged documents are not in .*'d9'"):
        open_collection(load_table(path, "test", texts), settings, tmp_path / "cache")


def test_evidence_with_page_and_case(tmp_path: Path) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text(
        "query-id\tdocument_id\tpage\tcase_name\tscore\nq\td\t25\tก\t2\nq\td\t25\tข\t2\n", encoding="utf-8"
    )
    assert [(e.page, e.case_name) for e in read_evidence(path)["q"]] == [(25, "ก"), (25, "ข")]
    write_qrels(path, [("q", "d", 1)])
    assert read_evidence(path)["q"][0].page is None
    path.write_text("query-id\tdocument_id\tpage\tscore\nq\td\tหน้าแรก\t2\n", encoding="utf-8")
    with pytest.raises(DataError, match="page 'หน้าแรก'"):
        read_evidence(path)


def test_the_command_reads_every_format(tmp_path: Path, texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KARANI_ENCODER", raising=False)
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    table, topics, qrels = tmp_path / "q.csv", tmp_path / "topics.txt", tmp_path / "qrels.txt"
    table.write_text(TABLE, encoding="utf-8")
    topics.write_text(LINES, encoding="utf-8")
    qrels.write_text("301 0 d2 1\n302 0 d3 1\n", encoding="utf-8")
    common = [
        "--system",
        "words",
        "--measures",
        "Success@1",
        "--data",
        str(tmp_path / "var"),
        "--corpus",
        str(texts),
    ]

    def shown(*options: str) -> tuple[int, str]:
        out = io.StringIO()
        line = ["eval", "run", *options, "--out", str(tmp_path / "out"), *common]
        return cli.run_command(parser.parse_args(line), out), out.getvalue()

    assert shown("--dataset", str(table))[0] == 0
    code, text = shown("--dataset", str(topics), "--qrels", str(qrels))
    assert code == 0
    assert "1.0000" in text
    assert shown("--dataset", str(topics))[0] == 2
    common.clear()
    assert shown("--dataset", str(table))[0] == 2
    assert shown("--dataset", str(beir(tmp_path / "set") / "queries.jsonl"))[0] == 2
