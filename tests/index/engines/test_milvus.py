"""What only the Milvus engine can do wrong: collections that are missing or incomplete, a server that is away."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.settings import Settings, SettingsError
from corpus.store import Store
from index.checking import check, examine
from index.engine import Engine
from index.generations import build
from index.interfaces import UnavailableError
from index.manifest import GenerationError
from index.publish import Manifest, complete_generations
from tests.index.engines.conftest import needs, publish, write

needs("milvus")

from index.milvus import fields  # noqa: E402
from index.milvus.collections import alias, known_number  # noqa: E402
from index.milvus.connection import Connection, connect  # noqa: E402
from index.milvus.recall import STEPS, WANTED, RecallSample  # noqa: E402
from index.milvus.terms import TermTable, TermWriter  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data", engine="milvus", keep_originals=False, workers=1)
    publish(made, *(write(tmp_path / "files", n) for n in range(6)))
    return made


def collection(settings: Settings) -> str:
    name: str = Manifest.read(complete_generations(settings)[0]).milvus["collection"]
    return name


def test_a_missing_collection_is_refused_with_what_to_do_and_built_again(settings: Settings) -> None:
    connection, lost = connect(settings), collection(settings)
    connection("drop_alias", alias(known_number(settings) or ""))
    connection("drop_collection", lost)
    with pytest.raises(GenerationError, match="karani build"):
        Engine.open(settings)
    assert any(lost in line for line in check(settings))
    with Store.open(settings.database) as store:
        build(store, settings)
    assert collection(settings) != lost
    assert all(lost in line for line in check(settings))  # the generation before still names it
    Engine.open(settings).close()


def test_an_incomplete_collection_is_refused(settings: Settings) -> None:
    connect(settings)("delete", collection(settings), filter=f"{fields.ROW} == 1")
    with pytest.raises(GenerationError, match="5 of 6"):
        Engine.open(settings)
    assert check(settings)


def test_the_alias_follows_and_old_collections_go(settings: Settings) -> None:
    connection, number = connect(settings), known_number(settings)
    assert number is not None
    first = collection(settings)
    for _ in range(3):
        with Store.open(settings.database) as store:
            build(store, settings, fresh=True)
        served = connection("describe_alias", alias(number))["collection_name"]
        assert served == collection(settings) != first
    named = {Manifest.read(folder).milvus["collection"] for folder in complete_generations(settings)}
    assert {name for name in connection("list_collections") if name.startswith(alias(number))} == named


def test_an_update_goes_into_the_collection_that_is_there(settings: Settings, tmp_path: Path) -> None:
    first = collection(settings)
    publish(settings, write(tmp_path / "files", 30))
    assert collection(settings) == first


def test_a_copied_data_directory_does_not_write_into_the_originals_collection(
    settings: Settings, tmp_path: Path
) -> None:
    import shutil

    copied = replace(settings, data=tmp_path / "copy", milvus_uri=str(settings.data / "milvus.db"))
    shutil.copytree(settings.data, copied.data, ignore=shutil.ignore_patterns("milvus.*"))
    publish(copied, write(tmp_path / "files", 31))
    assert collection(copied) != collection(settings)
    assert check(settings) == []
    assert check(copied) == []


def test_a_server_that_is_away_is_told_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.milvus.connection.PATIENCE_SECONDS", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        away = Settings(
            data=tmp_path / "data",
            engine="milvus",
            milvus_uri=address,
            milvus_token="root:secret",  # noqa: S106
            workers=1,
        )
        with pytest.raises(UnavailableError) as told:
            publish(away, write(tmp_path / "files", 1))
    assert "KARANI_MILVUS_URI" in str(told.value)
    assert " / " in str(told.value)
    assert "secret" not in str(told.value)
    assert not complete_generations(away)


def test_while_milvus_is_away_nothing_is_taken_for_damaged_and_searches_say_so(settings: Settings) -> None:
    from milvus_lite.server_manager import server_manager_instance

    engine = Engine.open(settings)
    assert engine.problem() == ""
    index: Any = engine.opened.index
    index.connection.patience_seconds = 0.5
    server_manager_instance.release_server(str(settings.data / "milvus.db"))
    assert engine.problem()
    with pytest.raises(UnavailableError):
        engine.search("ขยะ")
    assert {problem.kind.value for problem in examine(settings)} == {"unreachable"}
    engine.close()


def test_the_same_code_speaks_to_a_server(tmp_path: Path) -> None:
    from milvus_lite.server_manager import server_manager_instance

    address = server_manager_instance.start_and_get_uri(str(tmp_path / "server.db"))
    assert address is not None
    assert address.startswith("http://")
    settings = Settings(
        data=tmp_path / "data", engine="milvus", milvus_uri=address, keep_originals=False, workers=1
    )
    publish(settings, *(write(tmp_path / "files", n) for n in range(4)))
    engine = Engine.open(settings)
    assert engine.problem() == ""
    assert len(engine.retrieve("ขยะ", system="dense")) == 4
    engine.close()
    assert not (settings.data / "milvus.db").exists()


def test_a_graph_is_tuned_until_it_finds_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "GRAPH_FROM", 10)
    settings = Settings(data=tmp_path / "data", engine="milvus", keep_originals=False, workers=1)
    publish(settings, *(write(tmp_path / "files", n) for n in range(40)))
    dense = Manifest.read(complete_generations(settings)[0]).milvus["dense"]
    assert dense["index"] == fields.GRAPH
    assert dense["recall"] >= WANTED
    engine = Engine.open(settings)
    assert engine.search("เทศบาลตำบลทดสอบ17", exact=True).groups[0].best.citation.document_id == "doc17"
    engine.close()
    assert check(settings) == []


def test_recall_counts_hits_that_score_like_the_exact_tenth() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 8)).astype(np.float16)
    sample = RecallSample.of(vectors)
    for start in range(0, 300, 100):
        sample.pass_by(vectors[start : start + 100])

    def search(query: Any, hits: int, candidates: int) -> list[float]:
        scores = np.sort(vectors.astype(np.float32) @ query)[::-1]
        return scores[:hits].tolist() if candidates >= 256 else scores[hits : 2 * hits].tolist()

    assert sample.tune(search) == {"ef": 256, "recall": 1.0}
    assert sample.tune(lambda *_: [-1.0])["ef"] == STEPS[-1]


def test_terms_keep_their_numbers_and_counts_follow(tmp_path: Path) -> None:
    first = TermWriter(TermTable.empty())
    first.count(first.numbers("words", ["ขยะ", "น้ำ"]))
    first.count(first.numbers("words", ["ขยะ"]))
    first.count(first.numbers("characters", ["ขยะ"]))
    (tmp_path / "1").mkdir()
    first.write(tmp_path / "1")
    table = TermTable.open(tmp_path / "1")
    assert [table.count("words", term) for term in ("ขยะ", "น้ำ", "ป่า")] == [2, 1, 0]
    second = TermWriter(table)
    second.count(second.numbers("words", ["น้ำ"]), by=-1)
    second.count(second.numbers("words", ["ป่า"]))
    (tmp_path / "2").mkdir()
    second.write(tmp_path / "2")
    grown = TermTable.open(tmp_path / "2")
    assert [grown.count("words", term) for term in ("ขยะ", "น้ำ", "ป่า")] == [2, 0, 1]
    assert grown.number("words", "ขยะ") == table.number("words", "ขยะ") != 0
    numbers = {grown.number(*one) for one in (("words", "ขยะ"), ("characters", "ขยะ"), ("words", "ป่า"))}
    assert len(numbers) == 3


def test_an_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="KARANI_ENGINE"):
        Settings.from_environment({"KARANI_ENGINE": "solr"})


def test_one_client_serves_a_process(settings: Settings) -> None:
    assert isinstance(connect(settings), Connection)
    assert connect(settings) is connect(replace(settings, encoder="other"))
