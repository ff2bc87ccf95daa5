from __future__ import annotations

import gc
import json
import random
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index.checking import check
from index.engine import Engine
from index.generations import build
from index.interfaces import Vectors
from index.publish import GenerationError, Manifest, complete_generations, current_name

Build = Callable[[Path], str]


class CountingEncoder:
    """Letters counted into 32 numbers: deterministic, and it remembers how many passages it saw."""

    name, revision, dim, prefixes, max_tokens = "counting", "r1", 32, ("", ""), 40

    def __init__(self) -> None:
        self.seen = 0

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]

    def encode_queries(self, texts: list[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                vectors[row, ord(letter) % self.dim] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def encode_passages(self, texts: list[str]) -> Vectors:
        self.seen += len(texts)
        return self.encode_queries(texts)


def ranking(settings: Settings, question: str = "คัดแยกขยะในชุมชน") -> list[tuple[str, float]]:
    engine = Engine.open(settings)
    try:
        return [(hit.passage_id, round(hit.score, 5)) for hit in engine.retrieve(question)]
    finally:
        engine.close()


def test_building_again_without_change_publishes_nothing(
    settings: Settings, files: Path, build_from: Build
) -> None:
    first = build_from(files)
    assert build_from(files) == first
    assert [path.name for path in complete_generations(settings)] == [first]


def test_only_new_passages_are_encoded_and_the_result_equals_a_fresh_build(
    settings: Settings, files: Path, build_from: Build
) -> None:
    extra = files / "later.txt"
    texts = [f"เอกสารลำดับที่ {n} ว่าด้วยงานสาธารณะของชุมชนที่ {n}" for n in range(20)]
    for number, text in enumerate(texts):
        (files / f"more{number}.txt").write_text(text, encoding="utf-8")
    encoder = CountingEncoder()
    build_from(files)
    with Store.open(settings.database) as store:
        build(store, settings, encoder=encoder, fresh=True)
        before = encoder.seen
        extra.write_text("เพิ่มเรื่องการคัดแยกขยะในชุมชนริมน้ำ", encoding="utf-8")
        (files / "more3.txt").write_text("แก้ไขข้อความเดิมทั้งหมดแล้ว", encoding="utf-8")
        ingest(store, [files], settings)
        store.remove("more5")
        name = build(store, settings, encoder=encoder)
        assert encoder.seen - before == 2
        grown = Engine.open(settings, encoder=encoder)
        found = [(h.passage_id, h.score) for h in grown.retrieve("คัดแยกขยะในชุมชน", system="dense")]
        assert grown.generation == name
        build(store, settings, encoder=encoder, fresh=True)
        again = Engine.open(settings, encoder=encoder)
        assert [(h.passage_id, h.score) for h in again.retrieve("คัดแยกขยะในชุมชน", system="dense")] == found
        passages = {p.passage_id for p in store.passages()}
        assert {h.passage_id for h in again.retrieve("เอกสาร", system="words")} <= passages
        assert Manifest.read(settings.generations / name).truncated == len(passages)
    grown.close()
    again.close()


def test_an_open_engine_keeps_its_texts_until_it_reloads(
    settings: Settings, files: Path, build_from: Build
) -> None:
    build_from(files)
    engine = Engine.open(settings)
    old = engine.search("คัดแยกขยะ").groups[0].best
    (files / "waste.md").write_text("เรื่องอื่นที่เขียนทับของเดิมโดยสิ้นเชิง", encoding="utf-8")
    build_from(files)
    still = engine.search("คัดแยกขยะ").groups[0].best
    assert still.passage == old.passage
    page = engine.store.page(still.citation.document_id, still.citation.page)
    assert page is not None
    assert page.text[still.citation.start : still.citation.end] == still.passage.text
    assert engine.reload()
    assert not engine.reload()
    assert "คัดแยก" not in "".join(g.best.passage.text for g in engine.search("คัดแยกขยะ").groups)
    engine.close()


def test_nothing_of_a_generation_stays_once_another_serves(
    settings: Settings, files: Path, build_from: Build
) -> None:
    build_from(files)
    engine = Engine.open(settings)
    for question in ("อบต. ไหนแยกขยะ", "hospital MOU", "โรงพยบาลชลบุรี", "คัดแยกขยะ"):
        engine.search(question)
        engine.suggest(question[:6])
    before = [
        weakref.ref(one) for one in (engine.opened.segmenter, engine.opened.speller, engine.opened.store)
    ]
    (files / "further.md").write_text("อีกเรื่องหนึ่งที่มาทีหลัง", encoding="utf-8")
    build_from(files)
    assert engine.reload()
    gc.collect()
    assert [one() for one in before] == [None, None, None]
    engine.close()


@pytest.mark.parametrize("damage", ["flip", "truncate", "delete", "extra"])
def test_damage_is_noticed_by_name_and_the_previous_generation_serves(
    settings: Settings, files: Path, build_from: Build, damage: str
) -> None:
    first = build_from(files)
    (files / "new.txt").write_text("เรื่องใหม่ที่เพิ่งเข้ามา", encoding="utf-8")
    second = build_from(files)
    manifest = Manifest.read(settings.generations / second)
    before = Manifest.read(settings.generations / first).files
    name = random.Random(damage).choice(
        sorted(n for n, sha in manifest.files.items() if before.get(n) != sha)
    )
    path = settings.generations / second / name
    data = path.read_bytes()
    path.chmod(0o644)
    if damage == "flip":
        path.unlink()
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    elif damage == "truncate":
        path.unlink()
        path.write_bytes(data[:-1])
    elif damage == "delete":
        path.unlink()
    else:
        (path.parent / "stray.bin").write_bytes(b"x")
        name = "stray.bin"
    assert any(name in problem for problem in check(settings))
    engine = Engine.open(settings)
    assert engine.generation == first
    engine.close()


def test_when_no_generation_is_whole_opening_names_the_file(
    settings: Settings, files: Path, build_from: Build
) -> None:
    name = build_from(files)
    (settings.generations / name / "vectors.faiss").write_bytes(b"not an index")
    with pytest.raises(GenerationError, match=r"vectors\.faiss"):
        Engine.open(settings)


def test_another_encoder_is_refused_with_the_setting_to_change(
    settings: Settings, files: Path, build_from: Build
) -> None:
    build_from(files)
    with pytest.raises(GenerationError, match="KARANI_ENCODER"):
        Engine.open(settings, encoder=CountingEncoder())


def test_leftovers_of_a_dead_build_are_cleaned_and_never_served(
    settings: Settings, files: Path, build_from: Build
) -> None:
    dead = settings.generations / ".partial-20200101T000000000-dead"
    dead.mkdir(parents=True)
    (dead / "manifest.json").write_text("{}")
    name = build_from(files)
    assert not dead.exists()
    assert current_name(settings) == name


def test_an_empty_corpus_builds_and_finds_nothing(settings: Settings) -> None:
    with Store.open(settings.database) as store:
        build(store, settings)
    assert ranking(settings) == []
    assert check(settings) == []


def test_the_manifest_names_what_the_generation_was_made_from(
    settings: Settings, files: Path, build_from: Build
) -> None:
    folder = settings.generations / build_from(files)
    data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert data["passages"] == 4
    assert {"vectors.faiss", "words.txt"} < set(data["files"])
    assert data["truncated"] == 0
    with Store.open(settings.database) as store:
        assert data["change"] == store.change
