from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from eval.datasets import load, locate, read_corpus
from eval.errors import DataError
from tests.eval.sets import QRELS, TEXTS, beir, write_lines, write_qrels


def test_loads_queries_with_judgements_in_the_files_order(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set", queries={"q3": "ก", "q1": "ข", "q2": "ค", "q9": "ไม่มีคำตัดสิน"})
    dataset = load(folder, "test")
    assert [query.query_id for query in dataset.queries] == ["q3", "q1", "q2"]
    assert dataset.qrels["q2"] == {"d2": 2, "d3": 1}
    assert dataset.queries[0].metadata["type"] == "who"
    assert dataset.name == "set"


@pytest.mark.parametrize(("rows", "level"), [(QRELS, 2), ([(q, d, min(s, 1)) for q, d, s in QRELS], 1)])
def test_relevance_level_is_two_only_where_two_is_used(
    tmp_path: Path, rows: list[tuple[str, str, int]], level: int
) -> None:
    folder = beir(tmp_path, qrels=rows)
    assert load(folder, "test").relevance_level == level
    assert load(folder, "test", level=1).relevance_level == 1


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_reads_compressed_corpora(tmp_path: Path, suffix: str) -> None:
    folder = beir(tmp_path)
    plain = folder / "corpus.jsonl"
    raw = plain.read_bytes()
    packed = gzip.compress(raw) if suffix == ".gz" else zstandard.ZstdCompressor().compress(raw)
    plain.with_name(f"corpus.jsonl{suffix}").write_bytes(packed)
    plain.unlink()
    texts = list(load(folder, "test").texts())
    assert [(text.document_id, text.title, text.text) for text in texts] == [
        (i, title, text) for i, (title, text) in TEXTS.items()
    ]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_every_file_of_a_set_may_be_compressed(tmp_path: Path, suffix: str) -> None:
    folder = beir(tmp_path)
    write_lines(folder / "unanswerable.jsonl", [{"_id": "u1", "text": "ใครได้แชมป์"}])
    plain = load(folder, "test")
    for path in [*folder.glob("*.jsonl"), folder / "qrels" / "test.tsv"]:
        raw = path.read_bytes()
        packed = gzip.compress(raw) if suffix == ".gz" else zstandard.ZstdCompressor().compress(raw)
        path.with_name(f"{path.name}{suffix}").write_bytes(packed)
        path.unlink()
    packed_set = load(folder, "test")
    assert (packed_set.queries, packed_set.qrels) == (plain.queries, plain.qrels)
    assert [query.text for query in packed_set.unanswerable] == ["ใครได้แชมป์"]
    with pytest.raises(DataError, match="one of the splits test"):
        load(folder, "dev")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_cut_compressed_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    raw = ('{"_id": "d", "text": "' + "ก" * 3000 + '"}\n').encode()
    packed = gzip.compress(raw) if suffix == ".gz" else zstandard.ZstdCompressor().compress(raw)
    path = tmp_path / f"corpus.jsonl{suffix}"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="complete"):
        list(read_corpus(path))


def _second_line(path: Path, line: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], line, *lines[2:]]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "line", "says", "expects"),
    [
        ("corpus.jsonl", '{"_id": "d2", "text": "ok"', "corpus.jsonl:2:", "one JSON object"),
        ("corpus.jsonl", '["d2"]', "corpus.jsonl:2:1: a JSON list", "JSON object"),
        ("corpus.jsonl", '{"text": "no id"}', 'corpus.jsonl:2:1: no "_id"', "_id"),
        ("corpus.jsonl", '{"_id": "d1", "text": "again"}', "corpus.jsonl:2:2: id 'd1' stands twice", "once"),
        ("corpus.jsonl", '{"_id": "d 2", "text": "x"}', "white space", "TREC"),
        ("corpus.jsonl", '{"_id": "d2", "title": " ", "text": ""}', "'d2' is empty", "characters"),
        ("corpus.jsonl", '{"_id": "d2", "text": 7}', 'no "text"', "string"),
        (
            "queries.jsonl",
            '{"_id": "q2", "text": "  "}',
            "queries.jsonl:2:15: query 'q2' is empty",
            "question",
        ),
        ("queries.jsonl", '{"_id": "q1", "text": "x"}', "'q1' stands twice", "once"),
        ("qrels/test.tsv", "q1\td1", "test.tsv:2:3: 2 columns", "3 columns"),
        ("qrels/test.tsv", "q1\td1\tgood", "test.tsv:2:3: grade 'good'", "whole number"),
        ("qrels/test.tsv", "\td1\t1", "test.tsv:2:1: an empty id", "an id"),
        (
            "qrels/test.tsv",
            "q8\td1\t1",
            "test.tsv:2:1: 1 judged queries are not in queries.jsonl: 'q8'",
            "query ids",
        ),
        (
            "qrels/test.tsv",
            "q1\td8\t1",
            "test.tsv:2:2: 1 judged documents are not in corpus.jsonl: 'd8'",
            "document ids",
        ),
        (
            "qrels/test.tsv",
            "q1\td2\t2",
            "test.tsv:3:3: query 'q1' and document 'd2' judged again",
            "one grade",
        ),
        ("qrels/test.tsv", "q1\td2\t0", "test.tsv:3:1: the same as line 2", "once"),
    ],
)
def test_errors_name_file_line_and_what_was_expected(
    tmp_path: Path, file: str, line: str, says: str, expects: str
) -> None:
    folder = beir(tmp_path)
    _second_line(folder / file, line)
    with pytest.raises(DataError) as caught:
        load(folder, "test")
    assert says in str(caught.value)
    assert expects in caught.value.expected
    assert caught.value.path.endswith(file)


def test_bytes_that_are_not_utf8_name_the_line(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    raw = (folder / "queries.jsonl").read_bytes()
    (folder / "queries.jsonl").write_bytes(raw + '{"_id": "q9", "text": "ไทย"}'.encode("cp874"))
    with pytest.raises(DataError, match=r"queries\.jsonl:4:24: byte 24 of the line is not UTF-8"):
        load(folder, "test")


def test_an_unknown_split_names_those_there_are(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    write_qrels(folder / "qrels" / "dev.tsv", QRELS)
    with pytest.raises(DataError, match="one of the splits dev, test"):
        load(folder, "train")


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no corpus\.jsonl"):
        load(tmp_path, "test")
    beir(tmp_path)
    (tmp_path / "queries.jsonl").unlink()
    with pytest.raises(DataError, match=r"no queries\.jsonl"):
        load(tmp_path, "test")


def test_judgement_tables_by_header_and_trec(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    table = "query-id\tdocument_id\tpage\tcase_name\tscore\nq1\td1\t25\tเทศบาล\t2\nq1\td1\t25\tอื่น\t2\n"
    (folder / "qrels" / "pages.tsv").write_text(table, encoding="utf-8")
    assert load(folder, "pages").qrels == {"q1": {"d1": 2}}
    (folder / "qrels" / "trec.tsv").write_text("q1 0 d1 1\nq2 0 d2 0\n", encoding="utf-8")
    assert load(folder, "trec").qrels == {"q1": {"d1": 1}, "q2": {"d2": 0}}


def test_sets_are_found_by_path_name_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = beir(tmp_path / "sets" / "mine")
    assert locate(folder) == folder
    assert locate("mine", tmp_path / "sets") == folder
    monkeypatch.setenv("KARANI_DATASETS", str(tmp_path / "sets"))
    assert locate("mine") == folder
    with pytest.raises(DataError, match="looked for absent"):
        locate("absent")


def test_the_hash_tells_questions_and_judgements_apart(tmp_path: Path) -> None:
    first = load(beir(tmp_path / "a"), "test")
    same = load(beir(tmp_path / "b"), "test")
    other = load(beir(tmp_path / "c", qrels=[("q1", "d1", 2)]), "test")
    assert first.query_sha256() == same.query_sha256() != other.query_sha256()


def test_ids_may_be_numbers(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "corpus.jsonl", [{"_id": 7, "text": "เลข"}])
    assert next(read_corpus(path)).document_id == "7"
