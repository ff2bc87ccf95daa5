from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from index.slips import Slips

_words = st.text(alphabet="กขค๐a𝒂", min_size=1, max_size=7)


def one_apart(a: str, b: str) -> bool:
    """Optimal string alignment distance 1, by trying every slip."""
    for i in range(len(a) + 1):
        left, right = a[:i], a[i:]
        if b in (left + right[1:], left + right[1:2] + right[:1] + right[2:]) and a != b:
            return True
        if (
            len(b) >= len(a)
            and b in (left + b[i : i + 1] + right, left + b[i : i + 1] + right[1:])
            and a != b
        ):
            return True
    return False


@settings(deadline=None)
@given(st.sets(_words, max_size=30), _words)
def test_the_words_one_slip_away_are_those_that_trying_every_slip_finds(words: set[str], typed: str) -> None:
    assert Slips(list(words)).near(typed) == sorted(word for word in words if one_apart(typed, word))


def test_each_kind_of_slip_is_known() -> None:
    slips = Slips(["โรงเรยน", "โรงเรียน", "โรงเยรียน", "โรงรเียน", "โรงเรียม", "โรงแรม"])
    assert slips.near("โรงเรียน") == ["โรงรเียน", "โรงเยรียน", "โรงเรยน", "โรงเรียม"]
    assert slips.near("x" * 65) == Slips([]).near("ก") == []
