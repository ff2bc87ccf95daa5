"""What one run over one query set gave: ``scores.json`` and what stands beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.datasets import CorpusText, Dataset, Query
from eval.errors import DataError
from eval.files import json_lines, write_json, written
from eval.measures import PerQuery, means
from eval.runs import Run, read_run, write_run
from eval.significance import Interval, bootstrap_interval
from eval.systems.interfaces import SHOWN, Found, Timed
from eval.tables import plain

FORMAT = 1
# Characters kept of a document that answers.
BEGINNING = 600


@dataclass(frozen=True, slots=True)
class Score:
    """A measure's mean over the queries, with its 95% bootstrap interval."""

    mean: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit with its judgement, ``None`` where nobody judged it."""

    found: Found
    grade: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a report shows of one question: the first hits, the grades of all right documents, and the time."""

    hits: tuple[ShownHit, ...]
    right: Mapping[str, int]
    took_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One system over one split; ``per_query`` always holds every judged query.

    Where ``karani eval answers`` wrote into the same folder, its outcomes are measures too. ``unjudged`` is the share of
    the first ten hits that nobody judged: every measure but ``Judged`` counts them as wrong.
    """

    dataset: Mapping[str, Any]
    system: Mapping[str, Any]
    made: Mapping[str, Any]
    queries: tuple[Query, ...]
    scores: Mapping[str, Score]
    per_query: PerQuery
    latency_ms: Mapping[str, float]
    unjudged: float | None = None

    @property
    def name(self) -> str:
        """The system's name in tables."""
        return str(self.system["name"])

    def table(self) -> str:
        """Show the measures with their intervals, one a line."""
        rows = [
            [name, f"{score.mean:.4f}", f"[{score.interval.low:.3f}, {score.interval.high:.3f}]"]
            for name, score in self.scores.items()
        ]
        head = f"{self.name} · {self.dataset['name']}/{self.dataset['split']} · {len(self.queries)} queries"
        lines = [head, plain(["measure", "mean", "95% interval"], rows)]
        if self.latency_ms:
            shown = " · ".join(f"{name} {value:.1f}" for name, value in self.latency_ms.items())
            lines.append(f"latency in ms: {shown}")
        lines += unjudged_lines([self])
        return "\n".join(lines)


def unjudged_lines(found: Iterable[Result]) -> list[str]:
    """Say of each result what nobody judged, so that it is never silently wrong."""
    return [
        f"{one.name}: {one.unjudged:.0%} of the first ten hits were judged by nobody and count as wrong "
        "(`karani eval pool` gathers them)"
        for one in found
        if one.unjudged
    ]


def unjudged(answers: Mapping[str, Timed], qrels: Mapping[str, Mapping[str, int]]) -> float:
    """Compute the share of the first ten hits of all questions that nobody judged."""
    known = [
        found.document_id in grades
        for query_id, grades in qrels.items()
        if query_id in answers
        for found in answers[query_id].found[:SHOWN]
    ]
    return known.count(False) / len(known) if known else 0.0


def score(per_query: PerQuery) -> dict[str, Score]:
    """Give every measure its mean and interval."""
    middle = means(per_query)
    return {
        name: Score(middle[name], bootstrap_interval(list(by_query.values())))
        for name, by_query in per_query.items()
    }


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """Name the split so that only results over the same questions and judgements are compared."""
    return {
        "name": dataset.name,
        "split": dataset.split,
        "queries": len(dataset.queries),
        "query_sha256": dataset.query_sha256(),
        "relevance_level": dataset.relevance_level,
    }


def save(
    result: Result,
    answers: Mapping[str, Timed],
    dataset: Dataset,
    answering: Iterable[CorpusText],
    folder: Path,
) -> None:
    """Write ``run.trec``, the first hits' texts, those of the documents that answer, and last ``scores.json``."""
    # Should writing be interrupted, an older result must not stand beside a newer run.
    (folder / "scores.json").unlink(missing_ok=True)
    write_run(folder / "run.trec", rankings(answers), result.name)
    with written(folder / "hits.jsonl") as stream:
        for query in dataset.queries:
            grades = dataset.qrels[query.query_id]
            timed = answers.get(query.query_id, Timed((), float("nan")))
            hits = [_found_as_dict(found, grades) for found in timed.found[:SHOWN]]
            right = {document: grade for document, grade in grades.items() if grade > 0}
            took_ms = None if math.isnan(timed.took_ms) else round(timed.took_ms, 3)
            line = {"query_id": query.query_id, "took_ms": took_ms, "hits": hits, "right": right}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    with written(folder / "right.jsonl") as stream:
        for text in answering:
            line = {"document_id": text.document_id, "title": text.title, "text": text.text[:BEGINNING]}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    write_json(folder / "scores.json", as_dict(result))


def rankings(answers: Mapping[str, Timed]) -> Run:
    """Reduce answers to ids and scores."""
    return {q: [(found.document_id, found.score) for found in timed.found] for q, timed in answers.items()}


def _found_as_dict(found: Found, grades: Mapping[str, int]) -> dict[str, Any]:
    shown: dict[str, Any] = {"document_id": found.document_id, "score": found.score}
    if found.title:
        shown["title"] = found.title
    if found.text:
        shown["text"] = found.text
    if found.page is not None:
        shown["page"] = found.page
    if found.document_id in grades:
        shown["grade"] = grades[found.document_id]
    return shown


def as_dict(result: Result) -> dict[str, Any]:
    """Lay a result out as ``scores.json`` holds it."""
    return {
        "format": FORMAT,
        "dataset": dict(result.dataset),
        "system": dict(result.system),
        "made": dict(result.made),
        "measures": {
            name: {"mean": s.mean, "low": s.interval.low, "high": s.interval.high}
            for name, s in result.scores.items()
        },
        "latency_ms": dict(result.latency_ms),
        "unjudged_at_10": result.unjudged,
        "queries": [
            {"_id": q.query_id, "text": q.text, "metadata": dict(q.metadata)} for q in result.queries
        ],
        "per_query": result.per_query,
    }


def load(folder: Path) -> Result:
    """Read a result that ``karani eval run`` wrote.

    Raises DataError when there is none, or the file is not what this version writes.
    """
    path = folder / "scores.json" if folder.is_dir() else folder
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(path, "no such result", expected="the folder of a `karani eval run`") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(path, f"not JSON ({error})", expected="a scores.json") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise DataError(
            path, "not a result of this version", expected=f'a scores.json with "format": {FORMAT}'
        )
    try:
        return _from_dict(_with_answers(value, folder / "answers.json") if folder.is_dir() else value)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(path, f"incomplete ({error!r})", expected="all parts of a scores.json") from error


def _with_answers(value: dict[str, Any], path: Path) -> dict[str, Any]:
    """Add the outcomes of `eval answers` over the same questions, where they stand beside the run."""
    if not path.is_file():
        return value
    try:
        other = json.loads(path.read_text(encoding="utf-8"))
        same = other["dataset"]["query_sha256"] == value["dataset"]["query_sha256"]
        added: PerQuery = other["per_query"] if same else {}
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return value
    scores = {
        name: {"mean": s.mean, "low": s.interval.low, "high": s.interval.high}
        for name, s in score(added).items()
    }
    return {
        **value,
        "measures": {**value["measures"], **scores},
        "per_query": {**value["per_query"], **added},
    }


def _from_dict(value: Mapping[str, Any]) -> Result:
    return Result(
        dataset=value["dataset"],
        system=value["system"],
        made=value["made"],
        queries=tuple(Query(q["_id"], q["text"], q["metadata"]) for q in value["queries"]),
        scores={
            name: Score(s["mean"], Interval(s["low"], s["high"])) for name, s in value["measures"].items()
        },
        per_query=value["per_query"],
        latency_ms=value["latency_ms"],
        unjudged=value.get("unjudged_at_10"),
    )


def load_run(folder: Path) -> Run:
    """Read the rankings that stand beside a result."""
    return read_run(folder / "run.trec")


def load_shown(folder: Path) -> dict[str, Shown]:
    """Read by query the first hits and the documents that answer; nothing where they were not kept."""
    path = folder / "hits.jsonl"
    if not path.is_file():
        return {}
    return {str(line["query_id"]): _shown(line) for _, line in json_lines(path)}


def _shown(line: Mapping[str, Any]) -> Shown:
    hits = [
        ShownHit(
            Found(
                hit["document_id"], hit["score"], hit.get("title", ""), hit.get("text", ""), hit.get("page")
            ),
            hit.get("grade"),
        )
        for hit in line["hits"]
    ]
    return Shown(tuple(hits), line["right"], line.get("took_ms"))


def load_right(folder: Path) -> dict[str, CorpusText]:
    """Read the beginnings of the documents that answer some question."""
    path = folder / "right.jsonl"
    if not path.is_file():
        return {}
    lines = (line for _, line in json_lines(path))
    return {
        line["document_id"]: CorpusText(line["document_id"], line["title"], line["text"]) for line in lines
    }
