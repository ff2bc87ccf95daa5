from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.encoders import load_encoder, load_lexicon
from index.features import NAMES, Candidate, features
from index.forward import ForwardIndex, document_number
from index.forward_writer import ForwardWriter
from index.rerank import Network, Reranker
from tests.index.batches import passage, prepared

LEXICON = load_lexicon(load_encoder())
TEXTS = {
    7: ("เทศบาลบ้านบึง", "ทำบันทึกข้อตกลงกับโรงพยาบาลเพื่อดูแลผู้ป่วย 50 คน"),
    9: ("เทศบาลป่าแดด", "ปลูกต้นไม้ริมทางและดูแลสวนสาธารณะ"),
    12: ("", ""),
}


@pytest.fixture
def forward(tmp_path: Path) -> ForwardIndex:
    writer = ForwardWriter(len(LEXICON.vectors))
    writer.add(prepared([passage(row, *TEXTS[row]) for row in (9, 7, 12)]))  # any order
    writer.write(tmp_path)
    return ForwardIndex(tmp_path)


def table(forward: ForwardIndex, question: str) -> dict[str, np.ndarray]:
    tokens = LEXICON.rows([question])[0]
    vector = LEXICON.encode_queries([question])[0]
    candidates = [Candidate(row, forward.document_of(row), {"dense": 1.0}, 0.5, 0.1) for row in (7, 9, 12)]
    gathered = forward.gather([7, 9, 12])
    asked = np.zeros(len(tokens), dtype=bool)
    found = features(tokens, asked, vector, candidates, gathered, forward, LEXICON)
    assert found.shape == (3, len(NAMES))
    assert np.isfinite(found).all()
    return dict(zip(NAMES, found.T, strict=True))


def test_tokens_come_back_as_written(forward: ForwardIndex) -> None:
    assert list(forward.rows) == [7, 9, 12]
    for row, (context, body) in TEXTS.items():
        held = forward.tokens_of(row)
        assert held[0].tolist() == LEXICON.rows([context])[0].tolist()
        assert held[1].tolist() == LEXICON.rows([body])[0].tolist()
        assert forward.document_of(row) == document_number(f"d{row}")
    with pytest.raises(KeyError):
        forward.tokens_of(8)


def test_copying_leaves_out_what_was_removed(forward: ForwardIndex, tmp_path: Path) -> None:
    writer = ForwardWriter(len(LEXICON.vectors))
    writer.copy(forward, np.asarray([9]))
    (tmp_path / "next").mkdir()
    writer.write(tmp_path / "next")
    copied = ForwardIndex(tmp_path / "next")
    assert list(copied.rows) == [7, 12]
    assert copied.tokens_of(7)[1].tolist() == forward.tokens_of(7)[1].tolist()
    assert copied.document_of(7) == forward.document_of(7)
    written = ForwardWriter(len(LEXICON.vectors))
    written.add(prepared([passage(row, *TEXTS[row]) for row in (7, 12)]))
    (tmp_path / "anew").mkdir()
    written.write(tmp_path / "anew")
    assert copied.counts.tolist() == ForwardIndex(tmp_path / "anew").counts.tolist()


def test_coverage_equals_a_plain_count_of_weights(forward: ForwardIndex) -> None:
    question = "โรงพยาบาลดูแลต้นไม้"
    asked = np.unique(LEXICON.rows([question])[0])
    weights = forward.idf[asked] + 1e-3
    columns = table(forward, question)
    for place, row in enumerate((7, 9, 12)):
        held = set(forward.tokens_of(row)[1].tolist())
        expected = sum(w for t, w in zip(asked.tolist(), weights, strict=True) if t in held) / weights.sum()
        assert columns["covered_body"][place] == pytest.approx(expected, abs=1e-5)
        assert columns["soft_body"][place] >= columns["covered_body"][place] - 1e-4


def test_the_passage_that_speaks_of_it_leads_in_every_evidence_column(forward: ForwardIndex) -> None:
    columns = table(forward, "บันทึกข้อตกลงกับโรงพยาบาล")
    for name in ("bm25_body", "covered_body", "soft", "pairs", "window", "aligned"):
        assert columns[name][0] > columns[name][1], name
    assert columns["pairs"][0] == pytest.approx(1.0, abs=1e-5)


def test_an_empty_question_gives_neutral_numbers(forward: ForwardIndex) -> None:
    columns = table(forward, "")
    assert not columns["covered"].any()


def test_a_reranker_comes_back_as_saved_and_other_features_are_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    width = len(NAMES)
    network = Network(
        *(random.standard_normal(s).astype(np.float32) for s in ((width, 3), (3,), (3,), (width,)))
    )
    reranker = Reranker(np.zeros(width, np.float32), np.ones(width, np.float32), (network, network))
    path = tmp_path / "ranking.json"
    reranker.save(path)
    loaded = Reranker.load(path)
    assert loaded is not None
    x = random.standard_normal((5, width)).astype(np.float32)
    assert loaded(x) == pytest.approx(reranker(x), abs=1e-3)
    path.write_text(path.read_text().replace('"dense"', '"denser"'))
    assert Reranker.load(path) is None
    assert Reranker.load(tmp_path / "absent.json") is None


def plain(question: str, kind: str, context: list[int], body: list[int], idf: np.ndarray) -> dict[str, float]:
    """Some features of one passage again, one token after the other."""
    asked = list(dict.fromkeys(LEXICON.rows([question])[0].tolist()))
    weights = idf[asked].astype(float) + 1e-3
    shares = weights / weights.sum()
    units = LEXICON.directions(np.arange(len(LEXICON.norms)))
    signs = set(np.flatnonzero(LEXICON.signs[kind]).tolist())
    both = context + body

    def exact(tokens: list[int]) -> np.ndarray:
        return np.isin(asked, tokens)

    def soft(tokens: list[int]) -> np.ndarray:
        if not tokens:
            return np.zeros(len(asked))
        similar = np.maximum(units[asked] @ units[tokens].T, 0.0)
        return np.maximum(similar, np.equal.outer(asked, tokens)).max(axis=1)

    def window(found: Callable[[list[int]], np.ndarray], *, signed: bool = False) -> float:
        parts = [
            (start, both[start : start + size]) for start in range(0, len(both), 12) for size in (12, 24)
        ]
        if signed:
            parts = [
                (start, part) for start, part in parts if signs & set(part[max(0, len(context) - start) :])
            ]
        return max((float(shares @ found(part)) for _, part in parts), default=0.0)

    adjacent = set(itertools.pairwise(both))
    pairs = [
        (weights[i] + weights[i + 1], pair in adjacent) for i, pair in enumerate(itertools.pairwise(asked))
    ]
    return {
        "covered_body": shares @ exact(body),
        "bm25_context": shares @ exact(context),
        "covered_context": np.sqrt(shares) @ exact(context),
        "covered": shares @ exact(both),
        "soft_body": shares @ soft(body),
        "soft_context": shares @ soft(context),
        "soft": shares @ soft(both),
        "soft_worst": soft(both).min(),
        "pairs": sum(weight for weight, there in pairs if there) / sum(weight for weight, _ in pairs),
        "window": window(exact),
        "soft_window": window(soft),
        "kind_there": np.log1p(sum(token in signs for token in body)),
        "kind_window": window(soft, signed=True),
    }


@pytest.mark.parametrize("seed", range(4))
def test_features_equal_a_plain_computation(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = "เทศบาล โรงพยาบาล ขยะ น้ำ 50 คน ดูแล ผู้ป่วย สวน ปี 2562 นาย ถนน โครงการ".split()
    sides = [["".join(rng.choice(words, rng.integers(0, most))) for most in (8, 60)] for _ in range(12)]
    writer = ForwardWriter(len(LEXICON.vectors))
    writer.add(prepared([passage(row, *texts) for row, texts in enumerate(sides, start=1)]))
    writer.write(tmp_path)
    forward = ForwardIndex(tmp_path)
    rows = forward.rows.tolist()
    question = "".join(rng.choice(words, 5, replace=False))
    tokens, vector = LEXICON.rows([question])[0], LEXICON.encode_queries([question])[0]
    columns = features(
        tokens,
        np.zeros(len(tokens), dtype=bool),
        vector,
        [Candidate(row, row // 2, {}, 1.0, 0.0) for row in rows],
        forward.gather(rows),
        forward,
        LEXICON,
        "howmany",
    )
    for row, column in zip(rows, columns, strict=True):
        named = dict(zip(NAMES, column.tolist(), strict=True))
        held = [side.tolist() for side in forward.tokens_of(row)]
        for name, expected in plain(question, "howmany", *held, forward.idf).items():
            assert named[name] == pytest.approx(expected, abs=2e-5), name
        assert named["document_covered"] >= named["covered"] - 1e-5
        assert named["document_soft"] >= named["soft"] - 1e-5
