"""Two or more systems over the same questions: what differs, where, and whether by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from eval.errors import UsageError
from eval.results import Result
from eval.significance import Interval, bootstrap_interval, holm, permutation_test

# Differences below this are rounding, not wins.
_TIE = 1e-9
# A metadata value is a group only where few others stand beside it.
_MOST_GROUPS = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """One system against a baseline on one measure.

    ``difference`` is the mean of ``system - baseline`` over ``queries`` questions, ``interval`` its 95% bootstrap
    interval, ``p_value`` that of a two-sided paired permutation test, ``p_adjusted`` after Holm over the
    ``comparisons`` made on this measure.
    """

    measure: str
    baseline: str
    system: str
    baseline_mean: float
    system_mean: float
    difference: float
    interval: Interval
    p_value: float
    p_adjusted: float
    comparisons: int
    queries: int
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose value changed; ``values`` stand in the order of the results compared."""

    query_id: str
    text: str
    values: tuple[float, ...]
    difference: float


@dataclass(frozen=True, slots=True)
class Group:
    """The questions that share one metadata value, and each system's mean over them."""

    key: str
    value: str
    queries: int
    means: tuple[float, ...]


def compare(found: Sequence[Result], measures: Sequence[str] = (), *, all_pairs: bool = False) -> list[Pair]:
    """Test each result against the first, or all against all, on every measure that they share.

    Raises UsageError when there are fewer than two, or they are not over the same questions and judgements.
    """
    check_comparable(found)
    pairs = list(combinations(range(len(found)), 2)) if all_pairs else [(0, i) for i in range(1, len(found))]
    rows: list[Pair] = []
    for measure in shared_measures(found, measures):
        tested = [_tested(measure, found[first], found[second]) for first, second in pairs]
        adjusted = holm([pair.p_value for pair in tested])
        rows += [_adjusted(pair, value, len(pairs)) for pair, value in zip(tested, adjusted, strict=True)]
    return rows


def check_comparable(found: Sequence[Result]) -> None:
    """Raise UsageError unless all results answer the same questions under the same judgements."""
    if len(found) < 2:
        raise UsageError("comparing needs at least two results; expected the folders of two runs")
    names = [result.name for result in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two results are both called {twice[0]!r}; name them apart with `eval run --name`")
    first = found[0].dataset
    for result in found[1:]:
        if result.dataset["query_sha256"] != first["query_sha256"]:
            raise UsageError(
                f"{found[0].name} was measured over {_set_of(found[0])} and {result.name} over {_set_of(result)}: "
                "expected the same questions, judgements and relevance level"
            )


def _set_of(result: Result) -> str:
    value = result.dataset
    return f"{value['name']}/{value['split']} ({value['query_sha256'][:8]})"


def shared_measures(found: Sequence[Result], wanted: Sequence[str] = ()) -> list[str]:
    """Keep the measures that every result has, those asked for or all.

    Raises UsageError for one asked for that some result lacks.
    """
    shared = [
        name
        for name, values in found[0].per_query.items()
        if all(result.per_query.get(name, {}).keys() == values.keys() for result in found)
    ]
    missing = [name for name in wanted if name not in shared]
    if missing:
        raise UsageError(
            f"not measured in every result: {', '.join(missing)}; shared are {', '.join(shared)}"
        )
    return list(wanted) or shared


def _tested(measure: str, baseline: Result, system: Result) -> Pair:
    before, after = _values(baseline, measure), _values(system, measure)
    differences = after - before
    return Pair(
        measure=measure,
        baseline=baseline.name,
        system=system.name,
        baseline_mean=float(before.mean()),
        system_mean=float(after.mean()),
        difference=float(differences.mean()),
        interval=bootstrap_interval(differences),
        p_value=permutation_test(after, before),
        p_adjusted=1.0,
        comparisons=1,
        queries=len(differences),
        wins=int((differences > _TIE).sum()),
        ties=int((np.abs(differences) <= _TIE).sum()),
        losses=int((differences < -_TIE).sum()),
    )


def _adjusted(pair: Pair, p_adjusted: float, comparisons: int) -> Pair:
    return replace(pair, p_adjusted=p_adjusted, comparisons=comparisons)


def _values(result: Result, measure: str) -> NDArray[np.float64]:
    by_query = result.per_query[measure]
    return np.array([by_query[query_id] for query_id in sorted(by_query)], dtype=np.float64)


def most_changed(found: Sequence[Result], measure: str, limit: int = 20) -> list[Change]:
    """List the questions that changed most between the first result and the last, largest first."""
    changes = []
    for query in found[0].queries:
        if query.query_id not in found[0].per_query[measure]:
            continue
        values = tuple(result.per_query[measure][query.query_id] for result in found)
        difference = values[-1] - values[0]
        if abs(difference) > _TIE:
            changes.append(Change(query.query_id, query.text, values, difference))
    return sorted(changes, key=lambda change: (-abs(change.difference), change.query_id))[:limit]


def breakdown(
    found: Sequence[Result], measure: str, keys: Sequence[str] = ("type", "register")
) -> list[Group]:
    """Mean by group of questions, for every metadata key that names few groups; the largest group first."""
    groups: list[Group] = []
    measured = [query for query in found[0].queries if query.query_id in found[0].per_query[measure]]
    for key in keys:
        members: dict[str, list[str]] = {}
        for query in measured:
            if isinstance(query.metadata.get(key), str):
                members.setdefault(query.metadata[key], []).append(query.query_id)
        if len(members) > _MOST_GROUPS:
            continue
        for value, ids in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
            means = tuple(float(np.mean([result.per_query[measure][i] for i in ids])) for result in found)
            groups.append(Group(key, value, len(ids), means))
    return groups


def statement(pair: Pair, level: float = 0.05) -> str:
    """Say in one English sentence what was found, as a paper would."""
    corrected = f", Holm-corrected for {pair.comparisons} comparisons" if pair.comparisons > 1 else ""
    verdict = "significant" if pair.p_adjusted < level else "not significant"
    return (
        f"{pair.measure}: {pair.system} {pair.system_mean:.3f} against {pair.baseline} {pair.baseline_mean:.3f}, "
        f"difference {pair.difference:+.3f} (95% bootstrap interval {pair.interval.low:+.3f} to "
        f"{pair.interval.high:+.3f}), p = {pair.p_adjusted:.4f} (two-sided paired permutation test over "
        f"{pair.queries} questions{corrected}); {pair.wins} better, {pair.ties} equal, {pair.losses} worse: "
        f"{verdict} at {level}."
    )


def statement_thai(pair: Pair, level: float = 0.05) -> str:
    """Say the same in Thai."""
    verdict = "ต่างกันอย่างมีนัยสำคัญทางสถิติ" if pair.p_adjusted < level else "ยังสรุปไม่ได้ว่าต่างกันจริง"
    corrected = f" ปรับด้วยวิธีของ Holm สำหรับการเทียบ {pair.comparisons} คู่" if pair.comparisons > 1 else ""
    return (
        f"{pair.measure}: {pair.system} ได้ {pair.system_mean:.3f} เทียบกับ {pair.baseline} {pair.baseline_mean:.3f} "
        f"ต่างกัน {pair.difference:+.3f} (ช่วงความเชื่อมั่น 95% {pair.interval.low:+.3f} ถึง {pair.interval.high:+.3f}) "
        f"p = {pair.p_adjusted:.4f} (permutation test แบบจับคู่ {pair.queries} คำถาม{corrected}) "
        f"ดีขึ้น {pair.wins} เท่าเดิม {pair.ties} แย่ลง {pair.losses} คำถาม: {verdict}ที่ระดับ {level}"
    )
