"""The line in front of the worker threads: short, patient for a while, and left by those who have gone.

A thread pool's own queue has no end, no time-out and no way out. Here work is handed to the pool only once one of
its threads is free, so that whatever waits can still be told that it waits in vain.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from service.problems import ProblemError, busy

T = TypeVar("T")


class Threads:
    """``size`` threads, and a line of at most ``queue`` calls that each wait ``patience_seconds`` at most.

    For one event loop. ``told`` hears how many wait or run whenever that changes.
    """

    def __init__(
        self, size: int, queue: int, patience_seconds: float, told: Callable[[int], None] | None = None
    ) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="karani")
        self._size = size
        self._queue = queue
        self._patience_seconds = patience_seconds
        self._told = told or (lambda _: None)
        self._running = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many calls wait or run."""
        return self._running + len(self._line)

    async def run(self, work: Callable[[], T], left: Callable[[], Awaitable[None]] | None = None) -> T:
        """What ``work`` gives, once a thread has done it.

        Args:
            work: runs on a thread; once begun it runs to its end, whoever still waits for it.
            left: returns when the caller has gone; only asked for while the call waits in line.

        Raises:
            ProblemError: 503, the line is full or the turn did not come in time; 499, the caller has gone.
        """
        await self._turn(left)
        loop = asyncio.get_running_loop()
        try:
            future = self._pool.submit(work)
        except BaseException:
            self._leave()
            raise

        def ended(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._leave)

        # The thread is free when its work has ended, which may be long after the caller gave it up.
        future.add_done_callback(ended)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Let running work end."""
        await asyncio.to_thread(self._pool.shutdown, wait=True)

    async def _turn(self, left: Callable[[], Awaitable[None]] | None) -> None:
        """Wait until a thread is free, and take it."""
        if self._running < self._size and not self._line:
            self._running += 1
            self._told(self.waiting)
            return
        if len(self._line) >= self._queue:
            raise busy()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        self._told(self.waiting)
        gone = asyncio.ensure_future(left()) if left is not None else None
        try:
            awaited = {turn} if gone is None else {turn, gone}
            await asyncio.wait(awaited, timeout=self._patience_seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if turn.done():  # the turn came in the moment the call was given up
                self._leave()
            raise
        finally:
            if gone is not None:
                gone.cancel()
            if not turn.done():
                turn.cancel()
                self._line.remove(turn)
                self._told(self.waiting)
        if turn.cancelled():
            raise _gone() if gone is not None and gone.done() else busy()

    def _leave(self) -> None:
        """A thread is free: the next in line takes it."""
        self._running -= 1
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)
                break
        self._told(self.waiting)


def _gone() -> ProblemError:
    thai, english = "ผู้เรียกปิดการเชื่อมต่อก่อนได้คำตอบ", "the caller closed the connection before it had an answer"
    return ProblemError(499, "gone", thai, english)
