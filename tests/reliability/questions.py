"""What an engine answers, in a form that can be compared: the proof that nothing changed, or what did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.settings import Settings
from corpus.store import Store
from index.engine import DEPTH, Engine
from index.hits import SearchResult

QUESTIONS = (
    "ใครใช้ MOU กับโรงพยาบาล",
    "ใครดูแลผู้สูงอายุที่บ้าน",
    "คัดแยกขยะที่ต้นทาง",
    "ปลูกต้นไม้ริมคลอง",
    "เครือข่ายจิตอาสา",
)
SYSTEMS = ("dense", "words", "characters", "hybrid")
#: BM25 sums in single precision: the last digit may depend on how passages lie in segments.
_DIGITS = 4
_ROUNDED = 1.5 * 10**-_DIGITS

Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that was asked of one generation.

    Attributes:
        corpus: the manifest's digest of the corpus.
        rankings: by question and system, passage ids with scores.
        results: by question, the answer and the places cited.
        broken: citations that do not slice to what they cite.
    """

    corpus: str
    rankings: dict[tuple[str, str], Ranking]
    results: dict[str, tuple[str, ...]]
    broken: tuple[str, ...]


def asked(engine: Engine, questions: Sequence[str] = QUESTIONS, systems: Sequence[str] = SYSTEMS) -> Answers:
    """Ask an open engine."""
    rankings = {
        (question, system): tuple(
            (hit.passage_id, round(hit.score, _DIGITS)) for hit in engine.retrieve(question, system=system)
        )
        for question in questions
        for system in systems
    }
    results, broken = {}, []
    for question in questions:
        result = engine.search(question)
        results[question] = _places(result)
        broken += _unsliced(engine.store, result)
    return Answers(str(engine.manifest.corpus_sum), rankings, results, tuple(broken))


def answers(settings: Settings) -> Answers:
    """Open the data directory's engine and ask it."""
    engine = Engine.open(settings)
    try:
        return asked(engine)
    finally:
        engine.close()


def _places(result: SearchResult) -> tuple[str, ...]:
    found = [f"{group.best.passage.passage_id} {group.best.citation.quote}" for group in result.groups]
    return (result.answer.text if result.answer else "", *found)


def _unsliced(store: Store, result: SearchResult) -> list[str]:
    broken = []
    cited = [
        (found.citation, found.passage.text) for group in result.groups for found in (group.best, *group.more)
    ]
    if result.answer is not None:
        cited.append((result.answer.citation, result.answer.evidence))
    for citation, text in cited:
        page = store.page(citation.document_id, citation.page)
        if page is None or page.text[citation.start : citation.end] != text:
            broken.append(f"{citation.document_id} p. {citation.page} {citation.start}-{citation.end}")
    return broken


def difference(found: Answers, wanted: Answers) -> str:
    """The first question that is answered otherwise; empty where none is."""
    if found.broken:
        return f"a citation does not slice: {found.broken[0]}"
    if found.corpus != wanted.corpus:
        return "another corpus answers"
    for asked_of, ranking in wanted.rankings.items():
        if not _alike(found.rankings[asked_of], ranking):
            return f"{asked_of}: {found.rankings[asked_of][:3]} instead of {ranking[:3]}"
    for question, places in wanted.results.items():
        if found.results[question] != places:
            return f"{question}: {found.results[question]} instead of {places}"
    return ""


def _alike(one: Ranking, other: Ranking) -> bool:
    """The same passages with the same scores.

    What scores the same may change places. Where a full ranking was cut off, which of those that score like its
    last one are still in it depends on how passages lie in tantivy's segments, which differs from build to build.
    """
    if len(one) != len(other):
        return False
    if any(abs(a - b) > _ROUNDED for (_, a), (_, b) in zip(one, other, strict=True)):
        return False
    last = one[-1][1] + _ROUNDED if len(one) == DEPTH else -1.0
    return {row for row, score in one if score > last} == {row for row, score in other if score > last}
