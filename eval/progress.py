"""Progress bars on stderr, one for each stage of a long command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tqdm import tqdm

from eval.collection import Progress


@contextmanager
def bar(stream: IO[str] | None = None) -> Iterator[Progress]:
    """Give a callback ``(done, total, label)`` that draws; it draws nothing where stderr is no terminal.

    A call whose total differs from the last one's, or that counts back, begins a new bar.
    """
    target = stream or sys.stderr
    shown: list[tqdm[Any]] = []

    def report(done: int, total: int, label: str) -> None:
        if not shown or shown[-1].total != total or done < shown[-1].n:
            _close(shown)
            shown.append(tqdm(total=total, file=target, disable=not target.isatty(), leave=False))
        shown[-1].set_description_str(label[-40:], refresh=False)
        shown[-1].update(done - shown[-1].n)

    try:
        yield report
    finally:
        _close(shown)


def _close(shown: list[tqdm[Any]]) -> None:
    while shown:
        shown.pop().close()
