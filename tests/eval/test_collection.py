from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from corpus.settings import Settings
from eval import cli, results
from eval.collection import open_collection
from eval.datasets import load
from eval.errors import DataError, UsageError
from eval.experiment import Options, measure_engine, run
from eval.systems.inprocess import EngineSystem, Tuning
from eval.units import by_page
from tests.eval.sets import QRELS, QUERIES, TEXTS, beir, write_lines


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "var")


def _files(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("system", ["hybrid", "dense", "lexical", "words", "characters"])
def test_every_system_finds_the_texts_as_the_service_would(
    tmp_path: Path, settings: Settings, system: str
) -> None:
    folder = beir(tmp_path / "set")
    result = run(folder, "test", system, tmp_path / "out", settings)
    assert result.system["system"] == system
    assert result.system["documents"] == 3
    assert result.scores["R(rel=2)@100"].mean == 1.0
    if system != "dense":
        assert result.scores["Success(rel=2)@1"].mean == 1.0
    run_file = results.load_run(tmp_path / "out")
    assert all({document for document, _ in ranking} <= set(TEXTS) for ranking in run_file.values())


def test_a_second_run_builds_and_asks_nothing(tmp_path: Path, settings: Settings) -> None:
    folder = beir(tmp_path / "set")
    first = run(folder, "test", "hybrid", tmp_path / "one", settings)
    cache = settings.data / "eval"
    before = {n: t for n, t in _files(cache).items() if not n.endswith(("lock", "-shm", "-wal"))}
    second = run(folder, "test", "hybrid", tmp_path / "two", settings)
    after = {n: t for n, t in _files(cache).items() if not n.endswith(("lock", "-shm", "-wal"))}
    assert before == after
    assert second.latency_ms == first.latency_ms
    assert (tmp_path / "one" / "run.trec").read_bytes() == (tmp_path / "two" / "run.trec").read_bytes()


def test_another_corpus_is_another_collection(tmp_path: Path, settings: Settings) -> None:
    cache = settings.data / "eval"
    one = open_collection(load(beir(tmp_path / "a"), "test"), settings, cache)
    texts = {**TEXTS, "d4": ("ใหม่", "ข้อความใหม่ที่เพิ่มเข้ามา")}
    two = open_collection(load(beir(tmp_path / "b", texts=texts), "test"), settings, cache)
    assert one.key != two.key
    assert (one.documents, two.documents) == (3, 4)
    one.engine.close()
    two.engine.close()


def test_odd_ids_and_documents_with_only_a_title_come_back_under_their_own_ids(
    tmp_path: Path, settings: Settings
) -> None:
    texts = {
        "https://example.org/เรื่อง?id=1#ก": TEXTS["d1"],
        "-เริ่มด้วยขีด": TEXTS["d2"],
        "document-4": ("เตือนภัยน้ำท่วมด้วยเซนเซอร์วัดระดับน้ำ", ""),
        "x" * 200: ("อื่น", "เรื่องอื่นที่ไม่เกี่ยวข้องกัน"),
    }
    ids = list(texts)
    qrels = [("q1", ids[0], 1), ("q2", ids[1], 1), ("q3", ids[2], 1)]
    run(beir(tmp_path / "set", texts=texts, qrels=qrels), "test", "lexical", tmp_path / "out", settings)
    found = results.load_run(tmp_path / "out")
    assert [found[q][0][0] for q in ("q1", "q2", "q3")] == ids[:3]


def test_a_ranking_goes_on_beyond_the_services_passages(tmp_path: Path, settings: Settings) -> None:
    body = "โครงการขยะของเทศบาลแห่งที่ {n} มีรายละเอียดเรื่องขยะและการแยกขยะ "
    texts = {f"d{n}": (f"ขยะ {n}", (body.format(n=n) * 40)) for n in range(60)}
    folder = beir(tmp_path / "set", texts=texts, queries={"q": "ขยะของเทศบาล"}, qrels=[("q", "d1", 1)])
    dataset = load(folder, "test")
    collection = open_collection(dataset, settings, settings.data / "eval")
    system = EngineSystem(collection, "lexical")
    hits = collection.engine.retrieve("ขยะของเทศบาล", system="lexical")
    by_passage = {p.passage_id: p.document_id for p in collection.engine.store.passages()}
    head = list(dict.fromkeys(by_passage[hit.passage_id] for hit in hits))
    found = [item.document_id for item in system.retrieve(dataset.queries[0], 60).found]
    assert len(head) < 60
    assert found[: len(head)] == head
    assert len(found) == len(set(found)) == 60
    assert [item.text != "" for item in system.retrieve(dataset.queries[0], 60).found][9:11] == [True, False]
    system.close()


def test_folders_of_texts_are_judged_by_the_ids_of_ingestion(tmp_path: Path, settings: Settings) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    for name, (title, text) in TEXTS.items():
        (texts / f"{name}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    folder = beir(tmp_path / "set")
    result_of = load(folder, "test", corpus=texts)
    collection = open_collection(result_of, settings, settings.data / "eval")
    assert {info.document_id for info in collection.engine.store.documents()} == set(TEXTS)
    collection.engine.close()
    strange = load(beir(tmp_path / "other", qrels=[*QRELS, ("q1", "d9", 1)]), "test", corpus=texts)
    with pytest.raises(DataError, match="'d9'") as caught:
        open_collection(strange, settings, settings.data / "eval")
    assert "'d1', 'd2', 'd3'" in caught.value.expected


def test_pages_of_a_book_are_ranked_and_judged(tmp_path: Path, settings: Settings) -> None:
    book = tmp_path / "texts"
    book.mkdir()
    (book / "book.txt").write_text(
        "\f".join(f"{title}\n{text}" for title, text in TEXTS.values()), encoding="utf-8"
    )
    folder = beir(tmp_path / "set", qrels=[])
    rows = "".join(f"q{n}\tbook\t{n}\t2\n" for n in (1, 2, 3))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tpage\tscore\n{rows}", encoding="utf-8")
    dataset = load(folder, "test", corpus=book)
    pages = measure_engine(dataset, "words", tmp_path / "pages", settings, Options(unit="page"))
    assert pages.scores["Success(rel=2)@1"].mean == 1.0
    assert results.load_run(tmp_path / "pages")["q2"][0][0] == "book#p2"
    assert TEXTS["d2"][1] in results.load_right(tmp_path / "pages")["book#p2"].text
    assert pages.system["unit"] == "page"
    whole = measure_engine(dataset, "words", tmp_path / "whole", settings)
    assert pages.dataset["query_sha256"] != whole.dataset["query_sha256"]
    with pytest.raises(UsageError, match="without pages"):
        by_page(load(beir(tmp_path / "other"), "test"))
    with pytest.raises(UsageError, match="judged without a page: 'd1'"):
        by_page(load(beir(tmp_path / "other"), "test", corpus=book))


def test_texts_that_cannot_be_read_are_an_error(tmp_path: Path, settings: Settings) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "empty.txt").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="no text could be read"):
        open_collection(load(beir(tmp_path / "set"), "test", corpus=texts), settings, settings.data / "eval")


def test_another_fusion_is_another_system(tmp_path: Path, settings: Settings) -> None:
    folder = beir(tmp_path / "set")
    plain = Options(tuning=Tuning({"dense": 0, "words": 1, "characters": 0}, rerank=False))
    tuned = measure_engine(load(folder, "test"), "hybrid", tmp_path / "tuned", settings, plain)
    run(folder, "test", "words", tmp_path / "words", settings)
    assert tuned.system["weights"] == {"dense": 0, "words": 1, "characters": 0}
    assert tuned.system["rerank"] is False
    found, alone = (results.load_run(tmp_path / name) for name in ("tuned", "words"))
    for query_id, ranking in alone.items():
        assert [document for document, _ in found[query_id][: len(ranking)]] == [d for d, _ in ranking]
    shipped = run(folder, "test", "hybrid", tmp_path / "shipped", settings)
    assert "weights" not in shipped.system
    with pytest.raises(UsageError, match="weight lexical"):
        Tuning({"lexical": 1.0})
    with pytest.raises(UsageError, match="weight dense"):
        Tuning({"dense": -1.0})


def test_an_unknown_system_costs_nothing(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(UsageError, match="hybrid, dense"):
        run(beir(tmp_path / "set"), "test", "bm25", tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()
    assert not settings.data.exists()


def test_the_command(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KARANI_ENCODER", raising=False)
    folder, out = beir(tmp_path / "set"), tmp_path / "out"
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    line = ["eval", "run", "--dataset", str(folder), "--out", str(out), "--data", str(settings.data)]
    shown = io.StringIO()
    asked = ["--system", "lexical", "--measures", "RR@10", "nDCG@10", "--name", "BM25"]
    assert cli.run_command(parser.parse_args([*line, *asked]), shown) == 0
    assert shown.getvalue().startswith("BM25 · set/test · 3 queries\n")
    assert "RR@10" in shown.getvalue()
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert list(scores["measures"]) == ["RR@10", "nDCG@10"]
    assert cli.run_command(parser.parse_args([*line, "--system", "bm25"]), shown) == 2
    assert cli.run_command(parser.parse_args([*line, "--weights", "dense=much"]), shown) == 2
    assert (
        cli.run_command(parser.parse_args([*line, "--weights", "dense=0.9,words=0.1", "--no-rerank"]), shown)
        == 0
    )
    write_lines(folder / "queries.jsonl", [{"_id": "q1", "text": ""}])
    assert cli.run_command(parser.parse_args(line), shown) == 1


def test_the_same_texts_as_queries_in_any_order_give_equal_rankings(
    tmp_path: Path, settings: Settings
) -> None:
    forwards = beir(tmp_path / "a")
    backwards = beir(tmp_path / "b", queries=dict(reversed(QUERIES.items())))
    one = run(forwards, "test", "hybrid", tmp_path / "one", settings)
    two = run(backwards, "test", "hybrid", tmp_path / "two", settings)
    assert results.load_run(tmp_path / "one") == results.load_run(tmp_path / "two")
    assert one.per_query == two.per_query
