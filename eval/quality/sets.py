"""The query sets of the table and their indexes, each opened once in a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from corpus.settings import Settings
from eval.collection import Collection, Progress, open_collection
from eval.datasets import Dataset, Query, load, locate
from eval.errors import DataError, some
from eval.files import lines
from eval.robustness import damaged_texts
from eval.systems.inprocess import EngineSystem

ENGLISH = Path(__file__).parent.parent / "english" / "queries.tsv"
BITEXT = "bitext"
#: As tables name them.
TITLES = {
    "dev": "thaigov-local dev",
    "iapp": "iapp test",
    "english": "English questions, iapp valid",
    "demo": "demo test",
    "seeds": "seeds test",
    BITEXT: "parallel/bitext_dev",
}


class Sets:
    """Opens data sets, collections and systems when they are first asked for; `close` closes them all.

    Args:
        datasets: the folder with ``thaigov-local``, ``iapp`` and ``parallel``.
        seeds: the folder of the report pages, if it is here.
        settings: data directory and encoder.
        progress: told of reading, indexing and asking; labels begin with ``stage``.

    """

    def __init__(
        self, datasets: Path | None, seeds: Path | None, settings: Settings, progress: Progress | None = None
    ) -> None:
        self.settings = settings
        self.cache = settings.data / "eval"
        self.stage = ""
        self._progress = progress
        self._root = datasets
        self._seeds = seeds
        self._datasets: dict[str, Dataset] = {}
        self._collections: dict[tuple[Path, ...], Collection] = {}
        #: What two jobs of a run share, by name.
        self.shared: dict[str, list[float]] = {}

    @property
    def has_seeds(self) -> bool:
        """Whether the report pages were named."""
        return self._seeds is not None

    def progress(self, done: int, total: int, label: str) -> None:
        """Tell whoever wanted to be told."""
        if self._progress is not None:
            self._progress(done, total, self.stage + label)

    def check(self, name: str) -> None:
        """Raise DataError unless the set is here and sound."""
        if name == BITEXT:
            self.bitext()
        else:
            self.dataset(name)

    def dataset(self, name: str) -> Dataset:
        """Open one of the sets of `TITLES`.

        Raises DataError where its files are missing or unsound.
        """
        if name not in self._datasets:
            openers: dict[str, Callable[[], Dataset]] = {
                "dev": lambda: load(self._folder("thaigov-local"), "dev"),
                "iapp": lambda: load(self._folder("iapp/test"), "test"),
                "english": self._english,
                "demo": lambda: load(locate("demo"), "test"),
                "seeds": lambda: load(locate("seeds"), "test", corpus=self._seeds),
            }
            self._datasets[name] = openers[name]()
        return self._datasets[name]

    def bitext(self) -> tuple[list[str], list[str]]:
        """English sentences and their Thai translations.

        Raises DataError where the file is missing or a line has not its four columns.
        """
        path = self._folder("parallel") / "bitext_dev.tsv"
        rows = []
        for number, line in lines(path):
            columns = line.split("\t")
            if len(columns) != 4:
                reason = f"{len(columns)} columns"
                raise DataError(path, reason, line=number, expected="source, quality, en, th")
            rows.append((columns[2], columns[3]))
        return [english for english, _ in rows[1:]], [thai for _, thai in rows[1:]]

    def collection(self, dataset: Dataset) -> Collection:
        """The indexed texts of a set; sets over the same texts share them."""
        if dataset.corpus not in self._collections:
            opened = open_collection(dataset, self.settings, self.cache, self.progress)
            self._collections[dataset.corpus] = opened
        return self._collections[dataset.corpus]

    def system(self, name: str, system: str = "hybrid") -> EngineSystem:
        """One of the engine's systems over a set's texts; never to be closed by the caller."""
        return EngineSystem(self.collection(self.dataset(name)), system)

    def damaged(self, name: str) -> EngineSystem:
        """Hybrid search over a set's texts with all marks dropped."""
        return EngineSystem(self.collection(damaged_texts(self.dataset(name), self.cache)))

    def close(self) -> None:
        """Close every engine."""
        for collection in self._collections.values():
            collection.engine.close()
        self._collections.clear()

    def _folder(self, name: str) -> Path:
        if self._root is None:
            reason = "the folder of the data sets was not named"
            raise DataError(name, reason, expected="--datasets DIR (or KARANI_DATASETS) that holds it")
        folder = self._root / name
        if not folder.is_dir():
            raise DataError(
                folder, "no such folder", expected=f"{name} in the folder of --datasets, or --only other rows"
            )
        return folder

    def _english(self) -> Dataset:
        """Our English questions on the passages of ``iapp/valid``, with the judgements of the Thai ones."""
        thai = load(self._folder("iapp/valid"), "valid")
        asked = [line.split("\t") for _, line in lines(ENGLISH)]
        unknown = [given[0] for given in asked if given[0] not in thai.qrels]
        if unknown:
            reason = f"{len(unknown)} English questions have no judgement there: {some(unknown)}"
            raise DataError(self._folder("iapp/valid"), reason, expected="the whole split")
        queries = tuple(Query(query_id, text) for query_id, text in asked)
        qrels = {query.query_id: thai.qrels[query.query_id] for query in queries}
        return dataclasses.replace(thai, name="english", queries=queries, qrels=qrels)
