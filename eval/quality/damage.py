"""Rows of the table for damage: marks dropped from passages or questions, typing slips."""

from __future__ import annotations

from eval import robustness
from eval.quality.rows import Row, Target
from eval.quality.sets import TITLES, Sets
from eval.significance import Interval

MARKS_FROM_PASSAGES, MARKS_FROM_QUERIES, SLIPS = "marks-passages", "marks-queries", "slips"
_LABELS = {
    MARKS_FROM_PASSAGES: "marks dropped from passages, nDCG@10 points lost",
    MARKS_FROM_QUERIES: "marks dropped from queries, nDCG@10 points lost",
    SLIPS: f"one typing slip a query (mean of {robustness.SEEDS}), nDCG@10 points lost",
}
#: Points of nDCG@10 that damage may cost.
ALLOWED = Target(3.0, at_most=True)


def lost(job: str, name: str, kind: str, sets: Sets) -> list[Row]:
    """Measure what one kind of damage costs hybrid search over a set, in points of nDCG@10."""
    dataset, asked = sets.dataset(name), sets.system(name)
    if kind == MARKS_FROM_PASSAGES:
        other = sets.damaged(name)
        loss = robustness.marks_from_passages(dataset, asked, other, sets.cache, sets.progress)
    elif kind == MARKS_FROM_QUERIES:
        loss = robustness.marks_from_queries(dataset, asked, sets.cache, sets.progress)
    else:
        loss = robustness.slips(dataset, asked, sets.cache, sets.progress)
    points = Interval(100 * loss.interval.low, 100 * loss.interval.high)
    return [
        Row(
            job,
            TITLES[name],
            _LABELS[kind],
            100 * loss.lost,
            points,
            len(dataset.queries),
            ALLOWED,
            decimals=1,
        )
    ]
