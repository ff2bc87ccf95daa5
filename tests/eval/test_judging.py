from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from starlette.testclient import TestClient

from eval import cli
from eval.agreement import agreement, cohen_kappa, fleiss_kappa
from eval.commands.judge import GUIDELINES
from eval.datasets import CorpusText, Query, load
from eval.errors import DataError, UsageError
from eval.experiment import Options, measure
from eval.judgements import Judgements, as_qrels
from eval.judging.app import create_app
from eval.pool import Pool, PoolDocument, PoolQuery, from_feedback, make_pool, read_pool, write_pool
from eval.qrels import read_qrels
from tests.eval.browser import open_page
from tests.eval.servers import asgi_server
from tests.eval.sets import TEXTS, FixedSystem, beir, write_lines

GRADE_LISTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)
POOL = Pool(
    "demo",
    (
        PoolQuery(
            "q1",
            "ใครทำข้อตกลงกับโรงพยาบาล",
            (
                PoolDocument("d1", *TEXTS["d1"], (TEXTS["d1"][1],)),
                PoolDocument("d2", "<script>alert(1)</script>", "ข้อความ <b>", ()),
            ),
        ),
        PoolQuery("q2", "ธนาคารขยะของเด็ก", (PoolDocument("d2", *TEXTS["d2"], ()),)),
    ),
)


@pytest.fixture
def judgements(tmp_path: Path) -> Iterator[Judgements]:
    store = Judgements(tmp_path / "var" / "judgements.sqlite")
    yield store
    store.close()


@pytest.fixture
def client(judgements: Judgements) -> TestClient:
    return TestClient(create_app(POOL, judgements, GUIDELINES), base_url="http://localhost")


@given(GRADE_LISTS, st.booleans())
def test_cohen_agrees_with_scikit_learn(pairs: list[tuple[int, int]], linear: bool) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    mine = cohen_kappa(first, second, linear=linear)
    if len(set(first) | set(second)) < 2:
        assert mine == 1.0
        return
    if linear and len(set(first) | set(second)) < 3:
        return  # scikit-learn weighs by the place among the labels, not by their distance.
    theirs = cohen_kappa_score(first, second, weights="linear" if linear else None)
    assert mine == pytest.approx(theirs, abs=1e-9)


def test_fleiss_by_the_published_example() -> None:
    """Fleiss (1971) as worked in textbooks: 10 subjects, 14 raters, 5 categories, kappa .210."""
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    rows = [[grade for grade, count in enumerate(row) for _ in range(count)] for row in table]
    assert fleiss_kappa(rows) == pytest.approx(0.210, abs=0.0005)
    assert fleiss_kappa([[1, 1], [1, 1]]) == 1.0
    assert fleiss_kappa([[0, 1], [1, 0]]) == pytest.approx(-1.0)


def test_agreement_over_what_is_shared() -> None:
    found = agreement(
        {
            "ก": {("q", "a"): 2, ("q", "b"): 0, ("q", "c"): 1},
            "ข": {("q", "a"): 2, ("q", "b"): 1},
            "ค": {("q", "z"): 2},
        }
    )
    assert [(p.first, p.second, p.documents, p.same) for p in found.pairs] == [("ก", "ข", 2, 0.5)]
    assert (found.judges, found.shared, found.fleiss) == (3, 0, None)
    assert agreement({"ก": {("q", "a"): 2}}).fleiss is None
    assert agreement({}).judges == 0


def test_a_pool_unites_runs_and_hides_ranks() -> None:
    queries = [Query("q1", "หนึ่ง"), Query("q2", "สอง"), Query("q3", "สาม")]
    runs = [
        {"q1": [(f"d{n}", 9.0 - n) for n in range(9)], "q2": [("d1", 1.0)]},
        {"q1": [("e1", 2.0), ("d0", 1.0)]},
    ]
    texts = {"d0": CorpusText("d0", "ชื่อ", "ตัว" * 5000)}
    pool = make_pool("p", queries, runs, depth=3, texts=texts, known={"q2": {"d1": 0}})
    [only] = pool.queries
    ids = [document.document_id for document in only.documents]
    assert sorted(ids) == ["d0", "d1", "d2", "e1"]
    assert ids not in (["d0", "d1", "d2", "e1"], ["e1", "d0", "d1", "d2"])
    again = make_pool("p", queries, list(reversed(runs)), depth=3)
    assert [document.document_id for document in again.queries[0].documents] == ids
    assert next(d for d in only.documents if d.document_id == "d0").title == "ชื่อ"
    assert pool.pairs() == 4


def test_pools_read_back_equal(tmp_path: Path) -> None:
    write_pool(tmp_path / "pool.jsonl", POOL)
    assert read_pool(tmp_path / "pool.jsonl") == POOL


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "pool.jsonl:1: not a pool"),
        ('{"query_id": "q"}\n', "pool.jsonl:1: not a pool"),
        ('{"pool": "p"}\n', "nothing to judge"),
        ('{"pool": "p"}\n{"query_id": "q"}\n', "pool.jsonl:2: incomplete"),
    ],
)
def test_bad_pools_are_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_pool(path)
    assert says in str(caught.value)


def test_feedback_becomes_candidates_not_judgements(tmp_path: Path) -> None:
    lines = [
        {"query": "ขยะ", "document_id": "d2", "relevant": True, "text": "ธนาคารขยะ", "title": "อบต."},
        {"query": "ขยะ ", "document_id": "d2", "relevant": False},
        {"query": "น้ำ", "document_id": "d3", "grade": 2},
    ]
    pool = from_feedback(write_lines(tmp_path / "feedback.jsonl", lines), "fb")
    assert [(q.text, len(q.documents)) for q in pool.queries] == [("ขยะ", 1), ("น้ำ", 1)]
    assert pool.queries[0].metadata["feedback"] == {"d2": [True, False]}
    with pytest.raises(DataError, match="1: no question or document"):
        from_feedback(write_lines(tmp_path / "bad.jsonl", [{"query": "ขยะ"}]), "fb")


def test_feedback_may_be_a_table(tmp_path: Path) -> None:
    path = tmp_path / "feedback.tsv"
    path.write_text("query\tdocument_id\trelevant\nขยะ\td2\tyes\n\nขยะ\td3\t\n", encoding="utf-8")
    [query] = from_feedback(path, "fb").queries
    assert query.metadata["feedback"] == {"d2": ["yes"], "d3": [None]}
    path.write_text("query\tdocument_id\nขยะ\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"feedback\.tsv:2:1: no question or document"):
        from_feedback(path, "fb")


def test_rules_for_several_judges() -> None:
    grades = {"a": {("q", "d"): 2, ("q", "e"): 1}, "b": {("q", "d"): 0}, "c": {("q", "d"): 2, ("q", "e"): 0}}
    assert as_qrels(grades) == {"q": {"d": 2, "e": 0}}
    assert as_qrels(grades, "lowest") == {"q": {"d": 0, "e": 0}}
    assert as_qrels(grades, "highest") == {"q": {"d": 2, "e": 1}}
    assert as_qrels(grades, judges=["b"]) == {"q": {"d": 0}}
    with pytest.raises(UsageError, match="unknown rule"):
        as_qrels(grades, "mean")
    with pytest.raises(UsageError, match="no grades by 'z'"):
        as_qrels(grades, judges=["z"])


def _put(client: TestClient, **changes: Any) -> Any:
    body = {"judge": "สมศรี", "query_id": "q1", "document_id": "d1", "grade": 2, "note": "", **changes}
    return client.put("/api/grade", json=body)


def test_grades_are_kept_at_once_and_can_be_taken_back(client: TestClient, judgements: Judgements) -> None:
    assert _put(client).status_code == 200
    assert _put(client, grade=1, note="ไม่ครบ").status_code == 200
    assert judgements.by_judge("demo") == {"สมศรี": {("q1", "d1"): 1}}
    shown = client.get("/api/query", params={"id": "q1", "judge": "สมศรี"}).json()
    assert [(d["document_id"], d["grade"], d["note"]) for d in shown["documents"]] == [
        ("d1", 1, "ไม่ครบ"),
        ("d2", None, ""),
    ]
    overview = client.get("/api/pool", params={"judge": "สมศรี"}).json()
    assert [(q["documents"], q["done"]) for q in overview["queries"]] == [(2, 1), (1, 0)]
    assert client.get("/qrels.tsv").text == "query-id\tcorpus-id\tscore\nq1\td1\t1\n"
    assert _put(client, grade=None).status_code == 200
    assert judgements.by_judge("demo") == {}


def test_judges_do_not_see_each_other(client: TestClient) -> None:
    _put(client)
    other = client.get("/api/query", params={"id": "q1", "judge": "สมชาย"}).json()
    assert [document["grade"] for document in other["documents"]] == [None, None]
    assert "score" not in json.dumps(other)
    assert "rank" not in json.dumps(other)
    _put(client, judge="สมชาย", grade=1)
    found = client.get("/api/agreement").json()
    assert found["pairs"][0]["documents"] == 1
    assert found["judges"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"grade": 3}, {"grade": -1}, {"grade": True}, {"grade": "2"}, {"judge": "  "}, {"judge": None},
        {"document_id": "d9"}, {"query_id": "q2", "document_id": "d1"}, {"query_id": ["q1"]}, {"note": 7}, {"note": "ก" * 2001},
    ],
    ids=str,
)  # fmt: skip
def test_bad_grades_are_refused_and_nothing_is_kept(
    client: TestClient, judgements: Judgements, changes: dict[str, Any]
) -> None:
    response = _put(client, **changes)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/problem+json")
    assert judgements.by_judge("demo") == {}


def test_only_this_machines_pages_can_grade(client: TestClient, judgements: Judgements) -> None:
    raw = json.dumps({"judge": "x", "query_id": "q1", "document_id": "d1", "grade": 2})
    assert client.put("/api/grade", content=raw, headers={"Content-Type": "text/plain"}).status_code == 415
    assert (
        client.put("/api/grade", content="{", headers={"Content-Type": "application/json"}).status_code == 400
    )
    assert (
        client.put("/api/grade", content="[]", headers={"Content-Type": "application/json"}).status_code
        == 400
    )
    long = json.dumps({"note": "x" * 20_000})
    assert (
        client.put("/api/grade", content=long, headers={"Content-Type": "application/json"}).status_code
        == 400
    )
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/api/query", params={"id": "q9"}).status_code == 404
    assert "default-src 'none'" in client.get("/").headers["content-security-policy"]
    assert judgements.by_judge("demo") == {}


def test_grades_survive_the_server(tmp_path: Path) -> None:
    path = tmp_path / "judgements.sqlite"
    first = Judgements(path)
    first.give("p", "a", "q", "d", 2)
    first.close()
    second = Judgements(path)
    assert second.by_judge("p") == {"a": {("q", "d"): 2}}
    assert second.by_judge("other") == {}
    second.close()


def test_a_judge_at_the_keyboard(judgements: Judgements) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    app = create_app(POOL, judgements, GUIDELINES)
    with asgi_server(app) as address, open_page(address) as (page, requests):
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        expect(page.locator("article")).to_have_count(2)
        expect(page.locator("#guidelines")).to_contain_text("อ่านเอกสารนี้อย่างเดียว")
        expect(page.locator("mark", has_text="ข้อตกลง").first).to_be_visible()
        expect(page.locator("h2", has_text="<script>alert(1)</script>")).to_have_count(1)
        page.keyboard.press("2")  # Without a name nothing is kept; the name field is focused.
        expect(page.locator("#message")).to_contain_text("ใส่ชื่อผู้ตัดสินก่อน")
        page.keyboard.type("สมศรี")
        page.keyboard.press("Enter")
        expect(page.locator("#message")).to_be_empty()
        page.keyboard.press("2")
        page.keyboard.press("0")  # Typed without waiting: the next document is current by itself.
        expect(page.locator("#count")).to_have_text("2 / 3")
        expect(page.locator("#place")).to_contain_text("ครบแล้ว")
        page.keyboard.press("n")
        expect(page.locator("#question")).to_have_text("ธนาคารขยะของเด็ก")
        page.keyboard.press("1")
        expect(page.locator("#count")).to_have_text("3 / 3")
        page.keyboard.press("u")
        expect(page.locator("#count")).to_have_text("2 / 3")
        page.reload()
        expect(page.locator("#count")).to_have_text("2 / 3")
        expect(page.locator("#question")).to_have_text("ธนาคารขยะของเด็ก")  # Goes on where something is open.
        assert all(one.startswith(address) for one in requests)
        assert errors == []
    assert judgements.by_judge("demo") == {"สมศรี": {("q1", "d1"): 2, ("q1", "d2"): 0}}


def test_from_runs_to_qrels_by_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = load(beir(tmp_path / "set"), "test")
    for name, ranking in {"a": {"q1": ["d1", "d2"]}, "b": {"q1": ["d3"], "q3": ["d3"]}}.items():
        measure(dataset, FixedSystem(ranking, name), tmp_path / name, Options())
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    pool, data = tmp_path / "pool.jsonl", tmp_path / "var"

    def command(*line: str) -> tuple[int, str]:
        out = io.StringIO()
        return cli.run_command(parser.parse_args(["eval", *line]), out), out.getvalue()

    runs = [str(tmp_path / "a"), str(tmp_path / "b")]
    corpus = ["--corpus", str(tmp_path / "set" / "corpus.jsonl")]
    assert command("pool", *runs, *corpus, "--out", str(pool))[1].endswith(
        "2 questions, 4 documents to judge\n"
    )
    known = ["--known", str(tmp_path / "set" / "qrels" / "test.tsv")]
    assert (
        "1 questions, 1 documents" in command("pool", *runs, *known, "--out", str(tmp_path / "rest.jsonl"))[1]
    )
    assert command("pool", "--out", str(pool))[0] == 2
    assert command("qrels", str(pool), "--data", str(data))[0] == 1
    assert "no judgements yet" in capsys.readouterr().err
    store = Judgements(data / "judgements.sqlite")
    for judge, grade in (("ก", 2), ("ข", 1)):
        store.give("pool", judge, "q1", "d1", grade)
        store.give("pool", judge, "q1", "d3", 0)
    store.close()
    out = tmp_path / "new.tsv"
    line = [
        "qrels",
        str(pool),
        "--data",
        str(data),
        "--rule",
        "lowest",
        "--merge",
        known[1],
        "--out",
        str(out),
    ]
    code, text = command(*line)
    assert code == 0
    assert "ก and ข: 2 documents, 50% alike" in text
    assert "Fleiss' kappa over 2 documents" in text
    merged = read_qrels(out)
    assert merged["q1"] == {"d1": 1, "d2": 0, "d3": 0}
    assert merged["q2"] == {"d2": 2, "d3": 1}


def test_two_judges_in_the_browser_see_how_far_they_agree(judgements: Judgements) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    judgements.give("demo", "สมชาย", "q1", "d1", 2)
    judgements.give("demo", "สมชาย", "q1", "d2", 1)
    with asgi_server(create_app(POOL, judgements, GUIDELINES)) as address, open_page(address) as (page, _):
        expect(page.locator("article")).to_have_count(2)
        expect(page.locator("#agreement")).to_be_empty()
        page.locator("#judge").fill("สมศรี")
        page.keyboard.press("Enter")
        expect(page.locator("#count")).to_have_text("0 / 3")
        page.keyboard.press("2")
        page.keyboard.press("0")
        expect(page.locator("#count")).to_have_text("2 / 3")
        expect(page.locator("article").first.locator("[data-grade='2']")).to_have_attribute(
            "aria-pressed", "true"
        )
        page.reload()
        expect(page.locator("#agreement")).to_contain_text("สมชาย – สมศรี: 2 เอกสาร · documents, Cohen κ 0.33")
        expect(page.locator("#agreement")).to_contain_text("Fleiss κ")
        with page.expect_download() as started:
            page.locator("a[download]").click()
        assert "q1\td1\t2" in started.value.path().read_text(encoding="utf-8")
