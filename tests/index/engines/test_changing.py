"""What came, went, or was half done: each engine serves whole generations only, and swaps between them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from corpus.settings import Settings
from corpus.store import Store
from index import delta, generations
from index.care.backup import backup
from index.checking import check
from index.engine import Engine
from index.generations import build
from index.publish import Manifest, current_name
from tests.index.engines.conftest import publish, write


def found(engine: Engine, question: str = "เทศบาลตำบลทดสอบ") -> set[str]:
    """The documents of all hits."""
    ids = [hit.passage_id for hit in engine.retrieve(question, depth=400, system="dense")]
    return {passage.document_id for passage in engine.store.passages(ids)}


def scores(engine: Engine, question: str, system: str = "hybrid") -> dict[str, float]:
    """The hits and how they score."""
    return {hit.passage_id: hit.score for hit in engine.retrieve(question, system=system)}


def manifest(settings: Settings) -> Manifest:
    name = current_name(settings)
    assert name is not None
    return Manifest.read(settings.generations / name)


def test_what_came_is_found_and_what_went_is_not_once_the_engine_moves_on(
    fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "DELTA_FROM", 10)
    monkeypatch.setattr(delta, "_MERGED_SHARE", 0.5)
    files = tmp_path / "files"
    publish(fresh, *(write(files, n) for n in range(12)))
    engine = Engine.open(fresh)
    try:
        before = scores(engine, "ธนาคารน้ำใต้ดินแก้ปัญหาน้ำท่วม")
        publish(fresh, write(files, 100), write(files, 3, 1), remove="doc5")
        # The engine still stands in the generation before: nothing of the new one shows through.
        assert scores(engine, "ธนาคารน้ำใต้ดินแก้ปัญหาน้ำท่วม") == pytest.approx(before, abs=1e-4)
        assert found(engine) == {f"doc{n}" for n in range(12)}
        assert engine.reload()
        now = {f"doc{n}" for n in (*range(12), 100)} - {"doc5"}
        assert found(engine) == now
        assert check(fresh) == []
        # Twice more, so that rows which no kept generation sees are forgotten.
        publish(fresh, write(files, 101))
        publish(fresh, write(files, 102), remove="doc100")
        assert engine.reload()
        assert found(engine) == (now | {"doc101", "doc102"}) - {"doc100"}
        assert check(fresh) == []
        grown = scores(engine, "ตลาดน้ำริมคลอง", "dense")
    finally:
        engine.close()
    with Store.open(fresh.database) as store:
        build(store, fresh, fresh=True)
    engine = Engine.open(fresh)
    anew = scores(engine, "ตลาดน้ำริมคลอง", "dense")
    engine.close()
    assert anew == pytest.approx(grown, abs=1e-4)
    assert check(fresh) == []


def test_readers_see_one_generation_or_the_other_while_it_is_swapped(fresh: Settings, tmp_path: Path) -> None:
    files = tmp_path / "files"
    publish(fresh, *(write(files, n) for n in range(8)))
    engine = Engine.open(fresh)
    stages = [frozenset(f"doc{n}" for n in range(8))]
    seen: list[frozenset[str]] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                opened = engine.opened
                hits = engine.search("เทศบาลตำบลทดสอบ", k=50, system="dense", everything=True).groups
                if engine.opened is opened:
                    seen.append(frozenset(group.best.passage.document_id for group in hits))
            except BaseException as error:  # noqa: BLE001 - told in the test's own thread
                failed.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for step in range(3):
            publish(fresh, write(files, 50 + step), remove=f"doc{step}")
            stages.append((stages[-1] | {f"doc{50 + step}"}) - {f"doc{step}"})
            assert engine.reload()
    finally:
        done.set()
        for thread in threads:
            thread.join()
        engine.close()
    assert not failed
    assert seen
    assert set(seen) <= set(stages)


def test_a_build_that_died_leaves_nothing_that_is_seen(
    fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "files"
    publish(fresh, *(write(files, n) for n in range(6)))
    first = current_name(fresh)

    def dies(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(generations, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            publish(fresh, write(files, 70), remove="doc2")
    assert current_name(fresh) == first
    engine = Engine.open(fresh)
    assert found(engine) == {f"doc{n}" for n in range(6)}
    engine.close()
    publish(fresh, write(files, 71), remove="doc70")
    engine = Engine.open(fresh)
    assert found(engine) == {"doc0", "doc1", "doc3", "doc4", "doc5", "doc71"}
    engine.close()
    assert check(fresh) == []


def test_the_other_engine_can_take_over_and_back(fresh: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    from tests.index.engines.conftest import needs

    needs("milvus")
    other = replace(fresh, engine="milvus" if fresh.engine == "embedded" else "embedded")
    publish(fresh, *(write(tmp_path / "files", n) for n in range(4)))
    for settings in (other, fresh):
        with Store.open(settings.database) as store:
            build(store, settings)
        assert bool(manifest(settings).milvus) == (settings.engine == "milvus")
        engine = Engine.open(settings)
        assert found(engine) == {f"doc{n}" for n in range(4)}
        engine.close()
        assert check(settings) == []


def test_a_backup_says_whether_the_index_is_in_it(fresh: Settings, tmp_path: Path) -> None:
    publish(fresh, *(write(tmp_path / "files", n) for n in range(3)))
    about = backup(fresh, tmp_path / "backup.tar.zst")
    assert about.counts["documents"] == 3
    assert (about.generation is None) == (fresh.engine == "milvus")
