"""Indexing the damaged texts of the largest set in a second process while the first rows are measured.

Indexing twelve thousand documents twice is most of the table's time, and one process leaves half of two cores idle.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager

from corpus.settings import Settings
from eval.collection import open_collection
from eval.datasets import Dataset
from eval.robustness import damaged_texts


@contextmanager
def indexing(dataset: Dataset | None, settings: Settings) -> Iterator[None]:
    """Index a set's texts without marks into the cache meanwhile; nothing for ``None`` or on a single core.

    Whoever opens that collection waits for it or, where this process died, does the work itself. It is ended with
    the block: an unfinished index is gone on with next time.
    """
    if dataset is None or (os.cpu_count() or 1) < 2:
        yield
        return
    # A fresh interpreter: forking one whose libraries run threads may hang.
    process = multiprocessing.get_context("spawn").Process(
        target=_index, args=(dataset, settings), daemon=True
    )
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _index(dataset: Dataset, settings: Settings) -> None:
    cache = settings.data / "eval"
    open_collection(damaged_texts(dataset, cache), settings, cache).engine.close()
