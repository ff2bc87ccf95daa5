from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.background import weight
from index.calibration import NAMES, Calibration
from index.training.fusion import logistic


def test_more_evidence_is_never_less_sure_with_the_plain_weights() -> None:
    plain = Calibration()
    low, high = plain([0.1] * len(NAMES)), plain([0.9] * len(NAMES))
    assert 0 < low < high < 1


def test_a_calibration_comes_back_as_saved(tmp_path: Path) -> None:
    made = Calibration(tuple(float(n) for n in range(len(NAMES))), -2.5, 0.31)
    made.save(tmp_path / "c.json")
    loaded = Calibration.load(tmp_path / "c.json")
    assert loaded == made
    assert loaded.revision == made.revision != Calibration().revision


def test_the_logistic_fit_recovers_what_made_the_labels() -> None:
    random = np.random.default_rng(3)
    x = random.standard_normal((4000, 2))
    chance = 1 / (1 + np.exp(-(1.5 * x[:, 0] + 0.5 * x[:, 1])))
    y = (random.random(4000) < chance).astype(float)
    weights, _ = logistic(x, y)
    assert weights == pytest.approx([1.5, 0.5], abs=0.15)
    against, _ = logistic(-x, y)
    assert against == pytest.approx([0.0, 0.0], abs=1e-6)


def test_rare_words_weigh_more_than_common_ones_and_unknown_ones_most() -> None:
    assert weight("การ") < weight("โรงพยาบาล") < weight("แผนที่ความคิดที่ไม่มีใครรู้จัก") == 1.0
