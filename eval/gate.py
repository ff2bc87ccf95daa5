"""A regression gate: whether a measure has fallen by more than it may, and by more than chance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.errors import DataError, UsageError
from eval.measures import PerQuery
from eval.significance import permutation_test

MAX_DROP = 0.01
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Values:
    """Per-query values of one run, from a ``scores.json``, an ``answers.json`` or a baseline made of one."""

    dataset: Mapping[str, Any]
    per_query: PerQuery


@dataclass(frozen=True, slots=True)
class Verdict:
    """One measure against its baseline; ``p_value`` is one-sided, that it has fallen by chance."""

    measure: str
    before: float
    now: float
    p_value: float
    floor: float | None
    passed: bool

    @property
    def drop(self) -> float:
        """How far the mean has fallen; negative when it has risen."""
        return self.before - self.now


def read_values(path: Path) -> Values:
    """Read per-query values: of a file, or of all that `eval run` and `eval answers` wrote into a folder.

    Raises DataError for a file that is missing, or holds none, and for a folder whose two are of different questions.
    """
    if path.is_dir():
        return _of_folder(path)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        per_query = {str(name): dict(values) for name, values in value["per_query"].items()}
        return Values(value["dataset"], per_query)
    except FileNotFoundError:
        raise DataError(path, "no such file", expected="a baseline, scores.json or answers.json") from None
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"holds no values by query ({error!r})"
        raise DataError(path, reason, expected="a baseline, scores.json or answers.json") from error


def _of_folder(folder: Path) -> Values:
    files = [folder / name for name in ("scores.json", "answers.json") if (folder / name).is_file()]
    if not files:
        raise DataError(folder, "no result", expected="a folder of `eval run` or `eval answers`")
    parts = [read_values(file) for file in files]
    if any(part.dataset.get("query_sha256") != parts[0].dataset.get("query_sha256") for part in parts):
        reason = "scores.json and answers.json are over different questions"
        raise DataError(folder, reason, expected="one query set a folder")
    return Values(parts[0].dataset, {name: v for part in parts for name, v in part.per_query.items()})


def judge(
    baseline: Values,
    now: Values,
    *,
    max_drop: float = MAX_DROP,
    level: float = LEVEL,
    floors: Mapping[str, float] | None = None,
) -> list[Verdict]:
    """Judge every measure of the baseline.

    A measure fails when its mean has fallen by more than ``max_drop`` and a one-sided paired permutation test
    gives less than ``level``, or when it lies under its floor, whatever the baseline was. Raises UsageError when the
    two are not over the same questions, or a measure is missing now.
    """
    if baseline.dataset.get("query_sha256") != now.dataset.get("query_sha256"):
        raise UsageError("the baseline is over other questions or judgements; expected a new one (--update)")
    wanted = dict(floors or {})
    missing = sorted((baseline.per_query.keys() | wanted.keys()) - now.per_query.keys())
    if missing:
        raise UsageError(f"not measured now: {', '.join(missing)}; expected the baseline's measures")
    other = [n for n, before in baseline.per_query.items() if before.keys() != now.per_query[n].keys()]
    if other:
        raise UsageError(
            f"{', '.join(other)}: the baseline is over other questions; expected a new one (--update)"
        )
    return [
        _verdict(name, baseline.per_query.get(name), now.per_query[name], max_drop, level, wanted.get(name))
        for name in dict.fromkeys([*baseline.per_query, *wanted])
    ]


def _verdict(
    name: str,
    before: Mapping[str, float] | None,
    now: Mapping[str, float],
    max_drop: float,
    level: float,
    floor: float | None,
) -> Verdict:
    ids = sorted(now)
    new = np.array([now[i] for i in ids])
    old = new if before is None else np.array([before[i] for i in ids])
    p_value = permutation_test(new, old, alternative="less")
    fallen = old.mean() - new.mean() > max_drop + 1e-12 and p_value < level
    below = floor is not None and new.mean() < floor - 1e-12
    return Verdict(name, float(old.mean()), float(new.mean()), p_value, floor, not (fallen or below))


def baseline_of(now: Values, measures: Sequence[str]) -> dict[str, Any]:
    """Make a baseline: the values of the measures named, or of all.

    Raises UsageError for a measure that was not measured.
    """
    names = list(measures) or list(now.per_query)
    missing = [name for name in names if name not in now.per_query]
    if missing:
        raise UsageError(f"not measured: {', '.join(missing)}; expected some of {', '.join(now.per_query)}")
    dataset = {name: now.dataset[name] for name in ("name", "split", "query_sha256") if name in now.dataset}
    return {"dataset": dataset, "per_query": {name: now.per_query[name] for name in names}}
