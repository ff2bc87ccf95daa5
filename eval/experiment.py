"""One experiment: a system answers every question of a split, and is measured."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from corpus.settings import Settings
from eval import results
from eval.collection import Progress, open_collection
from eval.datasets import CorpusText, Dataset, Query, load
from eval.journal import Journal
from eval.measures import default_measures, evaluate, parse
from eval.provenance import provenance
from eval.results import Result
from eval.systems.inprocess import EngineSystem, Tuning, check_system
from eval.systems.interfaces import System, Timed
from eval.units import by_page

DEPTH = 100
_RESUMABLE_S = 3600
# Questions handed out at a time for each job: what an interruption may lose.
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure.

    Attributes:
        depth: hits asked of the system for each question.
        measures: ir_measures names; by default those of the data set's relevance level.
        fresh: ask again even where an equal system's answers are kept.
        name: what the system is called in tables; by default its own name.
        tuning: another fusion than the shipped one.
        unit: whether documents or pages are ranked and judged.
        jobs: questions asked at a time; more than one is quicker, and makes latencies those of a busy system.

    """

    depth: int = DEPTH
    measures: tuple[str, ...] = ()
    fresh: bool = False
    name: str | None = None
    tuning: Tuning = field(default_factory=Tuning)
    unit: str = "document"
    jobs: int = 1


def run(
    dataset: Path,
    split: str,
    system: str,
    out: Path,
    settings: Settings,
    *,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Result:
    """Measure one of the engine's systems over a data set's folder; see `measure_engine`."""
    return measure_engine(load(dataset, split), system, out, settings, options, progress)


def measure_engine(
    dataset: Dataset,
    system: str,
    out: Path,
    settings: Settings,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Result:
    """Index a data set's texts as the service would, ask every question, measure and write the result.

    ``out`` gets ``run.trec``, ``hits.jsonl`` and ``scores.json``; indexes and answers are kept under
    ``<settings.data>/eval`` by content hash. Raises DataError or UsageError before anything is written.
    """
    check_system(system)
    cache, chosen = settings.data / "eval", options or Options()
    judged = by_page(dataset) if chosen.unit == "page" else dataset
    collection = open_collection(dataset, settings, cache, progress)
    engine = EngineSystem(collection, system, chosen.tuning, chosen.unit)
    try:
        return measure(judged, engine, out, chosen, cache=cache, progress=progress)
    finally:
        engine.close()


def measure(
    dataset: Dataset,
    system: System,
    out: Path,
    options: Options,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Result:
    """Ask a system every question of a split, and write what it is worth under ``out``.

    Answers are kept under ``cache``: for good where the system names its content, else only until the run has
    come to its end, so that an interrupted one goes on.
    """
    names = options.measures or default_measures(dataset.relevance_level)
    for name in names:  # A misspelt measure must not cost an hour of asking.
        parse(name)
    answers, partial = ask(dataset, system, options, cache=cache, progress=progress)
    result = assess(dataset, system, answers, names)
    named = {**result.system, "name": options.name or system.name, "depth": options.depth}
    if options.jobs > 1:
        named["jobs"] = options.jobs
    result = dataclasses.replace(result, system=named)
    results.save(result, answers, dataset, _right(dataset, system), out)
    if partial is not None:
        partial.unlink(missing_ok=True)
    return result


def ask(
    dataset: Dataset,
    system: System,
    options: Options,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, Timed], Path | None]:
    """Ask every question once; answers already kept for an equal system are not asked again.

    Also returns the file to remove once the result is written, if there is one.
    """
    kept, partial = _places(dataset, system, options, cache)
    answers: dict[str, Timed] = {}
    with Journal(kept or partial) as journal:
        missing = [query for query in dataset.queries if journal.get(query.text, options.depth) is None]
        if missing:
            system.retrieve(missing[0], options.depth)  # Loads what is loaded late; its time is not counted.
        kept_already = len(dataset.queries) - len(missing)
        for done, (query, answer) in enumerate(_asked(system, missing, options), start=1):
            journal.put(query.text, options.depth, answer)
            if progress:
                progress(kept_already + done, len(dataset.queries), f"asking {system.name}")
        for query in dataset.queries:
            known = journal.get(query.text, options.depth)
            if known is not None:
                answers[query.query_id] = known
    return answers, partial


def _asked(system: System, queries: Sequence[Query], options: Options) -> Iterator[tuple[Query, Timed]]:
    """Ask questions one by one, or in batches of several at a time; answers come in the questions' order."""
    if options.jobs == 1:
        yield from ((query, system.retrieve(query, options.depth)) for query in queries)
        return
    size = _BATCH * options.jobs
    with ThreadPoolExecutor(options.jobs) as pool:
        for start in range(0, len(queries), size):
            batch = queries[start : start + size]
            depths = [options.depth] * len(batch)
            yield from zip(batch, pool.map(system.retrieve, batch, depths), strict=True)


def _right(dataset: Dataset, system: System) -> Iterable[CorpusText]:
    """Find the texts of the documents that answer some question, so that a report can show what was missed."""
    wanted = {d for grades in dataset.qrels.values() for d, grade in grades.items() if grade > 0}
    if dataset.is_beir:
        return (text for text in dataset.texts() if text.document_id in wanted)
    return system.texts(wanted)


def _places(
    dataset: Dataset, system: System, options: Options, cache: Path | None
) -> tuple[Path | None, Path | None]:
    """Where answers are kept for good, or until this run is done; a partial run older than an hour is forgotten."""
    key = system.cache_key()
    if cache is None or (options.fresh and key is not None):
        return None, None
    if key is not None:
        return cache / "answers" / f"{key[:32]}.jsonl", None
    text = json.dumps([dict(system.describe()), dataset.query_sha256()], sort_keys=True)
    partial = cache / "partial" / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.jsonl"
    if options.fresh or (partial.is_file() and time.time() - partial.stat().st_mtime > _RESUMABLE_S):
        partial.unlink(missing_ok=True)
    return None, partial


def assess(dataset: Dataset, system: System, answers: Mapping[str, Timed], names: Sequence[str]) -> Result:
    """Measure answers against the judgements."""
    per_query = evaluate(names, dataset.qrels, results.rankings(answers))
    return Result(
        dataset=results.describe_dataset(dataset),
        system={"name": system.name, **system.describe()},
        made=provenance(),
        queries=dataset.queries,
        scores=results.score(per_query),
        per_query=per_query,
        latency_ms=latency([timed.took_ms for timed in answers.values()]),
        unjudged=results.unjudged(answers, dataset.qrels),
    )


def latency(times_ms: Sequence[float]) -> dict[str, float]:
    """Summarise times; empty where a system has none (a run made elsewhere)."""
    known = [time for time in times_ms if not np.isnan(time)]
    if not known:
        return {}
    p50, p95, p99 = np.percentile(known, [50, 95, 99])
    return {"mean": float(np.mean(known)), "p50": float(p50), "p95": float(p95), "p99": float(p99)}
