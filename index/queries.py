"""What a question asks: its kind, the words that carry content, and known other forms of them.

Question words and polite particles say which kind of answer is wanted; as search
terms they only pollute the lexical rankings, so there they weigh nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corpus.cleaning import clean_query
from corpus.segment import fold
from index.lexical import ngrams
from index.spelling import Speller
from index.stages import Stopwatch
from index.synonyms import other_names
from index.vocabulary import FUNCTION_WORDS, QUESTION_WORDS, without_fillers

MAX_CHARS = 1_000
_FUNCTION_WEIGHT = 0.25
_EXPANSION_WEIGHT = 0.25
_TYPED_WEIGHT = 0.5
_THAI = re.compile("[\u0e01-\u0e2e]")

#: First match wins; tried in this order.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("howmany", re.compile(r"กี่|เท่าไ|เท่าใด|เท่าไหร่|จำนวน(?:ใด|ไหน)|how (?:many|much)")),
    (
        "when",
        re.compile(r"เมื่อไ|เมื่อใด|(?:ปี|วัน|เดือน|พ\.ศ\.\s*)(?:ไหน|ใด|อะไร)|ตอนไหน|ช่วงไหน|\bwhen\b|what year"),
    ),
    (
        "who",
        re.compile(
            r"ใคร|ผู้ใด|(?:เทศบาล[^\s]{0,6}|อบต\.?|อบจ\.?|อปท\.?|ท้องถิ่น|องค์กร|องค์การ[^\s]{0,20}|หน่วยงาน|แห่ง|เมือง|ตำบล|กรณี|เคส)"
            r"\s*(?:ไหน|ใด|อะไร)|\bwho\b|which (?:municipalit|local|organi|sao|tambon|city|town|case|province)"
        ),
    ),
    ("where", re.compile(r"ที่ไหน|ที่ใด|(?:จังหวัด|อำเภอ|จ\.)\s*(?:ไหน|ใด|อะไร)|ตรงไหน|แถวไหน|\bwhere\b")),
    ("why", re.compile(r"ทำไม|เหตุใด|เพราะอะไร|เพราะเหตุใด|\bwhy\b")),
    ("how", re.compile(r"อย่างไร|ยังไง|วิธีใด|\bhow\b")),
    ("yesno", re.compile(r"หรือไม่|หรือเปล่า|ไหม(?:$|\s|คะ|ครับ)|มั้ย|ป่าว|รึเปล่า|ใช่ไหม")),
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for the three inputs.

    ``words`` and ``grams`` weigh terms of the two lexical fields; ``content`` holds
    the folded content words in order, for evidence and highlights. ``suggestion`` is
    the corrected question where what was typed was surely meant otherwise: ``text``,
    ``kind`` and ``content`` are then the corrected question's.
    """

    text: str
    kind: str
    content: tuple[str, ...]
    words: dict[str, float]
    grams: dict[str, float]
    suggestion: str | None = None
    replaced: frozenset[str] = frozenset()
    """Scraps of what was typed that a correction replaced: searched beside it, neither marked nor evidence."""


def understand(
    text: str,
    cut: Callable[[str], list[str]],
    speller: Speller | None = None,
    watch: Stopwatch | None = None,
) -> Query:
    """Clean a question, put it right and weigh its terms; ``cut`` is the generation's `Segmenter.terms`.

    Text beyond `MAX_CHARS` characters is left out: callers that must refuse it check before.
    Without a ``speller`` the question is taken exactly as it was typed. ``watch`` is told where the time goes.
    """
    watch = watch or Stopwatch()
    with watch("clean"):
        typed = clean_query(text[:MAX_CHARS])
    with watch("spell"):
        meant = typed if speller is None else _meant(text[:MAX_CHARS], typed, speller)
    with watch("segment"):
        return _understood(typed, meant, cut)


def _understood(typed: str, meant: str, cut: Callable[[str], list[str]]) -> Query:
    """The terms of a question as it was typed and as it was meant."""
    suggestion = None if meant == typed else meant
    kind = question_kind(meant)
    meant = without_fillers(meant)
    if not _THAI.search(meant):
        meant = _with_thai_names(meant, cut)
    terms = cut(meant)
    content = _content(terms)
    words = _words(content)
    grams = _grams(terms)
    replaced: frozenset[str] = frozenset()
    if suggestion is not None:
        terms = cut(typed)
        scraps = _words(_content(terms))
        replaced = frozenset(scraps.keys() - words.keys())
        _keep(words, scraps)
        _keep(grams, _grams(terms))
    if _THAI.search(meant):
        for names in other_names(fold(meant), content):
            _expand(words, names, cut)
    return Query(meant, kind, content, words, grams, suggestion, replaced)


def _meant(text: str, typed: str, speller: Speller) -> str:
    """The cleaned question with the other keyboard layout undone and slips put right."""
    switched = speller.switched(text)
    cleaned = typed if switched is None else clean_query(switched)
    correction = speller.correct(cleaned)
    return cleaned if correction is None else correction.text


def _content(terms: Sequence[str]) -> tuple[str, ...]:
    return tuple(term for term in terms if term not in QUESTION_WORDS)


def _words(content: Sequence[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for term in content:
        weights[term] = weights.get(term, 0.0) + (_FUNCTION_WEIGHT if term in FUNCTION_WORDS else 1.0)
    return weights


def _keep(weights: dict[str, float], typed: Mapping[str, float]) -> None:
    """What was typed stays in the search beside what was meant."""
    for term, weight in typed.items():
        weights.setdefault(term, _TYPED_WEIGHT * weight)


def _with_thai_names(text: str, cut: Callable[[str], list[str]]) -> str:
    """A question without Thai, followed by the first Thai name of each thing that it names."""
    found = other_names(fold(text), _content(cut(text)))
    thai = [name for names in found for name in [n for n in names if _THAI.search(n)][:1]]
    return " ".join(dict.fromkeys((text, *thai)))


def _expand(words: dict[str, float], names: Sequence[str], cut: Callable[[str], list[str]]) -> None:
    """Add other names of one thing; the terms of a name share its weight."""
    for name in names:
        terms = [term for term in cut(name) if term not in FUNCTION_WORDS]
        for term in terms:
            words.setdefault(term, _EXPANSION_WEIGHT / len(terms))


def question_kind(text: str) -> str:
    """who, where, when, howmany, why, how, yesno, or what when nothing tells."""
    folded = fold(text)
    return next((kind for kind, pattern in _KINDS if pattern.search(folded)), "what")


def _grams(terms: Sequence[str]) -> dict[str, float]:
    """3-grams of the stretches between question words."""
    weights: dict[str, float] = {}
    stretch: list[str] = []
    for term in [*terms, ""]:
        if term and term not in QUESTION_WORDS:
            stretch.append(term)
            continue
        for gram in ngrams("".join(stretch)):
            weights[gram] = weights.get(gram, 0.0) + 1.0
        stretch = []
    return weights
