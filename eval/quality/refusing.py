"""Rows of the table for saying that nothing answers: questions of another domain, questions whose answer is gone.

Confidence is the calibrated one of the best evidence, whether or not it passes the engine's threshold. False
refusals are counted among questions whose first hit is a judged answer. No question here took part in
fitting the calibration, which uses the held-out natural questions and the ``train`` split of iapp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from numpy.typing import ArrayLike

from corpus.segment import fold, words
from eval.calibration import auc, declined_at
from eval.collection import Collection
from eval.datasets import Dataset
from eval.quality.rows import Row, Target
from eval.quality.sets import TITLES, Sets
from eval.significance import resampled_interval
from index.answers import answer_for
from index.hits import Group
from index.listing import Listing

FALSE_REFUSALS = 0.05
#: Groups that an answer is looked for in (`index.answers`).
_FIRST = 3
#: Groups among which the ones that stay are looked for when answers are taken away.
_DEPTH = 50
#: A passage this much of whose word 3-grams stand in a removed document says the same (Broder 1997).
_SAME = 0.5

T = TypeVar("T")
Words3 = frozenset[tuple[str, ...]]
Removed = Callable[[Group], bool]


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure the engine is of a question's best evidence, 0 where it has none, and the first hit's document."""

    confidence: float
    first: str | None


def sure_of(collection: Collection, question: str, removed: Removed | None = None) -> Sure:
    """Search as the service does; with ``removed``, as if the documents of the groups it names were not there."""
    engine = collection.engine
    found = engine.consider(question, Listing(_DEPTH if removed else _FIRST))
    if removed is not None:
        gone = {group.best.passage.document_id for group in found.groups if removed(group)}
        found = engine.consider(question, Listing(_FIRST), without=gone)
    always = replace(engine.calibration, threshold=0.0)
    answer = answer_for(found.asked, found.groups, found.judged, engine.lexicon, always)
    first = collection.dataset_id(found.groups[0].best.passage.document_id) if found.groups else None
    return Sure(0.0 if answer is None else answer.confidence, first)


def foreign(job: str, targets: Sequence[Target], sets: Sets) -> list[Row]:
    """Ask the encyclopedia's questions of the government's news."""
    collection = sets.collection(sets.dataset("dev"))
    questions = [query.text for query in sets.dataset("iapp").queries]
    asked = _counted(questions, sets)
    without = [sure_of(collection, text).confidence for text in asked]
    title = f"{TITLES['iapp']} questions asked of {TITLES['dev']}"
    return _rows(job, title, answerable(sets), without, targets)


def removed(job: str, targets: Sequence[Target], sets: Sets) -> list[Row]:
    """Ask the questions of a set again without all that answers or helps, nor anything that says the same."""
    dataset = sets.dataset("dev")
    collection = sets.collection(dataset)
    without = []
    for query in _counted(dataset.queries, sets):
        gone = without_answers(collection, dataset, query.query_id)
        without.append(sure_of(collection, query.text, gone).confidence)
    title = f"{TITLES['dev']}, answers and their near-duplicates removed"
    return _rows(job, title, answerable(sets), without, targets)


def answerable(sets: Sets) -> list[float]:
    """Confidences of the questions whose first hit is a judged answer."""
    if "answerable" in sets.shared:
        return sets.shared["answerable"]
    dataset = sets.dataset("dev")
    collection = sets.collection(dataset)
    found: list[float] = []
    for query in _counted(dataset.queries, sets):
        sure = sure_of(collection, query.text)
        if sure.first and dataset.qrels[query.query_id].get(sure.first, 0) >= dataset.relevance_level:
            found.append(sure.confidence)
    sets.shared["answerable"] = found
    return found


def without_answers(collection: Collection, dataset: Dataset, query_id: str) -> Removed:
    """Say of a group whether a corpus without the question's answers would lack it.

    That is: its document has a grade of 1 or more, or the title of such a document, or one of the group's passages
    repeats one of them: at least half of its word 3-grams stand there.
    """
    judged = {document for document, grade in dataset.qrels[query_id].items() if grade > 0}
    titles: set[str] = set()
    said: set[tuple[str, ...]] = set()
    # Judgements name documents by the data set's ids, the store by its own.
    own = {dataset_id: stored for stored, dataset_id in collection.original_ids.items()}
    for document_id in judged:
        stored = own.get(document_id, document_id)
        document = collection.engine.store.document(stored)
        if document is not None:
            titles |= {_title(document.title)} - {""}
        for page in collection.engine.store.pages(stored):
            said |= word_3grams(page.text)

    def is_gone(group: Group) -> bool:
        citation = group.best.citation
        if collection.dataset_id(citation.document_id) in judged or _title(citation.title) in titles:
            return True
        return any(_repeats(found.passage.text, said) for found in (group.best, *group.more))

    return is_gone


def word_3grams(text: str) -> Words3:
    """All runs of three words, spaces and signs left out."""
    found = [word for word in words(fold(text)) if any(letter.isalnum() for letter in word)]
    return frozenset(zip(found, islice(found, 1, None), islice(found, 2, None), strict=False))


def _repeats(text: str, said: set[tuple[str, ...]]) -> bool:
    own = word_3grams(text)
    return bool(own) and len(own & said) >= _SAME * len(own)


def _title(text: str) -> str:
    return "".join(fold(text).split())


def _rows(
    job: str, title: str, positive: list[float], negative: list[float], targets: Sequence[Target]
) -> list[Row]:
    """Share declined and area under the curve; without any answered question there is nothing to tell apart."""
    measures: list[tuple[str, Callable[[ArrayLike, ArrayLike], float]]] = [
        (f"declined at {FALSE_REFUSALS:.0%} false refusals", _declined),
        ("AUC of confidence", auc),
    ]
    rows = []
    for (label, statistic), target in zip(measures, targets, strict=True):
        figure = statistic(positive, negative)
        # Nothing to resample where the engine puts no judged answer first.
        interval = resampled_interval(statistic, positive or [0.0], negative)
        rows.append(Row(job, title, label, figure, interval, len(positive) + len(negative), target))
    return rows


def _declined(positive: ArrayLike, negative: ArrayLike) -> float:
    return declined_at(positive, negative, FALSE_REFUSALS)


def _counted(items: Sequence[T], sets: Sets) -> Iterator[T]:
    for done, item in enumerate(items):
        sets.progress(done, len(items), "asking")
        yield item
