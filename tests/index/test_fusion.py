from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.fusion import Weights, fuse, normalise

_RANKING = st.dictionaries(st.integers(1, 30), st.floats(-1, 20, width=32), max_size=20).map(
    lambda found: sorted(found.items(), key=lambda one: (-one[1], one[0]))
)
_WEIGHTS = Weights(0.3, 0.2, 0.5)


@given(
    st.fixed_dictionaries({"words": _RANKING, "characters": _RANKING, "dense": _RANKING}), st.integers(1, 40)
)
@settings(max_examples=200, deadline=None)
def test_fusing_is_a_weighted_sum_of_what_each_input_says(rankings: dict[str, list], depth: int) -> None:
    parts = {name: normalise(name, ranking) for name, ranking in rankings.items() if ranking}
    total = sum(_WEIGHTS.of(name) for name in parts)
    scores = {
        row: sum(_WEIGHTS.of(name) * part[row] for name, part in parts.items() if row in part) / total
        for row in {row for part in parts.values() for row in part}
    }
    fused = fuse(rankings, _WEIGHTS)
    assert [row for row, _, _ in fused] == sorted(scores, key=lambda row: (-scores[row], row))
    for row, score, each in fused:
        assert score == pytest.approx(scores[row])
        assert each == {name: part[row] for name, part in parts.items() if row in part}
    assert fuse(rankings, _WEIGHTS, depth) == fused[:depth]


def test_nothing_found_gives_nothing() -> None:
    assert fuse({"words": [], "dense": []}, _WEIGHTS) == []
