from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eval.significance import bootstrap_interval, holm, permutation_test

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_small_samples_are_exact() -> None:
    first, second = [0.9, 0.4, 0.8, 0.7, 1.0], [0.5, 0.5, 0.2, 0.6, 0.3]
    differences = np.subtract(first, second)
    signs = np.array(list(itertools.product([1, -1], repeat=5)))
    null = (signs * differences).mean(axis=1)
    two_sided = np.mean(np.abs(null) >= abs(differences.mean()) - 1e-12)
    assert permutation_test(first, second) == pytest.approx(two_sided, abs=1e-12)
    greater = np.mean(null >= differences.mean() - 1e-12)
    assert permutation_test(first, second, alternative="greater") == pytest.approx(greater, abs=1e-12)


def test_large_samples_agree_with_scipy_run_on_both_systems() -> None:
    rng = np.random.default_rng(3)
    first = rng.uniform(size=80)
    second = np.clip(first - rng.normal(0.03, 0.15, size=80), 0, 1)

    def statistic(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.mean(x - y, axis=axis)

    theirs = stats.permutation_test(
        (first, second),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=50_000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert permutation_test(first, second) == pytest.approx(theirs, abs=0.01)
    assert permutation_test(first, second) == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.03)


def test_p_values_repeat_and_are_symmetric() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.uniform(size=60), rng.uniform(size=60)
    assert permutation_test(first, second) == permutation_test(first, second)
    assert permutation_test(first, second) == pytest.approx(permutation_test(second, first), abs=0.02)
    assert permutation_test(first, first) == 1.0


def test_intervals_agree_with_the_t_interval_and_with_scipy() -> None:
    values = np.random.default_rng(7).normal(0.6, 0.2, size=150)
    low, high = bootstrap_interval(values)
    expected = stats.t.interval(0.95, 149, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(expected, abs=0.004)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(2)
    ).confidence_interval
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.003)
    assert bootstrap_interval(values) == (low, high)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(200):
        low, high = bootstrap_interval(rng.binomial(1, 0.7, size=120), resamples=400)
        inside += low <= 0.7 <= high
    assert 180 <= inside <= 199


def test_equal_values_have_a_point_as_interval() -> None:
    assert bootstrap_interval([1.0, 1.0, 1.0]) == (1.0, 1.0)
    assert bootstrap_interval([0.25]) == (0.25, 0.25)


@pytest.mark.parametrize("values", [[], [[0.1], [0.2]]])
def test_anything_but_one_value_a_query_is_refused(values: list[object]) -> None:
    with pytest.raises(ValueError, match="one value a query"):
        bootstrap_interval(values)  # type: ignore[arg-type]


def test_holm_by_hand() -> None:
    # Sorted .01 .02 .03 .04 times 4, 3, 2, 1, never falling.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


@settings(deadline=None)
@given(P_VALUES)
def test_holm_lies_between_raw_and_bonferroni_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, raw * len(p_values)) + 1e-12
    order = np.argsort(p_values, kind="stable")
    assert all(np.diff(np.array(adjusted)[order]) >= 0)
