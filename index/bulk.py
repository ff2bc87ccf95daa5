"""Preparing many passages at once: several processes read and prepare row ranges, whose batches come back in row order.

Segmenting and tokenizing hold Python's lock, so threads would not help. A process gets nothing but the number of a row
to begin after, reads the store itself as of the build's change, and hands back what `index.preparing.prepare` makes.
Few batches are in flight, so memory does not grow with the corpus. An encoder that is not the built-in kind is
loaded only once, here, and encodes while the processes do the rest.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from corpus.segment import Segmenter
from corpus.settings import Settings
from corpus.store import Store, StoredPassage
from index.encoders import StaticEncoder, load_encoder, load_lexicon
from index.interfaces import Encoder
from index.preparing import Prepared, encoded, passage_input, prepare

#: Fewer passages are prepared sooner than a process has started.
PROCESSES_FROM = 4_000
_BATCH = 1024
#: Batches a process that may wait to be taken.
_AHEAD = 3


class WorkerError(RuntimeError):
    """A process that prepared passages died; says what to do."""


def prepared(
    snapshot: Store, settings: Settings, added: Sequence[int], encoder: Encoder, segmenter: Path
) -> Iterator[Prepared]:
    """Batches of all passages to add, in row order; the same whatever the number of processes.

    Args:
        snapshot: the store as of the build's change.
        settings: names the database and the number of processes.
        added: row numbers, ascending: the last ones of the snapshot.
        encoder: makes the vectors.
        segmenter: the dictionary's file.

    Raises:
        WorkerError: a process was killed, as systems do when memory runs out.
    """
    workers = settings.processes
    if workers < 2 or len(added) < PROCESSES_FROM:
        lexicon, cutter = load_lexicon(encoder), Segmenter(segmenter)
        for batch in _batches(snapshot, added):
            yield prepare(batch, encoder, lexicon, cutter)
        return
    yield from _by_processes(snapshot, settings, added, encoder, segmenter, workers)


def _batches(snapshot: Store, added: Sequence[int]) -> Iterator[list[StoredPassage]]:
    for start in range(0, len(added), _BATCH):
        yield _batch(snapshot, added[start], min(_BATCH, len(added) - start))


def _batch(snapshot: Store, first: int, size: int) -> list[StoredPassage]:
    """So many passages from one on: rows that came later have higher numbers, so those added are the last."""
    return next(snapshot.stream(after_row=first - 1, size=size))


@dataclass(frozen=True, slots=True)
class _Task:
    """What a process needs to know once: where the passages are and how to prepare them."""

    settings: Settings
    change: int
    dictionary: Path
    encoder: str | None


@dataclass(frozen=True, slots=True)
class _Worker:
    """What a process keeps open between batches."""

    snapshot: Store
    segmenter: Segmenter
    lexicon: StaticEncoder
    encoder: Encoder | None


_worker: _Worker | None = None


def _by_processes(
    snapshot: Store,
    settings: Settings,
    added: Sequence[int],
    encoder: Encoder,
    segmenter: Path,
    workers: int,
) -> Iterator[Prepared]:
    own = isinstance(encoder, StaticEncoder)
    task = _Task(settings, snapshot.change, segmenter, encoder.name if own else None)
    starts = iter(range(0, len(added), _BATCH))
    waiting: deque[Future[tuple[Prepared, list[str]]]] = deque()
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start, initargs=(task,)
    ) as pool:
        try:
            while True:
                while len(waiting) < workers * _AHEAD and (start := next(starts, None)) is not None:
                    size = min(_BATCH, len(added) - start)
                    waiting.append(pool.submit(_prepare, added[start], size))
                if not waiting:
                    return
                batch, texts = waiting.popleft().result()
                yield batch if own else encoded(batch, texts, encoder)
        except BrokenProcessPool as error:
            raise WorkerError(
                "โปรเซสที่เตรียมข้อความถูกหยุด (หน่วยความจำอาจไม่พอ) สั่ง karani build อีกครั้งด้วย KARANI_WORKERS=1 / a process "
                "that prepared passages was killed (perhaps for want of memory): run karani build again with KARANI_WORKERS=1"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start(task: _Task) -> None:
    """In a new process: open all that batches need, and end when the build's process does, however it ends."""
    global _worker  # noqa: PLW0603 - what a pool's process keeps has no other place
    threading.Thread(target=_end_with_parent, daemon=True).start()
    encoder = None if task.encoder is None else load_encoder(task.encoder)
    store = Store.of(task.settings, create=False).at(task.change)
    _worker = _Worker(store, Segmenter(task.dictionary), load_lexicon(encoder), encoder)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prepare(first: int, size: int) -> tuple[Prepared, list[str]]:
    """In a process: one batch, and its texts where the encoder is elsewhere."""
    if _worker is None:
        raise RuntimeError("a process was asked for a batch before it was told where the passages are")
    batch = _batch(_worker.snapshot, first, size)
    made = prepare(batch, _worker.encoder, _worker.lexicon, _worker.segmenter)
    return made, [] if _worker.encoder is not None else [passage_input(stored) for stored in batch]
