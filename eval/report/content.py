"""What a report says, gathered from the folders of results before anything is drawn or written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.segment import fold, words
from eval import results
from eval.calibration import Bin, bins, expected_error
from eval.compare import (
    Change,
    Group,
    Pair,
    breakdown,
    check_comparable,
    compare,
    most_changed,
    shared_measures,
)
from eval.datasets import CorpusText
from eval.errors import DataError
from eval.results import Result, Shown, ShownHit
from eval.runs import Run
from index.vocabulary import FUNCTION_WORDS

DEPTHS = (1, 2, 3, 5, 10, 20, 30, 50, 75, 100)
_SHORTEST_WORD = 2


@dataclass(frozen=True, slots=True)
class Answers:
    """What ``karani eval answers`` found in the same folder: shares, and confidence against truth."""

    name: str
    summary: Mapping[str, float]
    bins: tuple[Bin, ...]
    expected_error: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that the last system answered badly, with what it found and what it should have."""

    query_id: str
    text: str
    value: float
    metadata: Mapping[str, Any]
    hits: tuple[ShownHit, ...]
    right: tuple[tuple[CorpusText, int, int | None], ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that a report shows; the first result is the baseline, the last the one looked into."""

    results: tuple[Result, ...]
    measures: tuple[str, ...]
    main: str
    pairs: tuple[Pair, ...]
    groups: tuple[Group, ...]
    changes: tuple[Change, ...]
    recall: Mapping[str, tuple[tuple[int, float], ...]]
    times_ms: Mapping[str, tuple[float, ...]]
    unjudged: Mapping[str, float]
    answers: tuple[Answers, ...]
    failures: tuple[Failure, ...]
    rankings: Mapping[str, tuple[Shown | None, Shown | None]]


def gather(folders: Sequence[Path], measures: Sequence[str] = (), *, failures: int = 30) -> Content:
    """Read results of one query set and compute what a report shows.

    Raises DataError for a folder without a result and UsageError for results over different questions.
    """
    found = [results.load(folder) for folder in folders]
    runs = [results.load_run(folder) for folder in folders]
    if len(found) > 1:
        check_comparable(found)
    names = shared_measures(found, measures)
    main = names[0]
    shown = [results.load_shown(folder) for folder in folders]
    changes = most_changed(found, main) if len(found) > 1 else []
    return Content(
        results=tuple(found),
        measures=tuple(names),
        main=main,
        pairs=tuple(compare(found, names)) if len(found) > 1 else (),
        groups=tuple(breakdown(found, main)),
        changes=tuple(changes),
        recall={r.name: _recall(r, run, s) for r, run, s in zip(found, runs, shown, strict=True)},
        times_ms={r.name: _times(s) for r, s in zip(found, shown, strict=True) if _times(s)},
        unjudged={r.name: _unjudged(s) for r, s in zip(found, shown, strict=True)},
        answers=tuple(_answers(f, r.name) for r, f in zip(found, folders, strict=True) if _has_answers(f)),
        failures=tuple(
            _failures(found[-1], main, shown[-1], runs[-1], results.load_right(folders[-1]))[:failures]
        ),
        rankings={c.query_id: (shown[0].get(c.query_id), shown[-1].get(c.query_id)) for c in changes},
    )


def _recall(result: Result, run: Run, shown: Mapping[str, Shown]) -> tuple[tuple[int, float], ...]:
    """Mean recall at each depth over the questions that have a right document."""
    level = int(result.dataset["relevance_level"])
    rows = []
    for query_id, one in shown.items():
        right = {document for document, grade in one.right.items() if grade >= level}
        if right:
            ranked = [document in right for document, _ in run.get(query_id, [])]
            rows.append([sum(ranked[:depth]) / len(right) for depth in DEPTHS])
    means = np.mean(rows, axis=0) if rows else np.zeros(len(DEPTHS))
    return tuple((depth, float(mean)) for depth, mean in zip(DEPTHS, means, strict=True))


def _times(shown: Mapping[str, Shown]) -> tuple[float, ...]:
    return tuple(sorted(one.took_ms for one in shown.values() if one.took_ms is not None))


def _unjudged(shown: Mapping[str, Shown]) -> float:
    """Share of the first ten hits that nobody judged; they count as wrong in all measures but Judged."""
    grades = [hit.grade for one in shown.values() for hit in one.hits]
    return sum(grade is None for grade in grades) / len(grades) if grades else 0.0


def _has_answers(folder: Path) -> bool:
    return (folder / "answers.json").is_file()


def _answers(folder: Path, name: str) -> Answers:
    path = folder / "answers.json"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        given = [(one["confidence"], one["answer_right"]) for one in value["answerable"] if one["answered"]]
        given += [(one["confidence"], False) for one in value["unanswerable"] if not one["declined"]]
        summary = {str(key): float(number) for key, number in value["summary"].items()}
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            path, f"not the answers of this version ({error!r})", expected="`eval answers`"
        ) from error
    sorted_in = bins([sure for sure, _ in given], [right for _, right in given])
    return Answers(name, summary, tuple(sorted_in), expected_error(sorted_in))


def _failures(
    result: Result, measure: str, shown: Mapping[str, Shown], run: Run, texts: Mapping[str, CorpusText]
) -> list[Failure]:
    """List the worst questions, those below a perfect value, worst first."""
    values = result.per_query[measure]
    asked_of = [query for query in result.queries if query.query_id in values]
    ordered = sorted(asked_of, key=lambda query: (values[query.query_id], query.query_id))
    bad = [query for query in ordered if values[query.query_id] < 1 - 1e-9 and query.query_id in shown]
    found = []
    for query in bad:
        one = shown[query.query_id]
        ranking = run.get(query.query_id, [])
        places = {document_id: rank for rank, (document_id, _) in enumerate(ranking, start=1)}
        right = [
            (texts.get(document, CorpusText(document, "", "")), grade, places.get(document))
            for document, grade in sorted(one.right.items(), key=lambda item: -item[1])
        ]
        asked = tuple(content_words(query.text))
        value = values[query.query_id]
        found.append(
            Failure(query.query_id, query.text, value, query.metadata, one.hits[:3], tuple(right[:3]), asked)
        )
    return found


def content_words(question: str) -> list[str]:
    """List the words of a question that are worth marking in a text, longest first."""
    split = {word.strip() for word in words(fold(question))}
    found = {word for word in split if len(word) >= _SHORTEST_WORD and word not in FUNCTION_WORDS}
    return sorted(found, key=lambda word: (-len(word), word))
