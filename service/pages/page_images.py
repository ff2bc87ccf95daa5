"""Pictures of original pages: drawn beside the event loop and the searches, few at once, kept in bounded memory."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from corpus.originals import DrawingError, Original, Picture, draw
from service.problems import ProblemError

_log = logging.getLogger("karani.service")
_FAILURE_BYTES = 1024

Key = tuple[str, int]


class PageImages:
    """Draws pages on demand; one for the application's life.

    Args:
        most_bytes: of pictures to keep; the least recently shown go first.
        at_once: processes that may draw at the same time.
        waiting: pages that may wait for one; further ones get 503.
    """

    def __init__(self, most_bytes: int = 64 << 20, at_once: int = 2, waiting: int = 32) -> None:
        self._most_bytes = most_bytes
        self._waiting = waiting
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="karani-draw")
        self._lock = Lock()
        self._kept: OrderedDict[Key, Picture | DrawingError] = OrderedDict()
        self._bytes = 0
        self._drawing: dict[Key, Future[Picture]] = {}

    async def picture(self, original: Original, number: int) -> Picture:
        """One page, drawn now or kept from before; the same page asked for twice is drawn once.

        Raises:
            ProblemError: 404, it cannot be drawn; 503, too many wait.
        """
        key = (original.sha256, number)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            else:
                future = self._drawing.get(key) or self._begin(key, original)
        if isinstance(kept, Picture):
            return kept
        if kept is not None:
            raise _undrawable()
        try:
            # Shielded: a reader who leaves must not end a drawing that others wait for.
            return await asyncio.shield(asyncio.wrap_future(future))
        except DrawingError:
            raise _undrawable() from None

    @property
    def kept_bytes(self) -> int:
        """About how many bytes the kept pages take."""
        return self._bytes

    @property
    def kept_pages(self) -> int:
        """How many pages are kept."""
        return len(self._kept)

    def close(self) -> None:
        """Let running drawings end; none begins after."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, key: Key, original: Original) -> Future[Picture]:
        if len(self._drawing) >= self._waiting:
            thai, english = (
                "มีผู้ใช้งานมาก กรุณาลองใหม่ในอีกสักครู่",
                "too many pages wait to be drawn: try again shortly",
            )
            raise ProblemError(503, "busy", thai, english, headers={"Retry-After": "2"})
        future: Future[Picture] = Future()
        self._drawing[key] = future
        self._pool.submit(self._draw, key, original, future)
        return future

    def _draw(self, key: Key, original: Original, future: Future[Picture]) -> None:
        try:
            picture = draw(original, key[1])
        except DrawingError as error:
            _log.warning("a page could not be drawn: %s", error)
            self._keep(key, error)
            future.set_exception(error)
        except BaseException as error:  # whoever waits must learn of it
            self._keep(key, None)
            future.set_exception(error)
            raise
        else:
            self._keep(key, picture)
            future.set_result(picture)

    def _keep(self, key: Key, found: Picture | DrawingError | None) -> None:
        with self._lock:
            self._drawing.pop(key, None)
            if found is None:
                return
            self._kept[key] = found
            self._bytes += _size(found)
            while self._bytes > self._most_bytes and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= _size(dropped)


def _size(found: Picture | DrawingError) -> int:
    """About how many bytes it takes: the picture, and boxes of four numbers that are shared small integers."""
    return len(found.png) + 100 * len(found.boxes) if isinstance(found, Picture) else _FAILURE_BYTES


def _undrawable() -> ProblemError:
    return ProblemError(
        404,
        "no-page-image",
        "วาดภาพหน้านี้จากไฟล์ต้นฉบับไม่ได้ อ่านข้อความหรือดาวน์โหลดไฟล์แทน",
        "this page of the original cannot be drawn: read its text or download the file",
    )
