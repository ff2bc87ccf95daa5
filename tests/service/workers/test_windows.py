"""The table of counts: exact over several processes, of fixed size whoever calls."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import tempfile

from hypothesis import given
from hypothesis import strategies as st

from service.workers.board import Board, shared_file
from service.workers.windows import Windows, table_bytes

NOW, ENDS = 1_000.0, 1_060.0


def test_a_window_counts_until_it_ends_and_begins_anew() -> None:
    windows = Windows()
    assert [windows.count("a", ENDS, NOW) for _ in range(3)] == [(1, ENDS), (2, ENDS), (3, ENDS)]
    assert windows.count("a", ENDS + 30, NOW + 30) == (4, ENDS), "the end stays where the first call put it"
    assert windows.count("b", ENDS, NOW) == (1, ENDS)
    assert windows.count("a", 9_999.0, ENDS) == (1, 9_999.0)


@given(st.lists(st.text(max_size=20), max_size=60))
def test_every_caller_is_counted_apart(callers: list[str]) -> None:
    windows = Windows(places=1 << 10)
    seen: dict[str, int] = {}
    for caller in callers:
        seen[caller] = seen.get(caller, 0) + 1
        assert windows.count(caller, ENDS, NOW)[0] == seen[caller]


def test_a_flood_of_callers_takes_no_more_room_and_the_newest_stay_counted() -> None:
    windows = Windows(places=64)
    for number in range(5_000):
        windows.count(f"10.{number}", ENDS + number, NOW)
    assert windows.running(NOW) == 8 * 64
    assert windows.count("10.4999", ENDS, NOW)[0] == 2


def test_who_may_displace_nobody_finds_no_room() -> None:
    windows = Windows(places=1)
    for number in range(8):
        assert windows.count(str(number), ENDS, NOW, displace=False)[0] == 1
    assert windows.count("late", ENDS, NOW, displace=False) == (0, 0.0)
    assert windows.count("3", ENDS, NOW, displace=False)[0] == 2
    assert windows.count("late", ENDS + 60, ENDS, displace=False)[0] == 1, "the windows have ended"


def test_windows_that_have_ended_make_room() -> None:
    windows = Windows(places=64)
    for number in range(1_000):
        windows.count(str(number), ENDS, NOW)
    windows.count("later", 9_000.0, 2_000.0)
    assert windows.running(2_000.0) == 1


def _count(file: int, times: int) -> None:
    windows = Windows(mmap.mmap(file, table_bytes(16)), 0, 16, file, b"key")
    for _ in range(times):
        for caller in ("one", "two"):
            windows.count(caller, ENDS, NOW)


def test_processes_that_count_at_once_lose_no_count() -> None:
    with tempfile.TemporaryFile() as stream:
        stream.truncate(table_bytes(16))
        file = stream.fileno()
        context = multiprocessing.get_context("fork")
        running = [context.Process(target=_count, args=(file, 2_000)) for _ in range(3)]
        for one in running:
            one.start()
        for one in running:
            one.join(60)
        windows = Windows(mmap.mmap(file, table_bytes(16)), 0, 16, file, b"key")
        assert windows.count("one", ENDS, NOW) == (6_001, ENDS)
        assert windows.count("two", ENDS, NOW) == (6_001, ENDS)


def test_a_board_s_tables_are_the_same_for_all_who_have_it_open() -> None:
    with shared_file() as file:
        one, other = Board(file, 0), Board(file, 1)
        assert one.secret == other.secret != bytes(32)
        assert one.windows.count("a", ENDS, NOW)[0] == 1
        assert other.windows.count("a", ENDS, NOW)[0] == 2
        assert other.askers.count("a", ENDS, NOW)[0] == 1, "two tables"
        assert os.fstat(file).st_size > 0
