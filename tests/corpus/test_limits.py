from __future__ import annotations

from dataclasses import fields

import pytest

from corpus.limits import SETTABLE, Limits, LimitsError, variables
from corpus.settings import VARIABLES, Settings


def test_the_defaults_let_a_large_honest_corpus_in() -> None:
    limits = Limits()
    assert limits.pages == 5000
    assert limits.unpacked_bytes > 4 * (757 << 20)
    assert all(getattr(limits, field.name) > 0 for field in fields(Limits))


def test_an_operator_sets_them_in_the_environment() -> None:
    environ = {
        "KARANI_MAX_PAGES": " 12 ",
        "KARANI_MAX_UNPACKED_BYTES": "5000000000",
        "KARANI_MAX_FILE_BYTES": "",
    }
    limits = Settings.from_environment(environ).limits
    assert (limits.pages, limits.unpacked_bytes) == (12, 5_000_000_000)
    assert limits.file_bytes == Limits().file_bytes


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "๑๒", "1e9", " "])
def test_what_is_no_number_is_refused_by_name(value: str) -> None:
    with pytest.raises(LimitsError, match="KARANI_MAX_PAGES"):
        Settings.from_environment({"KARANI_MAX_PAGES": value})


def test_every_one_is_documented_with_its_default() -> None:
    assert {name for name, _, _ in variables()} == {f"KARANI_MAX_{name.upper()}" for name in SETTABLE}
    assert set(variables()) <= set(VARIABLES)
    assert all(f"KARANI_MAX_{name.upper()}" in (Limits.__doc__ or "") for name in SETTABLE)
