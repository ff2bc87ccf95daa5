"""Confidence against the truth: declining what has no answer, and whether 0.8 means 80%."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Declining:
    """How well a system tells questions without an answer from those with one.

    Declining is the positive decision: ``precision`` is the share of declined questions that indeed have no answer,
    ``recall`` the share of questions without an answer that were declined. ``auc`` is the chance that
    an answerable question gets the higher confidence (ties count half); ``declined_at_5`` the share declined
    when the threshold may refuse 5% of the answerable ones.
    """

    declined: int
    unanswerable: int
    false_refusals: int
    answerable: int
    precision: float
    recall: float
    auc: float
    declined_at_5: float

    def as_dict(self) -> dict[str, float]:
        """Name the figures for tables."""
        return {f"declined_{name}": float(value) for name, value in asdict(self).items()}


def declining(answerable: Sequence[tuple[float, bool]], without: Sequence[tuple[float, bool]]) -> Declining:
    """Judge decisions ``(confidence, answered)`` on questions with and without an answer."""
    declined = sum(not answered for _, answered in without)
    refused = sum(not answered for _, answered in answerable)
    positive = [confidence for confidence, _ in answerable]
    negative = [confidence for confidence, _ in without]
    return Declining(
        declined=declined,
        unanswerable=len(without),
        false_refusals=refused,
        answerable=len(answerable),
        precision=declined / (declined + refused) if declined + refused else 0.0,
        recall=declined / len(without),
        auc=auc(positive, negative),
        declined_at_5=declined_at(positive, negative, 0.05),
    )


def auc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Compute the area under the ROC curve: Mann and Whitney's statistic (1947), ties counting half."""
    high, low = np.asarray(positive, dtype=float), np.sort(np.asarray(negative, dtype=float))
    if not high.size or not low.size:
        return 0.5
    below = np.searchsorted(low, high, side="left")
    not_above = np.searchsorted(low, high, side="right")
    return float((below + not_above).sum() / (2 * high.size * low.size))


def declined_at(positive: ArrayLike, negative: ArrayLike, false_refusals: float) -> float:
    """Give the share of ``negative`` under the highest threshold that refuses at most that share of ``positive``.

    A question is refused when its confidence lies strictly under the threshold.
    """
    high, low = np.sort(np.asarray(positive, dtype=float)), np.asarray(negative, dtype=float)
    if not high.size or not low.size:
        return 0.0
    allowed = int(np.floor(false_refusals * high.size + 1e-9))
    threshold = high[min(allowed, high.size - 1)]
    return float((low < threshold).mean())


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same confidence: how sure they were on average, and how many were right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def bins(confidences: ArrayLike, right: ArrayLike, count: int = 10) -> list[Bin]:
    """Sort answers into equal ranges of confidence; empty ranges are left out."""
    sure, truth = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    place = np.minimum((sure * count).astype(int), count - 1)
    found = []
    for index in range(count):
        here = place == index
        if here.any():
            share = float(sure[here].mean()), float(truth[here].mean())
            found.append(Bin(index / count, (index + 1) / count, int(here.sum()), *share))
    return found


def expected_error(found: Sequence[Bin]) -> float:
    """Compute the expected calibration error (Naeini et al. 2015): mean gap, weighted by bin size."""
    total = sum(one.count for one in found)
    return sum(one.count * abs(one.confidence - one.right) for one in found) / total if total else 0.0
