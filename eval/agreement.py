"""How far judges agree beyond chance: Cohen's kappa for two, Fleiss' for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

Grades = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two judges over the documents that both graded.

    ``kappa`` counts any difference alike; ``weighted`` a difference of two grades twice as much as one of one.
    """

    first: str
    second: str
    documents: int
    same: float
    kappa: float
    weighted: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """All pairs of judges, and Fleiss' kappa over the documents that everybody graded (``None``: no such)."""

    pairs: tuple[PairAgreement, ...]
    judges: int
    shared: int
    fleiss: float | None


def agreement(by_judge: Mapping[str, Grades]) -> Agreement:
    """Compare judges by their grades of (query, document) pairs."""
    pairs = [_pair(a, b, by_judge[a], by_judge[b]) for a, b in combinations(sorted(by_judge), 2)]
    judged = [set(grades) for grades in by_judge.values()]
    shared = sorted(set.intersection(*judged)) if judged else []
    rows = [[grades[key] for grades in by_judge.values()] for key in shared]
    several = len(by_judge) > 1 and bool(rows)
    found = tuple(pair for pair in pairs if pair.documents)
    return Agreement(found, len(by_judge), len(shared), fleiss_kappa(rows) if several else None)


def _pair(first: str, second: str, mine: Grades, theirs: Grades) -> PairAgreement:
    shared = sorted(mine.keys() & theirs.keys())
    a, b = [mine[key] for key in shared], [theirs[key] for key in shared]
    if not shared:
        return PairAgreement(first, second, 0, 0.0, 0.0, 0.0)
    same = sum(x == y for x, y in zip(a, b, strict=True)) / len(shared)
    return PairAgreement(first, second, len(shared), same, cohen_kappa(a, b), cohen_kappa(a, b, linear=True))


def cohen_kappa(first: Sequence[int], second: Sequence[int], *, linear: bool = False) -> float:
    """Compute Cohen's kappa (1960), or with linear weights (1968); 1 where both gave one grade throughout.

    Args:
        first: one judge's grades.
        second: the other's, of the same documents in the same order.
        linear: count a disagreement by its distance.

    """
    grades = sorted(set(first) | set(second))
    if len(grades) < 2:
        return 1.0
    place = {grade: index for index, grade in enumerate(grades)}
    table = np.zeros((len(grades), len(grades)))
    for a, b in zip(first, second, strict=True):
        table[place[a], place[b]] += 1
    rows, columns = np.indices(table.shape)
    weights = np.abs(np.subtract.outer(grades, grades)) if linear else (rows != columns).astype(float)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(1 - (weights * table).sum() / (weights * expected).sum())


def fleiss_kappa(rows: Sequence[Sequence[int]]) -> float:
    """Compute Fleiss' kappa (1971) over documents (rows) that the same number of judges graded.

    1 where everybody gave one grade throughout.
    """
    judges = len(rows[0])
    counts = [Counter(row) for row in rows]
    total = Counter(grade for row in rows for grade in row)
    by_chance = sum((count / (judges * len(rows))) ** 2 for count in total.values())
    agreed = [sum(n * (n - 1) for n in count.values()) / (judges * (judges - 1)) for count in counts]
    observed = sum(agreed) / len(rows)
    return 1.0 if by_chance == 1 else (observed - by_chance) / (1 - by_chance)
