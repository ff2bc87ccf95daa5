"""Whether answers are right, citations hold, and a question without an answer is declined.

Works on search responses, so that an engine and a running service are judged alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.segment import fold, words
from eval.calibration import Declining, declining
from eval.collection import Progress
from eval.datasets import Dataset, Query
from eval.measures import PerQuery
from eval.qrels import Evidence
from eval.systems.asking import Asker


@dataclass(frozen=True, slots=True)
class Judged:
    """What one answerable question got.

    Attributes:
        right_first: the first hit is of a judged document, page and case.
        answered: the system gave an answer at all.
        answer_right: the answer's citation is of a judged document, page and case.
        answer_found: an accepted answer stands in the answer's text or evidence; ``None`` where none is known.
        answer_f1: word overlap of the answer's text with the closest accepted answer, 0 to 1.
        evidence_cited: the answer's citation overlaps the words that a judge marked as the evidence; ``None`` where
            no words are marked.
        citations: how many citations were checked, and ``broken`` what is wrong with those that do not hold.
        confidence: of the answer, given or held back; 0 where it is not known.

    """

    query: Query
    right_first: bool
    answered: bool
    answer_right: bool
    answer_found: bool | None
    answer_f1: float | None
    evidence_cited: bool | None
    citations: int
    broken: tuple[str, ...]
    confidence: float
    took_ms: float
    answer: str
    first: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What one question without an answer got: nothing, or an ``answer`` that is wrong by definition."""

    query: Query
    declined: bool
    confidence: float
    answer: str


@dataclass(frozen=True, slots=True)
class Answering:
    """All of a split's questions, with and without answers."""

    name: str
    judged: tuple[Judged, ...]
    refused: tuple[Refused, ...]
    declining: Declining | None

    def summary(self) -> dict[str, float]:
        """Give the shares that are reported, each over the questions that it can be said of."""
        known = [one for one in self.judged if one.answer_found is not None]
        cited = sum(one.citations for one in self.judged)
        found: dict[str, float] = {
            "right_first": _share([one.right_first for one in self.judged]),
            "answered": _share([one.answered for one in self.judged]),
            "answer_right": _share([one.answer_right for one in self.judged]),
            "answer_found": _share([bool(one.answer_found) for one in known]),
            "answer_f1": _mean([one.answer_f1 or 0.0 for one in known]),
            "citation_accuracy": 1 - sum(len(one.broken) for one in self.judged) / cited if cited else 1.0,
            "citations": float(cited),
        }
        marked = [one.evidence_cited for one in self.judged if one.evidence_cited is not None]
        if marked:
            found["evidence_cited"] = _share(marked)
            given = [o.evidence_cited for o in self.judged if o.answered and o.evidence_cited is not None]
            found["evidence_cited_of_answers"] = _share(given)
        if self.declining is not None:
            found |= self.declining.as_dict()
        return found

    def per_query(self) -> PerQuery:
        """Give the outcomes as values by query, 1 good and 0 bad, for comparing and gating."""
        values: PerQuery = {
            "right_first": {one.query.query_id: float(one.right_first) for one in self.judged},
            "answered": {one.query.query_id: float(one.answered) for one in self.judged},
            "answer_right": {one.query.query_id: float(one.answer_right) for one in self.judged},
            "citations_hold": {one.query.query_id: float(not one.broken) for one in self.judged},
        }
        marked = {
            o.query.query_id: float(o.evidence_cited) for o in self.judged if o.evidence_cited is not None
        }
        if marked:
            values["evidence_cited"] = marked
        if self.refused:
            values["declined"] = {one.query.query_id: float(one.declined) for one in self.refused}
        return values


def evaluate(dataset: Dataset, asker: Asker, progress: Progress | None = None) -> Answering:
    """Ask every question of a split, and those that nothing answers, and judge what comes back."""
    judged, refused = [], []
    total = len(dataset.queries) + len(dataset.unanswerable)
    for query in dataset.queries:
        judged.append(_judge(dataset, query, asker))
        if progress:
            progress(len(judged), total, f"asking {asker.name}")
    for query in dataset.unanswerable:
        refused.append(_refuse(query, asker))
        if progress:
            progress(len(judged) + len(refused), total, f"asking {asker.name}")
    found = None
    if refused:
        answerable = [(one.confidence, one.answered) for one in judged]
        found = declining(answerable, [(one.confidence, not one.declined) for one in refused])
    return Answering(asker.name, tuple(judged), tuple(refused), found)


def _judge(dataset: Dataset, query: Query, asker: Asker) -> Judged:
    response = asker.ask(query.text)
    right = [e for e in dataset.evidence[query.query_id] if e.grade >= dataset.relevance_level]
    hits, answer = response["hits"], response["answer"]
    checked, broken = check_citations(response, asker)
    accepted = accepted_answers(query)
    shown = f"{answer['text']}\n{answer['evidence']}" if answer else ""
    return Judged(
        query=query,
        right_first=bool(hits) and is_right(hits[0]["citation"], right),
        answered=answer is not None,
        answer_right=answer is not None and is_right(answer["citation"], right),
        answer_found=any(_holds(shown, one) for one in accepted) if accepted else None,
        answer_f1=max(word_f1(answer["text"] if answer else "", one) for one in accepted)
        if accepted
        else None,
        evidence_cited=cites_evidence(None if answer is None else answer["citation"], right, asker),
        citations=checked,
        broken=tuple(broken),
        confidence=_confidence(response),
        took_ms=response["took_ms"],
        answer=answer["text"] if answer else "",
        first=_place(hits[0]["citation"]) if hits else "",
    )


def _refuse(query: Query, asker: Asker) -> Refused:
    response = asker.ask(query.text)
    answer = response["answer"]
    return Refused(query, answer is None, _confidence(response), answer["text"] if answer else "")


def _confidence(response: Mapping[str, Any]) -> float:
    """Read the confidence, also of an answer that was held back where the asker knows it; else 0."""
    answer = response["answer"]
    return float(response.get("confidence", answer["confidence"] if answer else 0.0))


def is_right(citation: Mapping[str, Any], right: Sequence[Evidence]) -> bool:
    """Whether a citation is of a judged document, and of its page and case where judges name them."""
    case = citation["case"]
    name = None if case is None else case["name"]
    return any(
        citation["document_id"] == one.document_id
        and one.page in (None, citation["page"])
        and (one.case_name is None or (name is not None and fold(name) == fold(one.case_name)))
        for one in right
    )


def cites_evidence(
    citation: Mapping[str, Any] | None, right: Sequence[Evidence], asker: Asker
) -> bool | None:
    """Whether a citation overlaps words that a judge marked; ``None`` where none are, false without a citation."""
    marked = [one for one in right if one.quote]
    if not marked or citation is None:
        return False if marked else None
    page = asker.page_text(citation["document_id"], citation["page"]) or ""
    here = [
        span(one.quote or "", page)
        for one in marked
        if one.document_id == citation["document_id"] and one.page in (None, citation["page"])
    ]
    return any(citation["start"] < end and start < citation["end"] for start, end in filter(None, here))


def span(quote: str, text: str) -> tuple[int, int] | None:
    """Find where a quote stands in a text, whatever white space either has; ``None`` where it does not."""
    places = [place for place, character in enumerate(text) if not character.isspace()]
    bare, wanted = "".join(text[place] for place in places), "".join(quote.split())
    start = bare.find(wanted)
    if start < 0 or not wanted:
        return None
    return places[start], places[start + len(wanted) - 1] + 1


def check_citations(response: Mapping[str, Any], asker: Asker) -> tuple[int, list[str]]:
    """Check that every citation's page sliced from start to end begins with its quote; count and complaints.

    A hit's slice must be its text, the answer's its evidence, and highlights must lie inside the text.
    """
    cited = [(hit["citation"], hit["text"]) for hit in _all_hits(response)]
    if response["answer"] is not None:
        cited.append((response["answer"]["citation"], response["answer"]["evidence"]))
    broken = [fault for citation, text in cited if (fault := _fault(citation, text, asker))]
    for hit in _all_hits(response):
        ends = [end for span in hit["highlights"] for end in span]
        if ends != sorted(ends) or (ends and not 0 <= ends[0] <= ends[-1] <= len(hit["text"])):
            broken.append(f"{_place(hit['citation'])}: highlights {hit['highlights']} leave the text")
    return len(cited), broken


def _all_hits(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for hit in response["hits"] for one in (hit, *hit.get("more", []))]


def _fault(citation: Mapping[str, Any], text: str, asker: Asker) -> str | None:
    page = asker.page_text(citation["document_id"], citation["page"])
    if page is None:
        return f"{_place(citation)}: no such page"
    cut = page[citation["start"] : citation["end"]]
    if cut != text:
        return f"{_place(citation)}: the page says {cut[:40]!r}, the response {text[:40]!r}"
    if not citation["quote"] or not cut.startswith(citation["quote"]):
        return f"{_place(citation)}: quote {citation['quote'][:40]!r} does not stand there"
    return None


def _place(citation: Mapping[str, Any]) -> str:
    return f"{citation['document_id']} p. {citation['page']} [{citation['start']}:{citation['end']}]"


def accepted_answers(query: Query) -> list[str]:
    """List the answers that a query set accepts: metadata ``answer`` or ``answers``."""
    given = query.metadata.get("answers", query.metadata.get("answer"))
    values = given if isinstance(given, list) else [given]
    return [value for value in values if isinstance(value, str) and value.strip()]


def _holds(text: str, answer: str) -> bool:
    return "".join(fold(answer).split()) in "".join(fold(text).split())


def word_f1(given: str, accepted: str) -> float:
    """Compute the overlap of two answers' words, as SQuAD's F1 does (Rajpurkar et al. 2016)."""
    mine, theirs = _counts(given), _counts(accepted)
    shared = sum(min(count, theirs.get(word, 0)) for word, count in mine.items())
    if not shared:
        return 0.0
    precision, recall = shared / sum(mine.values()), shared / sum(theirs.values())
    return 2 * precision * recall / (precision + recall)


def _counts(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words(fold(text)):
        if word.strip():
            counts[word] = counts.get(word, 0) + 1
    return counts


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
