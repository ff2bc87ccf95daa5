"""What the processes of a service know of each other."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from service.feedback import Receipts
from service.workers.board import Board, Field, shared_file


@pytest.fixture
def two() -> Iterator[tuple[Board, Board]]:
    with shared_file() as file:
        boards = Board(file, 0), Board(file, 1)
        for board in boards:
            board.beat()
            board.put(Field.UP, 1)
        yield boards


def test_sums_are_over_all_that_live(two: tuple[Board, Board]) -> None:
    one, other = two
    one.put(Field.WAITING, 3)
    other.put(Field.WAITING, 4)
    assert one.sum(Field.WAITING) == other.sum(Field.WAITING) == 7
    assert one.others(Field.WAITING) == [4]
    one.clear(1)
    assert one.sum(Field.WAITING) == 3


def test_one_whose_loop_stands_still_counts_for_nothing(
    two: tuple[Board, Board], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    other.put(Field.CHANGE, -1)
    later = time.monotonic_ns() + int(10e9)
    monkeypatch.setattr(time, "monotonic_ns", lambda: later)
    one.beat()
    assert one.others(Field.CHANGE) == []
    assert list(one.living()) == [0]


def test_one_leads_and_another_when_it_has_gone(two: tuple[Board, Board]) -> None:
    one, other = two
    assert (one.leads, other.leads) == (True, False)
    other.clear(0)
    assert other.leads


def test_alone_there_are_no_others() -> None:
    board = Board()
    board.put(Field.WAITING, 2)
    assert (board.shared, board.leads, board.sum(Field.WAITING), board.others(Field.WAITING)) == (
        False,
        True,
        2,
        [],
    )


def test_a_receipt_of_one_worker_is_read_by_another_and_by_no_other_service(two: tuple[Board, Board]) -> None:
    receipt = Receipts(two[0].secret).of(7)
    assert Receipts(two[1].secret).read(receipt) == 7
    assert Receipts(Board().secret).read(receipt) is None
