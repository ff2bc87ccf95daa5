"""A short form of the fuzzing: a few thousand changed inputs of every target; the long one is a fault of its own."""

from __future__ import annotations

import random

import pytest

from tests.reliability import fuzz, fuzz_seeds
from tests.reliability.fuzz_targets import TARGETS

#: Fewer of those that read whole files or ask an engine.
FEW = {"html": 12, "docx": 12, "plain": 40, "markdown": 40, "jsonl": 16, "searching": 40, "asking": 80}


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_breaks(name: str) -> None:
    tally = fuzz.execute(name, FEW.get(name, 200) + len(TARGETS[name].seeds()), 1)
    assert tally.failures == {}
    assert tally.done > 10


def test_a_broken_invariant_a_crash_and_a_hang_are_told_apart() -> None:
    def check(data: bytes) -> None:
        assert data != b"a", "it is a"
        if data == b"b":
            raise ZeroDivisionError("never shown")
        if data == b"c":
            raise fuzz.Hang

    tally = fuzz.Tally()
    for data in (b"a", b"b", b"c", b"d", b"b"):
        tally.execute(check, data)
    assert tally.done == 5
    kinds = sorted(what.split()[0] for what in tally.failures)
    assert kinds == ["AssertionError", "ZeroDivisionError", "hang:"]
    assert not any("never shown" in what for what in tally.failures)


def test_bytes_spell_the_text_that_made_them() -> None:
    for text in fuzz_seeds.texts():
        known = "".join(
            char if ord(char) < 0x7F or 0xE00 <= ord(char) < 0xE80 or char in fuzz_seeds.STRANGE else "\ufffd"
            for char in text
        )
        assert fuzz_seeds.text_of(fuzz_seeds.bytes_of(text)) == known
    chance = random.Random(1)
    for _ in range(500):
        fuzz_seeds.text_of(bytes(chance.randrange(256) for _ in range(chance.randrange(40))))


def test_the_same_seed_tries_the_same() -> None:
    def tried(seed: int) -> list[bytes]:
        chance = random.Random(seed)
        return [fuzz.mutated([b"abc" * 200, b"xyz"], chance, whole=False) for _ in range(50)]

    assert tried(1) == tried(1) != tried(2)
