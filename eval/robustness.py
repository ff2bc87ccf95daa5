"""What damage costs: dropped marks and typing slips, in the questions or in the texts."""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from corpus.settings import Settings
from eval import experiment, perturb
from eval.collection import Progress, open_collection
from eval.datasets import CorpusText, Dataset, Query
from eval.errors import DataError
from eval.files import json_lines, sha256, written
from eval.measures import evaluate
from eval.results import rankings
from eval.significance import Interval, bootstrap_interval
from eval.systems.inprocess import EngineSystem
from eval.systems.interfaces import Found, System, Timed

MEASURE = "nDCG@10"
SEEDS = 5
_DEPTH = 10  # all that the measure looks at
_TEXT_SUFFIXES = {".md", ".txt"}


@dataclass(frozen=True, slots=True)
class Loss:
    """What one kind of damage costs: means before and after, and the loss with its 95% interval."""

    name: str
    before: float
    after: float
    lost: float
    interval: Interval


class Rankings:
    """A system without its titles and texts: thousands of damaged questions leave only ids behind."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.name = system.name

    def describe(self) -> Mapping[str, Any]:
        """What the system itself says."""
        return self._system.describe()

    def cache_key(self) -> str | None:
        """Another key than the system's own, whose answers hold texts."""
        key = self._system.cache_key()
        return None if key is None else hashlib.sha256(f"{key} ids".encode()).hexdigest()

    def retrieve(self, query: Query, depth: int) -> Timed:
        """Ask, and keep ids and scores."""
        timed = self._system.retrieve(query, depth)
        return Timed(tuple(Found(one.document_id, one.score) for one in timed.found), timed.took_ms)

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        """Give what the system itself gives."""
        return self._system.texts(document_ids)

    def close(self) -> None:
        """Close the system."""
        self._system.close()


def losses(
    dataset: Dataset,
    system: str,
    settings: Settings,
    *,
    seeds: int = SEEDS,
    passages: bool = True,
    progress: Progress | None = None,
) -> list[Loss]:
    """Measure a system of the engine over the questions as they are, with marks dropped, and with one slip each.

    Slips are the mean of ``seeds`` runs, each with its own seed. With ``passages`` the texts are also damaged,
    indexed anew and asked the undamaged questions.
    """
    cache = settings.data / "eval"
    asked = EngineSystem(open_collection(dataset, settings, cache, progress), system)
    other: EngineSystem | None = None
    try:
        found = [marks_from_queries(dataset, asked, cache, progress)]
        found.append(slips(dataset, asked, cache, progress, seeds))
        if passages:
            damaged = damaged_texts(dataset, cache)
            other = EngineSystem(open_collection(damaged, settings, cache, progress), system)
            found.append(marks_from_passages(dataset, asked, other, cache, progress))
    finally:
        asked.close()
        if other is not None:
            other.close()
    return found


def marks_from_queries(dataset: Dataset, system: System, cache: Path, progress: Progress | None) -> Loss:
    """Drop the marks of every question."""
    before = _values(dataset, system, cache, progress)
    return _loss(
        "marks dropped from queries", before, [_asked(dataset, system, perturb.drop_marks, cache, progress)]
    )


def slips(
    dataset: Dataset, system: System, cache: Path, progress: Progress | None, seeds: int = SEEDS
) -> Loss:
    """Make one typing slip in every question; the mean of ``seeds`` runs."""
    before = _values(dataset, system, cache, progress)
    slipped = [_asked(dataset, system, _slips(seed), cache, progress) for seed in range(seeds)]
    return _loss(f"one slip a query, mean of {seeds}", before, slipped)


def marks_from_passages(
    dataset: Dataset, system: System, damaged: System, cache: Path, progress: Progress | None
) -> Loss:
    """Ask the same questions of ``damaged``, a system over `damaged_texts`."""
    before = _values(dataset, system, cache, progress)
    return _loss("marks dropped from passages", before, [_values(dataset, damaged, cache, progress)])


def _slips(seed: int) -> Callable[[str], str]:
    """Slip by a generator of the seed and the question, so that a question's slip depends on no other."""

    def slip(text: str) -> str:
        return perturb.one_slip(text, random.Random(zlib.crc32(text.encode()) + (seed << 32)))  # noqa: S311

    return slip


def _asked(
    dataset: Dataset, system: System, change: Callable[[str], str], cache: Path, progress: Progress | None
) -> list[float]:
    queries = tuple(Query(q.query_id, change(q.text), q.metadata) for q in dataset.queries)
    return _values(replace(dataset, queries=queries), system, cache, progress)


def _values(dataset: Dataset, system: System, cache: Path, progress: Progress | None) -> list[float]:
    options = experiment.Options(depth=_DEPTH)
    answers, _ = experiment.ask(dataset, Rankings(system), options, cache=cache, progress=progress)
    by_query = evaluate([MEASURE], dataset.qrels, rankings(answers))[MEASURE]
    return [by_query[query.query_id] for query in dataset.queries]


def _loss(name: str, before: list[float], after: list[list[float]]) -> Loss:
    changed = np.mean(np.array(after), axis=0)
    lost = np.array(before) - changed
    return Loss(
        name, float(np.mean(before)), float(changed.mean()), float(lost.mean()), bootstrap_interval(lost)
    )


def damaged_texts(dataset: Dataset, cache: Path) -> Dataset:
    """Copy a data set's texts into the cache with all marks dropped; judgements stay.

    Raises DataError for texts that are not JSON lines, Markdown or plain text.
    """
    # Named by the texts and by what is done to them.
    folder = cache / "damaged" / sha256(*dataset.corpus, Path(perturb.__file__))[:32]
    if dataset.is_beir:
        path = folder / "corpus.jsonl"
        if not path.is_file():
            with written(path) as stream:
                stream.writelines(_damaged_lines(dataset.corpus[0]))
        return replace(dataset, corpus=(path,))
    for place in dataset.corpus:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and not file.name.startswith("."):
                _damaged_file(file, folder / file.relative_to(place if place.is_dir() else place.parent))
    return replace(dataset, corpus=(folder,))


def _damaged_lines(corpus: Path) -> Iterator[str]:
    for _, value in json_lines(corpus):
        changed = {name: perturb.drop_marks(value[name]) for name in ("title", "text") if name in value}
        yield json.dumps({**value, **changed}, ensure_ascii=False) + "\n"


def _damaged_file(file: Path, copy: Path) -> None:
    if file.suffix not in _TEXT_SUFFIXES:
        raise DataError(
            file, "marks cannot be dropped from this kind of file", expected=".md, .txt or corpus.jsonl"
        )
    if not copy.is_file():
        with written(copy) as stream:
            stream.write(perturb.drop_marks(file.read_text(encoding="utf-8-sig")))
