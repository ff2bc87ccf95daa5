"""Systems that are not in this process: a run file, another portal's search, a running Karani."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from corpus.settings import Settings
from eval import cli, results
from eval.answering import evaluate
from eval.collection import open_collection
from eval.datasets import Dataset, Query, load
from eval.errors import DataError, UsageError
from eval.experiment import Options, measure
from eval.systems.asking import EngineAsker
from eval.systems.http import Endpoint, HttpAsker, HttpSystem
from eval.systems.inprocess import EngineSystem
from eval.systems.trec import TrecSystem
from index.engine import Engine
from tests.eval.servers import asgi_server, json_server, karani_process
from tests.eval.sets import TEXTS, beir


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return load(beir(tmp_path / "set"), "test")


def test_a_foreign_run_is_measured_with_texts_and_without_times(tmp_path: Path, dataset: Dataset) -> None:
    path = tmp_path / "bm25s.trec"
    path.write_text("q1 Q0 d2 1 9 t\nq1 Q0 d1 2 8 t\nq2 Q0 d2 1 7 t\nq9 Q0 d1 1 1 t\n", encoding="utf-8")
    result = measure(
        dataset, TrecSystem(path, dataset), tmp_path / "out", Options(measures=("RR(rel=2)@10",))
    )
    assert result.per_query == {"RR(rel=2)@10": {"q1": 0.5, "q2": 1.0, "q3": 0.0}}
    assert result.name == "bm25s"
    assert result.latency_ms == {}
    shown = results.load_shown(tmp_path / "out")
    assert shown["q1"].hits[0].found.title == TEXTS["d2"][0]
    assert results.load(tmp_path / "out").system["kind"] == "run"


def test_a_run_of_other_queries_is_an_error(tmp_path: Path, dataset: Dataset) -> None:
    path = tmp_path / "run"
    path.write_text("x1 Q0 d2 1 9 t\n", encoding="utf-8")
    with pytest.raises(DataError, match="none of its queries is judged: 'x1'"):
        TrecSystem(path, dataset)


def test_another_portals_search(dataset: Dataset) -> None:
    asked: list[dict[str, str]] = []

    def answer(values: dict[str, str]) -> tuple[int, Any]:
        asked.append(values)
        rows = [{"doc": {"key": name}, "rank": 1} for name in ("d3", "d1", "d3")]
        return 200, {"result": {"rows": rows}}

    with json_server(answer) as address:
        endpoint = Endpoint(f"{address}/find?text={{query}}&n={{k}}", "result.rows", "doc.key", "weight")
        found = HttpSystem(endpoint).retrieve(dataset.queries[0], 7).found
    assert asked == [{"text": dataset.queries[0].text, "n": "7"}]
    assert [(item.document_id, item.score) for item in found] == [("d3", 1.0), ("d1", 0.5)]


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (500, {"title": "broken"}, "status 500: .*broken"),
        (200, b"<html>", "no JSON answer"),
        (200, {"items": []}, "no list at 'hits'"),
        (200, {"hits": [{"name": "d1"}]}, "hit 1 has no id at 'citation.document_id'"),
    ],
)
def test_what_is_no_search_is_said(dataset: Dataset, status: int, body: Any, says: str) -> None:
    with (
        json_server(lambda _: (status, body)) as address,
        pytest.raises(DataError, match=says),
    ):
        HttpSystem(Endpoint(address)).retrieve(dataset.queries[0], 10)


def test_addresses() -> None:
    with pytest.raises(UsageError, match="http://"):
        Endpoint("localhost:8000")
    assert (
        Endpoint("http://h:1/").address("ก ข", 100)
        == "http://h:1/v1/search?q=%E0%B8%81%20%E0%B8%82&k=50&system=hybrid&everything=true"
    )
    with pytest.raises(DataError, match="no JSON answer"):
        HttpSystem(Endpoint("http://127.0.0.1:9")).retrieve(Query("q", "x"), 10)


def test_the_running_service_ranks_as_the_engine_in_process(tmp_path: Path, dataset: Dataset) -> None:
    app = pytest.importorskip("service.app")
    service_settings = pytest.importorskip("service.settings")
    settings = Settings(data=tmp_path / "var")
    collection = open_collection(dataset, settings, tmp_path / "cache")
    inside = measure(dataset, EngineSystem(collection), tmp_path / "in", Options(name="inside"))
    answers = evaluate(dataset, EngineAsker(collection))
    engine = Engine.open(collection.engine.settings)
    own = service_settings.ServiceSettings(data=collection.engine.settings.data)
    with asgi_server(app.create_app(own, engine)) as address:
        outside = measure(dataset, HttpSystem(Endpoint(address)), tmp_path / "out", Options(name="outside"))
        over_http = evaluate(dataset, HttpAsker(address))
    assert outside.per_query == inside.per_query
    mine, theirs = (results.load_run(tmp_path / name) for name in ("in", "out"))
    assert {q: [d for d, _ in r] for q, r in mine.items()} == {
        q: [d for d, _ in r] for q, r in theirs.items()
    }
    assert over_http.summary() == answers.summary()
    assert over_http.summary()["citation_accuracy"] == 1.0
    collection.engine.close()


def test_a_server_in_its_own_process_ranks_as_the_engine_here(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`karani serve` and `karani eval run --url`, joined by nothing but the network."""
    monkeypatch.delenv("KARANI_ENCODER", raising=False)
    collection = open_collection(dataset, Settings(data=tmp_path / "var"), tmp_path / "cache")
    data = collection.engine.settings.data
    for system in ("hybrid", "words"):
        measure(dataset, EngineSystem(collection, system), tmp_path / f"in-{system}", Options())
    collection.engine.close()
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    with karani_process(data, tmp_path / "server.log") as address:
        for system in ("hybrid", "words"):
            out, shown = tmp_path / f"out-{system}", io.StringIO()
            line = ["eval", "run", "--dataset", str(tmp_path / "set"), "--url", address, "--system", system]
            args = parser.parse_args(
                [*line, "--jobs", "2", "--out", str(out), "--data", str(tmp_path / "var")]
            )
            assert cli.run_command(args, shown) == 0, shown.getvalue()
            mine, theirs = results.load_run(tmp_path / f"in-{system}"), results.load_run(out)
            assert {q: [d for d, _ in r] for q, r in mine.items()} == {
                q: [d for d, _ in r] for q, r in theirs.items()
            }
            assert results.load(out).latency_ms["p95"] > 0


def test_a_search_that_answers_by_page(dataset: Dataset) -> None:
    hits = [{"book": "b", "at": {"page": n}} for n in (25, 7, 25)]
    with json_server(lambda _: (200, {"hits": hits})) as address:
        endpoint = Endpoint(f"{address}/?q={{query}}", document_id="book", page="at.page")
        found = HttpSystem(endpoint).retrieve(dataset.queries[0], 5).found
        assert [(item.document_id, item.page) for item in found] == [("b#p25", 25), ("b#p7", 7)]
        missing = Endpoint(f"{address}/?q={{query}}", document_id="book", page="page")
        with pytest.raises(DataError, match="hit 1 has no page at 'page'"):
            HttpSystem(missing).retrieve(dataset.queries[0], 5)


def test_a_search_that_is_asked_by_post() -> None:
    asked: list[Any] = []

    def answer(values: dict[str, str]) -> tuple[int, Any]:
        asked.append(json.loads(values["body"]))
        return 200, {"hits": {"hits": [{"_id": "d2", "_score": 3.5}]}}

    body = '{"query": {"match": {"text": "{query}"}}, "size": {k}}'
    question = Query("q", 'ใคร "ทำ" \\ {k}')
    with json_server(answer) as address:
        endpoint = Endpoint(f"{address}/_search", "hits.hits", "_id", "_score", body=body)
        found = HttpSystem(endpoint).retrieve(question, 7).found
    assert asked == [{"query": {"match": {"text": question.text}}, "size": 7}]
    assert [(item.document_id, item.score) for item in found] == [("d2", 3.5)]
    with pytest.raises(UsageError, match="makes no JSON"):
        Endpoint("http://h", body='{"q": {query}}')
    with pytest.raises(UsageError, match=r"has no \{query\}"):
        Endpoint("http://h", body='{"q": 1}')


def test_answers_cite_by_the_ids_of_the_data_set(tmp_path: Path) -> None:
    texts = {f"news/{name}?id=1": text for name, text in TEXTS.items()}
    folder = beir(tmp_path / "odd", texts=texts, qrels=[("q1", "news/d1?id=1", 2)])
    dataset = load(folder, "test")
    collection = open_collection(dataset, Settings(data=tmp_path / "var"), tmp_path / "cache")
    found = evaluate(dataset, EngineAsker(collection))
    assert found.summary()["right_first"] == 1.0
    assert found.summary()["citation_accuracy"] == 1.0
    collection.engine.close()
