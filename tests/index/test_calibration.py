from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index import features, judged
from index.background import weight
from index.calibration import NAMES, Calibration
from index.judged import Judged
from index.training.fusion import fit_calibration, logistic

COUNT = len(NAMES)


def test_evidence_that_the_fit_found_telling_makes_surer() -> None:
    shipped = Calibration.load()
    evidence = [
        w
        for w, name in zip(shipped.weights, NAMES, strict=True)
        if name not in ("spread", "seen_length", "seen_digits_missing")
    ]
    assert min(evidence) >= 0
    cosine = NAMES.index("cosine")
    numbers = list(shipped.mean)
    low = shipped(numbers)
    numbers[cosine] += shipped.deviation[cosine]
    assert 0 < low < shipped(numbers) < 1
    numbers[cosine] += 1e9
    assert shipped(numbers) < 1  # an outlier says no more than a large number


def test_a_calibration_comes_back_as_saved_and_other_numbers_never_answer(tmp_path: Path) -> None:
    numbers = tuple(float(n) for n in range(COUNT))
    made = Calibration(numbers, numbers, (2.0,) * COUNT, -2.5, 0.31)
    made.save(tmp_path / "c.json")
    loaded = Calibration.load(tmp_path / "c.json")
    assert loaded == made
    assert loaded.revision == made.revision != Calibration.load().revision
    (tmp_path / "c.json").write_text((tmp_path / "c.json").read_text().replace('"cosine"', '"sine"'))
    other = Calibration.load(tmp_path / "c.json")
    assert other([1e9] * COUNT) < other.threshold


def test_the_fit_recovers_what_made_the_labels_and_refuses_as_promised() -> None:
    random = np.random.default_rng(3)
    x = random.standard_normal((4000, 2))
    chance = 1 / (1 + np.exp(-(1.5 * x[:, 0] - 0.5 * x[:, 1])))
    y = (random.random(4000) < chance).astype(float)
    free = (None, None)
    weights, _ = logistic(x, y, np.ones(4000), [free, free], ridge=0.0)
    assert weights == pytest.approx([1.5, -0.5], abs=0.15)
    bounded, _ = logistic(x, y, np.ones(4000), [free, (0.0, None)], ridge=0.0)
    assert bounded[1] == pytest.approx(0.0, abs=1e-6)
    rows = [(float(2 * label + noise), *[0.0] * (COUNT - 1)) for label, noise in zip(y, x[:, 0], strict=True)]
    answered = [row for row, label in zip(rows, y, strict=True) if label]
    others = [row for row, label in zip(rows, y, strict=True) if not label]
    fitted = fit_calibration(answered, others[::2], others[1::2])
    assert np.mean([fitted(row) < fitted.threshold for row in answered]) == pytest.approx(0.05, abs=0.01)
    assert np.mean([fitted(row) for row in answered]) > np.mean([fitted(row) for row in others])


def test_a_passage_that_stands_out_has_the_larger_share_and_lead() -> None:
    width = len(features.NAMES)
    seen_by = Judged(
        (5, 6, 7), np.asarray([1, 1, 2]), np.zeros((3, width), np.float32), np.asarray([3, 1, 0], np.float32)
    )
    seen = {
        row: dict(zip(judged.NAMES, numbers, strict=True))
        for row, numbers in seen_by.numbers([5, 6, 7]).items()
    }
    assert seen[5]["ahead"] == 3  # of the other document, not of its own second passage
    assert seen[7]["ahead"] == -3
    assert seen[5]["share"] + seen[7]["share"] == pytest.approx(1)
    assert seen[5]["share"] == seen[6]["share"] > seen[7]["share"]


def test_rare_words_weigh_more_than_common_ones_and_unknown_ones_most() -> None:
    assert weight("การ") < weight("โรงพยาบาล") < weight("แผนที่ความคิดที่ไม่มีใครรู้จัก") == 1.0
