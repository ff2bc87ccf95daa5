"""Generations that share their predecessor's base files: the same answers as one made anew."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index import delta
from index.checking import check
from index.delta import Delta
from index.dense import VECTORS
from index.embedded import EmbeddedIndex
from index.encoders import load_encoder
from index.engine import Engine
from index.generations import build
from index.publish import Manifest

QUESTIONS = ("คัดแยกขยะในชุมชน", "ตลาดน้ำของตำบล 7", "ผู้สูงอายุออกกำลังกาย")
SUBJECTS = ("คัดแยกขยะในชุมชน", "ตลาดน้ำริมคลอง", "โรงเรียนผู้สูงอายุออกกำลังกาย", "ธนาคารน้ำใต้ดิน")


@pytest.fixture(autouse=True)
def small_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base of ten passages is large enough for a delta; half of it may change."""
    monkeypatch.setattr(delta, "DELTA_FROM", 10)
    monkeypatch.setattr(delta, "_MERGED_SHARE", 0.5)


def write(folder: Path, number: int, version: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"doc{number}.md"
    subject = SUBJECTS[(number + version) % len(SUBJECTS)]
    path.write_text(
        f"---\ntitle: เรื่องที่ {number} รุ่น {version}\norganisation: เทศบาลตำบลทดสอบ{number}\n---\n"
        f"เทศบาลตำบลทดสอบ{number} ทำเรื่อง{subject} ครั้งที่ {version} ในตำบล {number}\n",
        encoding="utf-8",
    )
    return path


def publish(settings: Settings, *paths: Path, remove: str = "") -> str:
    with Store.open(settings.database) as store:
        if remove:
            assert store.remove(remove)
        assert not ingest(store, paths).failures
        return build(store, settings)


def state(settings: Settings) -> dict[str, object]:
    """All that a search can tell, but for lexical scores (tantivy counts what is deleted until it merges) and words
    that complete (the dictionary is the base's)."""
    engine = Engine.open(settings)
    try:
        index = engine.opened.index
        assert isinstance(index, EmbeddedIndex)
        forward, dense = index.forward, index.dense
        return {
            "rows": sorted(dense.rows().tolist()),
            "vectors": dense.vectors(forward.rows).round(4).tolist(),
            "forward": [(row, *map(list, forward.tokens_of(row))) for row in forward.rows.tolist()],
            "counts": forward.counts.tolist(),
            "sum": engine.manifest.corpus_sum,
            "dense": {
                q: [(h.passage_id, round(h.score, 5)) for h in engine.retrieve(q, system="dense")] for q in QUESTIONS
            },
            "suggested": {
                typed: sorted({one.text for one in engine.suggest(typed, 50) if one.kind != "word"})
                for typed in ("เทศ", "เรื่องที่", "ทดสอบ3")
            },
        }  # fmt: skip
    finally:
        engine.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data", keep_originals=False)
    publish(made, *(write(tmp_path / "files", n) for n in range(12)))
    return made


def base_file(settings: Settings, name: str) -> int:
    return (settings.generations / name / VECTORS).stat().st_ino


def test_one_more_document_shares_the_base_and_is_found(settings: Settings, tmp_path: Path) -> None:
    first = Manifest.read(next(settings.generations.iterdir()))
    folder = next(settings.generations.iterdir())
    name = publish(settings, write(tmp_path / "files", 100))
    assert base_file(settings, name) == base_file(settings, folder.name)
    manifest = Manifest.read(settings.generations / name)
    assert (manifest.passages, manifest.base_passages) == (first.passages + 1, first.passages)
    engine = Engine.open(settings)
    assert engine.search("ตำบล 100").groups[0].best.citation.document_id == "doc100"
    assert any(one.target == "doc100" for one in engine.suggest("เรื่องที่ 100"))
    engine.close()
    assert check(settings) == []


@pytest.mark.parametrize("seed", range(4))
def test_any_history_of_deltas_ends_like_a_build_of_everything(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    alive = set(range(12))
    merged = 0
    for step in range(8):
        gone = chance.choice(sorted(alive)) if chance.random() < 0.4 else None
        new = [chance.randrange(12, 40) for _ in range(chance.randrange(1, 4))]
        changed = [chance.choice(sorted(alive))] if chance.random() < 0.6 else []
        files = [write(tmp_path / "files", n, step + 1) for n in [*new, *changed] if n != gone]
        name = publish(settings, *files, remove="" if gone is None else f"doc{gone}")
        alive = (alive | set(new) | set(changed)) - ({gone} if gone is not None else set())
        merged += Delta.of(settings.generations / name) is None
        assert check(settings) == []
    assert merged < 8
    with Store.open(settings.database) as store:
        assert {info.document_id for info in store.documents()} == {f"doc{n}" for n in alive}
    grown = state(settings)
    with Store.open(settings.database) as store:
        build(store, settings, fresh=True)
    assert grown == state(settings)


def test_much_change_writes_the_base_anew_without_encoding_again(settings: Settings, tmp_path: Path) -> None:
    class Counting:
        def __init__(self) -> None:
            self.seen = 0
            self._encoder = load_encoder("builtin")

        def __getattr__(self, name: str) -> object:
            return getattr(self._encoder, name)

        def encode_passages(self, texts: list[str]) -> np.ndarray:
            self.seen += len(texts)
            return self._encoder.encode_passages(texts)

    encoder = Counting()
    kinds = []
    with Store.open(settings.database) as store:
        for number in range(200, 207):
            ingest(store, [write(tmp_path / "files", number)])
            name = build(store, settings, encoder=encoder)  # type: ignore[arg-type]
            kinds.append(Delta.of(settings.generations / name) is not None)
    assert encoder.seen == 7
    assert kinds == [True] * 6 + [False]
    assert check(settings) == []


def test_what_is_gone_is_not_suggested_and_a_new_title_replaces_the_old(
    settings: Settings, tmp_path: Path
) -> None:
    publish(settings, write(tmp_path / "files", 3, 1), remove="doc4")
    engine = Engine.open(settings)
    titles = {one.text for one in engine.suggest("เรื่องที่", 50) if one.kind == "document"}
    assert {"เรื่องที่ 3 รุ่น 1", "เรื่องที่ 5 รุ่น 0"} <= titles
    assert not {"เรื่องที่ 3 รุ่น 0", "เรื่องที่ 4 รุ่น 0"} & titles
    assert not [one for one in engine.suggest("ทดสอบ4") if one.kind == "case"]
    engine.close()


def test_a_running_engine_takes_a_delta_without_reading_the_base_again(
    settings: Settings, tmp_path: Path
) -> None:
    engine = Engine.open(settings)
    words, names = engine.opened.words, engine.opened.names
    publish(settings, write(tmp_path / "files", 300))
    assert engine.reload()
    assert engine.opened.words is words
    assert engine.opened.names is names
    assert engine.search("ตำบล 300").groups[0].best.citation.document_id == "doc300"
    engine.close()


def test_a_base_that_another_hand_changed_is_noticed_at_the_next_reload(
    settings: Settings, tmp_path: Path
) -> None:
    engine = Engine.open(settings)
    publish(settings, write(tmp_path / "files", 300))
    path = settings.generations / engine.generation / VECTORS
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))  # it was whole a moment ago, and is shared
    assert not engine.reload()
    assert VECTORS in engine.fault
    path.write_bytes(data)
    assert engine.reload()
    assert engine.fault == ""
    engine.close()
