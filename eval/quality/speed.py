"""The table's latency row: one client, one core, one thread, everything on.

Measured in a process of its own, because threads that a library has started keep the cores they were given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from eval.quality.rows import Row, Target
from eval.quality.sets import TITLES, Sets
from eval.significance import resampled_interval

ROUNDS = 3
_ROOT = Path(__file__).parent.parent.parent
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


def latency(job: str, targets: dict[int, Target | None], sets: Sets) -> list[Row]:
    """Time `Engine.search` over a set's questions and give a row for each percentile of ``targets``."""
    dataset = sets.dataset("dev")
    collection = sets.collection(dataset)
    sets.progress(0, 1, "asking on one core")
    settings = collection.engine.settings
    asked = {
        "data": str(settings.data.resolve()),
        "encoder": settings.encoder,
        "encoder_revision": settings.encoder_revision,
        "warm": [query.text for query in sets.dataset("demo").queries],
        "questions": [query.text for query in dataset.queries],
    }
    times = [took for _ in range(ROUNDS) for took in timed(asked)]
    passages = len(collection.engine.opened.index)
    title = f"{TITLES['dev']}, {passages:,} passages"
    rows = []
    for percentile, target in targets.items():

        def at(values: list[float], percentile: int = percentile) -> float:
            return float(np.percentile(values, percentile))

        interval = resampled_interval(at, times)
        label = f"p{percentile} of a search, one core, one client, ms"
        rows.append(Row(job, title, label, at(times), interval, len(times), target, decimals=1))
    return rows


def timed(asked: Mapping[str, object]) -> list[float]:
    """Run `eval.quality.timing` with one thread a library; milliseconds of every search.

    Each call is a process of its own: an engine remembers what it was asked.

    Raises:
        RuntimeError: it failed; the message is what it said.

    """
    environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
    done = subprocess.run(
        [sys.executable, "-m", "eval.quality.timing"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=_ROOT,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"timing failed: {done.stderr.strip()}")
    times: list[float] = json.loads(done.stdout)
    return times
