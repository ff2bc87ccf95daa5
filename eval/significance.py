"""Is a difference more than chance? Permutation tests, bootstrap intervals, several comparisons at once.

The paired permutation test and the percentile bootstrap over queries are those that Smucker, Allan and
Carterette (2007) and Sakai (2006) recommend for retrieval; Holm (1979) corrects for many comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
SEED = 20_240_501


class Interval(NamedTuple):
    """A confidence interval; both ends belong to it."""

    low: float
    high: float


def bootstrap_interval(
    values: ArrayLike, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval:
    """Compute the percentile interval of the mean over queries, resampled with replacement; seeded, so repeatable.

    For a difference of two systems give the per-query differences.
    """
    sample = _sample(values)
    if np.ptp(sample) == 0:  # Nothing to resample: scipy would warn of a degenerate distribution.
        return Interval(float(sample[0]), float(sample[0]))
    # Imported late: scipy.stats takes a second that `--help` should not wait for.
    from scipy import stats

    found = stats.bootstrap(
        (sample,),
        np.mean,
        confidence_level=confidence,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def resampled_interval(
    statistic: Callable[..., float],
    *samples: ArrayLike,
    confidence: float = 0.95,
    resamples: int = 2_000,
    seed: int = SEED,
) -> Interval:
    """Compute the percentile interval of any statistic; each sample is resampled on its own, seeded.

    For what is no mean over queries: a percentile, an area under a curve over two groups of questions.
    """
    given = [_sample(values) for values in samples]
    chance = np.random.default_rng(seed)
    found = [
        statistic(*(values[chance.integers(0, values.size, values.size)] for values in given))
        for _ in range(resamples)
    ]
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def permutation_test(
    first: ArrayLike,
    second: ArrayLike,
    *,
    alternative: str = "two-sided",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> float:
    """Compute the paired permutation p-value for the mean of ``first - second``; exact where 2**n is at most ``resamples``.

    Args:
        first: one value a query.
        second: the other system's values, same queries, same order.
        alternative: ``two-sided``, ``less`` (first is lower) or ``greater``.
        resamples: random sign flips where there are too many to try all.
        seed: makes the p-value repeatable.

    """
    differences = _sample(first) - _sample(second)
    if not np.any(differences):
        return 1.0
    from scipy import stats

    found = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        alternative=alternative,
        n_resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values by Holm's step-down procedure, in the order given, at most 1."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _sample(values: ArrayLike) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(f"expected one value a query, got an array of shape {sample.shape}")
    return sample
