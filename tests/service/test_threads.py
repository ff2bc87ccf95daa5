"""The line in front of the worker threads: full, slow, left by those who have gone; no place is ever lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from service.problems import ProblemError
from service.threads import Threads


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


async def blocked(threads: Threads, go: threading.Event) -> asyncio.Task[bool]:
    """A call that holds a thread until it is let go."""
    entered = threading.Event()

    def work() -> bool:
        entered.set()
        return go.wait(20)

    task = asyncio.create_task(threads.run(work))
    assert await asyncio.to_thread(entered.wait, 20)
    return task


async def never() -> None:
    await asyncio.Event().wait()


async def at_once() -> None:
    return


def test_a_turn_that_does_not_come_in_time_is_refused_and_leaves_the_line() -> None:
    async def waits() -> None:
        threads, go = Threads(1, 8, 0.05), threading.Event()
        holder = await blocked(threads, go)
        with pytest.raises(ProblemError) as refused:
            await threads.run(lambda: True, never)
        assert (refused.value.status_code, refused.value.kind) == (503, "busy")
        assert threads.waiting == 1
        go.set()
        assert await holder
        assert await threads.run(lambda: "next") == "next"
        await threads.close()

    run(waits)


def test_whoever_goes_while_waiting_costs_no_thread() -> None:
    async def goes() -> None:
        threads, go, ran = Threads(1, 8, 20), threading.Event(), []
        holder = await blocked(threads, go)
        with pytest.raises(ProblemError) as gone:
            await threads.run(lambda: ran.append(1), at_once)
        assert (gone.value.status_code, gone.value.kind) == (499, "gone")
        go.set()
        await holder
        assert await threads.run(lambda: "next") == "next"
        assert ran == []
        await threads.close()

    run(goes)


def test_a_full_line_refuses_at_once_and_keeps_its_order() -> None:
    async def fills() -> None:
        threads, go, order = Threads(1, 2, 20), threading.Event(), []
        holder = await blocked(threads, go)
        waiting = [asyncio.create_task(threads.run(lambda n=n: order.append(n), never)) for n in range(2)]  # type: ignore[misc]
        await asyncio.sleep(0)
        with pytest.raises(ProblemError):
            await threads.run(lambda: order.append(9))
        go.set()
        await asyncio.gather(holder, *waiting)
        assert order == [0, 1]
        await asyncio.sleep(0)
        await threads.close()

    run(fills)


def test_a_thread_is_free_when_its_work_ends_not_when_its_caller_gives_up() -> None:
    async def gives_up() -> None:
        threads, go = Threads(1, 2, 20), threading.Event()
        holder = await blocked(threads, go)
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
        assert threads.waiting == 1
        after = asyncio.create_task(threads.run(lambda: "after"))
        await asyncio.sleep(0.05)
        assert not after.done()
        go.set()
        assert await after == "after"
        await threads.close()

    run(gives_up)


def test_no_place_is_lost_whenever_callers_give_up() -> None:
    async def storms() -> None:
        threads = Threads(2, 50, 20)
        for number in range(60):
            tasks = [asyncio.create_task(threads.run(lambda: None, never)) for _ in range(20)]
            for _ in range(number % 7):
                await asyncio.sleep(0)
            for task in tasks[number % 3 :: 3]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(20):
            while threads.waiting:  # noqa: ASYNC110 - ends only if every place was given back
                await asyncio.sleep(0.01)
        assert await asyncio.gather(*(threads.run(lambda: 1) for _ in range(40))) == [1] * 40
        await threads.close()

    run(storms)
