"""The short answer with its evidence, or none: confidence is about evidence, not rank.

Who- and which-questions are answered by the case's name, where-questions by
its name and province, all others by the evidence sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from index.background import weight
from index.evidence import Evidence, EvidenceFinder
from index.hits import Answer, FoundPassage, Group
from index.interfaces import Encoder
from index.queries import Query
from index.vocabulary import FUNCTION_WORDS

_CONSIDERED = 3
#: Below this, saying that nothing answers is right more often than answering.
THRESHOLD = 0.5


def answer_for(asked: Query, groups: Sequence[Group], encoder: Encoder) -> Answer | None:
    """The answer that the first groups support, or ``None``."""
    finder = EvidenceFinder(asked, word_weight, encoder if encoder.max_tokens is None else None)
    best: tuple[float, FoundPassage, Evidence] | None = None
    for rank, shown in enumerate(groups[:_CONSIDERED]):
        found = shown.best
        context = opened_context(found)
        evidence = finder.best(found.passage.text, context)
        if evidence is None:
            continue
        sure = confidence(evidence) * (1.0 - 0.08 * rank)
        if best is None or sure > best[0]:
            best = (sure, found, evidence)
    if best is None or best[0] < THRESHOLD:
        return None
    return _answer(asked, *best)


def opened_context(found: FoundPassage) -> str:
    """What is known about a passage beside its text: title, case and heading."""
    case = found.citation.case
    parts = [found.citation.title, found.passage.heading]
    if case is not None:
        parts += [case.name, case.province or "", str(case.year_be or ""), case.award or ""]
    return "\n".join(parts)


def word_weight(term: str) -> float:
    """How much a content word matters when evidence is weighed."""
    return 0.02 if term in FUNCTION_WORDS else weight(term)


def confidence(evidence: Evidence) -> float:
    """Probability-like, from evidence that does not depend on how large the corpus is."""
    z = -4.2 + 3.2 * evidence.coverage + 2.6 * evidence.grams + 3.0 * evidence.cosine
    return 1.0 / (1.0 + math.exp(-z))


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
