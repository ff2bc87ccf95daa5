from __future__ import annotations

import math
import random

import ir_measures
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.errors import UsageError
from eval.measures import default_measures, evaluate, means, parse
from eval.runs import strictly_ordered

QRELS = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"d": 2}, "q3": {"e": 1}}
RUN = {"q1": [("c", 3.0), ("a", 2.0), ("z", 1.0)], "q2": [("d", 1.0)], "other": [("a", 1.0)]}


def test_exact_values() -> None:
    names = ["nDCG@10", "RR@10", "RR(rel=2)@10", "Success@1", "R(rel=2)@50", "AP", "Judged@10", "P(rel=2)@2"]
    values = evaluate(names, QRELS, RUN)
    ideal = 2 + 1 / math.log2(3)
    assert values["nDCG@10"]["q1"] == pytest.approx((2 / math.log2(3)) / ideal, abs=1e-12)
    assert values["RR@10"] == {"q1": 0.5, "q2": 1.0, "q3": 0.0}
    assert values["RR(rel=2)@10"]["q3"] == 0.0
    assert values["Success@1"] == {"q1": 0.0, "q2": 1.0, "q3": 0.0}
    assert values["R(rel=2)@50"] == {"q1": 1.0, "q2": 1.0, "q3": 0.0}
    assert values["AP"]["q1"] == pytest.approx(0.25)
    assert values["P(rel=2)@2"]["q1"] == 0.5
    assert values["Judged@10"]["q1"] == pytest.approx(2 / 3)


def test_a_query_the_run_missed_scores_zero_and_never_vanishes() -> None:
    for name, by_query in [
        *evaluate(default_measures(2), QRELS, {}).items(),
        *evaluate(default_measures(2), QRELS, {"q1": []}).items(),
    ]:
        assert by_query == {"q1": 0.0, "q2": 0.0, "q3": 0.0}, name


def test_means_are_over_all_judged_queries() -> None:
    assert means(evaluate(["Success@1"], QRELS, RUN))["Success@1"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ["nDCG@ten", "Nonsense@10", "", "__import__('os')", "nDCG@10 "])
def test_unknown_measures_are_usage_errors(name: str) -> None:
    if name.strip() == "nDCG@10":
        parse(name.strip())
        return
    with pytest.raises(UsageError, match="unknown measure"):
        parse(name)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_ir_measures_and_trec_eval(seed: int) -> None:
    """Shared runs, ties included: the same value from here, from ir_measures and from trec_eval's code."""
    random_ = random.Random(seed)
    documents = [f"d{index}" for index in range(40)]
    qrels = {
        f"q{n}": {d: random_.choice([0, 0, 1, 2]) for d in random_.sample(documents, 8)} for n in range(6)
    }
    run = {
        f"q{n}": strictly_ordered(
            [(d, float(20 - rank // 3)) for rank, d in enumerate(random_.sample(documents, 20))]
        )
        for n in range(5)
    }
    mine = evaluate(["nDCG@10", "AP", "R@10", "RR", "P@5", "Success@5"], qrels, run)
    scored = {query_id: dict(ranking) for query_id, ranking in run.items()}
    theirs = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(name) for name in mine], qrels, {**scored, "q5": {}}
    )
    assert {str(measure): pytest.approx(value, abs=1e-9) for measure, value in theirs.items()} == means(mine)
    evaluator = pytrec_eval.RelevanceEvaluator(
        qrels, {"ndcg_cut.10", "map", "recall.10", "recip_rank", "P.5", "success.5"}
    )
    names = {
        "nDCG@10": "ndcg_cut_10",
        "AP": "map",
        "R@10": "recall_10",
        "RR": "recip_rank",
        "P@5": "P_5",
        "Success@5": "success_5",
    }
    for query_id, values in evaluator.evaluate(scored).items():
        for name, trec in names.items():
            assert mine[name][query_id] == pytest.approx(values[trec], abs=1e-9)
