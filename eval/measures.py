"""Measures under their ir_measures names (``nDCG@10``, ``R(rel=2)@50``), one value a query.

Values come from ir_measures (MacAvaney et al. 2022), which calls trec_eval's code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ir_measures
import numpy as np

from eval.errors import UsageError
from eval.qrels import Qrels
from eval.runs import strictly_ordered

# Value of every query by measure name, then query id.
PerQuery = dict[str, dict[str, float]]


def default_measures(level: int) -> tuple[str, ...]:
    """Name what a run reports when nothing else is asked, at the data set's relevance level.

    nDCG uses the grades themselves; the others count a document from ``level`` on.
    """
    rel = "" if level == 1 else f"(rel={level})"
    names = [f"Success{rel}@1", f"RR{rel}@10", f"R{rel}@10", f"R{rel}@50", f"R{rel}@100", f"AP{rel}@100"]
    return ("nDCG@10", *names, "Judged@10")


def parse(name: str) -> Any:
    """Make the ir_measures object of a name.

    Raises:
        UsageError: no measure of that name.

    """
    try:
        measure = ir_measures.parse_measure(name)
        ir_measures.evaluator([measure], {"q": {"d": 1}})
    except (NameError, ValueError, SyntaxError, TypeError) as error:
        message = f"unknown measure {name!r} ({error}); expected names like nDCG@10, RR@10, R(rel=2)@50"
        raise UsageError(message) from None
    return measure


def evaluate(names: Iterable[str], qrels: Qrels, run: Mapping[str, Sequence[tuple[str, float]]]) -> PerQuery:
    """Compute the value of each measure for every judged query; a query that the run missed scores 0.

    Queries of the run that nobody judged are left out.

    Raises:
        UsageError: an unknown measure.

    """
    by_measure = {parse(name): name for name in names}
    values: PerQuery = {name: dict.fromkeys(qrels, 0.0) for name in by_measure.values()}
    # An empty ranking counts as missed; ir_measures' Judged would divide by its length.
    scored = {
        query_id: dict(strictly_ordered(ranking))
        for query_id, ranking in run.items()
        if query_id in qrels and ranking
    }
    for metric in ir_measures.iter_calc(list(by_measure), qrels, scored):
        values[by_measure[metric.measure]][metric.query_id] = float(metric.value)
    return values


def means(values: PerQuery) -> dict[str, float]:
    """Take the mean of each measure over all its queries."""
    return {name: float(np.mean(list(by_query.values()))) for name, by_query in values.items()}
