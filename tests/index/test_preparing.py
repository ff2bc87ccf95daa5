"""Batches of passages: what is prepared does not depend on how it is cut into batches or by whom."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.ingest import ingest
from corpus.segment import default_segmenter
from corpus.settings import Settings
from corpus.store import Store
from index import bulk
from index.checking import check
from index.encoders import load_encoder, load_lexicon
from index.engine import Engine
from index.generations import build
from index.lexical import skeleton
from index.preparing import MAX_TOKENS, Prepared, passage_input, prepare
from tests.index.batches import passage, prepared
from tests.index.test_generations import CountingEncoder

THAI = st.text(st.sampled_from("กขคงทนบปมรลวสหอะาิีุูเแโใไ่้ ์ๆำ\n 0123๕,.-aB()"), max_size=80)
QUESTIONS = ("คัดแยกขยะในชุมชน", "ตลาดน้ำของตำบล 7", "ผู้สูงอายุออกกำลังกาย")


@settings(deadline=None, max_examples=150)
@given(context=THAI, text=THAI)
def test_parts_that_are_prepared_apart_give_what_the_whole_text_gives(context: str, text: str) -> None:
    made = prepared([passage(1, context.strip(), text), passage(2, context.strip(), text + " จบ")])
    whole = f"{context.strip()}\n{text}"
    assert made.words[0].split() == " ".join(default_segmenter().terms(whole)).split()
    assert made.characters[0] == skeleton(whole)
    lexicon = load_lexicon(None)
    assert made.tokens[: made.lengths[0].sum()].tolist() == lexicon.rows([whole])[0].tolist()
    vectors = lexicon.encode_passages([passage_input(passage(1, context.strip(), text))])
    assert made.vectors[0] == pytest.approx(vectors[0], abs=1e-3)


def test_tokens_are_counted_as_they_are_kept() -> None:
    made = prepared([passage(1, "เรื่อง", "ก ข " * MAX_TOKENS + "โรงพยาบาล"), passage(2, "เรื่อง", "ก")])
    assert made.lengths.sum(axis=1)[0] == MAX_TOKENS
    ends = np.cumsum(made.lengths.sum(axis=1))
    held = [set(part.tolist()) for part in np.split(made.tokens, ends[:-1])]
    counted = {kind: sum(kind in one for one in held) for kind in set().union(*held)}
    assert dict(zip(made.kinds.tolist(), made.occurrences.tolist(), strict=True)) == counted


def corpus(folder: Path, count: int) -> Settings:
    (folder / "files").mkdir()
    for number in range(count):
        (folder / "files" / f"doc{number}.md").write_text(
            f"---\ntitle: เรื่องที่ {number}\norganisation: เทศบาลตำบลทดสอบ{number}\nprovince: ชลบุรี\n---\n"
            f"เทศบาลทำเรื่อง{QUESTIONS[number % 3]} ครั้งที่ {number} ในตำบล {number}\n",
            encoding="utf-8",
        )
    made = Settings(data=folder / "data", keep_originals=False)
    with Store.open(made.database) as store:
        assert not ingest(store, [folder / "files"]).failures
    return made


def rankings(settings: Settings) -> list[list[tuple[str, float]]]:
    engine = Engine.open(settings)
    try:
        return [[(hit.passage_id, round(hit.score, 5)) for hit in engine.retrieve(q)] for q in QUESTIONS]
    finally:
        engine.close()


def same(one: Prepared, other: Prepared) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in dataclasses.fields(Prepared)
    )


def test_two_processes_prepare_what_one_prepares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = corpus(tmp_path, 45)
    found = []
    monkeypatch.setattr(bulk, "_BATCH", 7)
    monkeypatch.setattr(bulk, "PROCESSES_FROM", 10)
    dictionary = tmp_path / "words.txt"
    dictionary.write_text("เทศบาล\nตำบล\nเรื่อง\n", encoding="utf-8")
    with Store.open(made.database) as store:
        snapshot = store.at(store.change)
        rows = list(snapshot.row_numbers())
        for encoder in (load_encoder(), CountingEncoder()):
            one, two = (
                list(bulk.prepared(snapshot, dataclasses.replace(made, workers=n), rows, encoder, dictionary))
                for n in (1, 2)
            )
            assert len(one) == 7
            assert all(same(*pair) for pair in zip(one, two, strict=True))
        for workers in (1, 2):
            build(store, dataclasses.replace(made, workers=workers), fresh=True)
            found.append(rankings(made))
    assert found[0] == found[1]
    assert check(made) == []


def die(*_: object) -> None:
    import os

    os._exit(9)


def test_a_killed_process_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = dataclasses.replace(corpus(tmp_path, 12), workers=2)
    monkeypatch.setattr(bulk, "PROCESSES_FROM", 10)
    monkeypatch.setattr(bulk, "_prepare", die)
    with Store.open(made.database) as store, pytest.raises(bulk.WorkerError, match="KARANI_WORKERS=1"):
        build(store, made)
    assert not list(made.generations.iterdir())


def test_what_an_encoder_cuts_is_named() -> None:
    encoder = CountingEncoder()
    long = passage(5, "", "ก" * 50)
    made = prepare([passage(4, "", "ก"), long], encoder, load_lexicon(encoder), default_segmenter())
    assert made.truncated == (5,)
    assert made.vectors.shape == (2, encoder.dim)
