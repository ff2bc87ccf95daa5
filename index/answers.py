"""The short answer with its evidence, or none: confidence is about evidence, not rank.

Who- and which-questions are answered by the case's name, where-questions by
its name and province, all others by the evidence sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from index.background import weight
from index.calibration import Calibration
from index.encoders import StaticEncoder
from index.evidence import Evidence, EvidenceFinder
from index.hits import Answer, FoundPassage, Group
from index.interfaces import Vectors
from index.queries import Query
from index.vocabulary import FUNCTION_WORDS

#: So many hits are looked at for an answer: a later one answers where those before it do not.
CONSIDERED = 2
#: A later hit must be that much surer.
_PER_RANK = 0.08


def answer_for(
    asked: Query,
    groups: Sequence[Group],
    judged: Mapping[str, Sequence[float]],
    lexicon: StaticEncoder,
    calibration: Calibration,
    vector: Vectors | None = None,
) -> Answer | None:
    """The answer that the first groups support, or ``None``.

    Args:
        asked: the question.
        groups: best first.
        judged: `index.judged.NAMES` of the passages, by passage id.
        lexicon: gives token vectors.
        calibration: says how sure evidence makes.
        vector: the lexicon's vector of the question, where it is known already.
    """
    finder = EvidenceFinder(asked, word_weight, lexicon, vector)
    for rank, shown in enumerate(groups[:CONSIDERED]):
        weighed = weigh(finder, shown.best, judged)
        if weighed is not None:
            sure = calibration(weighed[1]) * (1.0 - _PER_RANK * rank)
            if sure >= calibration.threshold:
                return _answer(asked, sure, shown.best, weighed[0])
    return None


def weigh(
    finder: EvidenceFinder, found: FoundPassage, judged: Mapping[str, Sequence[float]]
) -> tuple[Evidence, tuple[float, ...]] | None:
    """A passage's best evidence and the numbers that its confidence follows from (`calibration.NAMES`)."""
    weighed = finder.weigh(found.passage.text, known_beside(found))
    seen = judged.get(found.passage.passage_id)
    if weighed is None or seen is None:
        return None
    evidence, support = weighed
    numbers = (
        evidence.coverage, evidence.grams, evidence.cosine,
        support.coverage, support.grams, support.cosine, support.soft, support.weakest, *seen,
    )  # fmt: skip
    return evidence, numbers


def known_beside(found: FoundPassage) -> str:
    """What is known about a passage beside its text: title, case and heading."""
    case = found.citation.case
    parts = [found.citation.title, found.passage.heading]
    if case is not None:
        parts += [case.name, case.province or "", str(case.year_be or ""), case.award or ""]
    return "\n".join(parts)


def word_weight(term: str) -> float:
    """How much a content word matters when evidence is weighed."""
    return 0.02 if term in FUNCTION_WORDS else weight(term)


def _answer(asked: Query, sure: float, found: FoundPassage, evidence: Evidence) -> Answer:
    passage, citation = found.passage, found.citation
    quoted = passage.text[evidence.start : evidence.end]
    start = passage.start + evidence.start
    return Answer(
        text=_short(asked, found, quoted),
        kind=asked.kind if asked.kind in {"who", "where", "when", "howmany"} else "sentence",
        evidence=quoted,
        passage_id=passage.passage_id,
        confidence=sure,
        citation=replace(citation, start=start, end=start + len(quoted), quote=quoted),
    )


def _short(asked: Query, found: FoundPassage, quoted: str) -> str:
    case = found.citation.case
    if case is None:
        return quoted
    if asked.kind == "who":
        return case.name
    if asked.kind == "where":
        return f"{case.name} จังหวัด{case.province}" if case.province else case.name
    return quoted
