"""Closing and opening again, in another process: the same questions give the same rankings, score by score."""

from __future__ import annotations

import random
import time
from pathlib import Path

from corpus.demo import prepare
from corpus.settings import Settings
from eval.datasets import read_queries
from index.engine import Engine
from index.generations import build
from tests.reliability import processes
from tests.reliability.driving import Plan
from tests.reliability.questions import SYSTEMS, Answers, asked
from tests.reliability.report import Outcome

_QUERIES = Path(__file__).parents[2] / "eval" / "demo" / "queries.jsonl"
#: Every so many restarts in a really fresh interpreter.
_FRESH_EVERY = 3
_MOST = 6


def restart(plan: Plan) -> Outcome:
    """As many restarts as ``plan.trials``, at most `_MOST`, each compared with the first process's rankings."""
    began = time.monotonic()
    texts = [query.text for query in read_queries(_QUERIES)]
    questions = plan.random("restart").sample(texts, min(48, len(texts)))
    outcome = Outcome("restart")
    settings: Settings = processes.run(_prepare, plan.folder / "restart").result()
    first: Answers = processes.run(_rankings, settings, questions).result()
    for number in range(1, min(plan.trials, _MOST) + 1):
        order = random.Random(number).sample(questions, len(questions))
        again = processes.run(_rankings, settings, order, fresh=number % _FRESH_EVERY == 0).result()
        outcome.trials += 1
        outcome.failures += [
            f"restart {number}: {question} ({system}) is ranked otherwise"
            for (question, system), ranking in first.rankings.items()
            if again.rankings[question, system] != ranking
        ]
        outcome.failures += [f"restart {number}: {one}" for one in again.broken]
    outcome.figures = {"rankings compared": outcome.trials * len(first.rankings)}
    outcome.seconds = time.monotonic() - began
    return outcome


def _prepare(folder: Path) -> Settings:
    return prepare(Settings(data=folder), build, lambda _: None)


def _rankings(settings: Settings, questions: list[str]) -> Answers:
    engine = Engine.open(settings)
    try:
        return asked(engine, questions, SYSTEMS)
    finally:
        engine.close()
