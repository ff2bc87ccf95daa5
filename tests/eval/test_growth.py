"""Corpora of any size, and recall of the vector index by score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from eval.datasets import CorpusText, read_corpus
from eval.growth import corpora, recall
from index.dense import DenseIndex
from index.encoders import load_encoder
from index.generations import build
from index.publish import current_name
from tests.eval.sets import write_lines

_TEXTS = [
    CorpusText(f"d{n}", f"ข่าวที่ {n}", " ".join(f"ข้อความ{n}ตอน{part}" for part in range(200))) for n in range(7)
]


def _written(folder: Path) -> Path:
    path = folder / "corpus.jsonl.zst"
    corpora.write(path, _TEXTS)
    return path


def test_copies_are_the_same_each_time_and_differ_from_each_other(tmp_path: Path) -> None:
    path = _written(tmp_path)
    made = list(corpora.copies(path, 17, seed=7))
    assert made == list(corpora.copies(path, 17, seed=7))
    assert made != list(corpora.copies(path, 17, seed=8))
    assert len({text.document_id for text in made}) == 17
    assert len({text.text for text in made}) == 17


def test_a_copy_lacks_another_tenth_of_the_sentences() -> None:
    whole = set(_TEXTS[0].text.split())
    missing = [whole - set(corpora.copy_of(_TEXTS[0], number, 7).text.split()) for number in range(10)]
    assert set.union(*missing) == whole
    assert sum(map(len, missing)) == len(whole)
    assert all(5 <= len(part) <= 40 for part in missing)


def test_a_part_is_spread_over_the_corpus_and_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = _written(tmp_path)
    assert list(read_corpus(path)) == _TEXTS
    names = [text.document_id for text in corpora.part(read_corpus(path), 3, len(_TEXTS))]
    assert names == ["d2", "d4", "d6"]


class _Worst(DenseIndex):
    """Finds what is farthest."""

    def search(self, query: recall.Vectors, depth: int, allowed: object = None) -> list[tuple[int, float]]:
        del allowed
        return DenseIndex.search(self, -query, depth)


@pytest.fixture
def built(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "data")
    lines = [
        {"_id": f"d{n}", "title": word, "text": f"{word} มีงบประมาณ {n} ล้านบาท"}
        for n, word in enumerate(
            "โรงเรียน โรงพยาบาล สะพาน ถนน ป่าไม้ ทะเล แม่น้ำ วัด ตลาด สนามบิน รถไฟ ท่าเรือ".split()
        )
    ]
    path = write_lines(tmp_path / "corpus.jsonl", lines)
    with Store.open(settings.database) as store:
        ingest(store, [path], settings)
        build(store, settings)
    return settings


def test_recall_by_score_tells_a_good_index_from_a_bad_one(built: Settings) -> None:
    asked = load_encoder().encode_queries(["รักษาคนป่วย", "ข้ามแม่น้ำ", "ซื้อของ"])
    folder = built.generations / str(current_name(built))
    nothing = lambda _done, _total: None  # noqa: E731
    assert recall.measure(built, ["รักษาคนป่วย", "ข้ามแม่น้ำ"], 3, nothing) == 1.0
    assert recall.by_score(DenseIndex(folder), asked, 3, nothing) == 1.0
    assert recall.by_score(_Worst(folder), asked, 3, nothing) == 0.0


def test_thresholds_are_those_of_a_full_sort(built: Settings) -> None:
    index = DenseIndex(built.generations / str(current_name(built)))
    asked = load_encoder().encode_queries(["รักษาคนป่วย", "ข้ามแม่น้ำ"])
    scores = np.sort(asked @ index.vectors(index.rows()).T, axis=1)
    found = recall.thresholds(index, asked, 4, lambda _done, _total: None)
    assert found == pytest.approx(scores[:, -4])
