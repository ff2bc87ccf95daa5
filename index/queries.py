"""What a question asks: its kind, the words that carry content, and known other forms of them.

Question words and polite particles say which kind of answer is wanted; as search
terms they only pollute the lexical rankings, so there they weigh nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from corpus.cleaning import clean_query
from corpus.segment import fold
from index.lexical import ngrams
from index.vocabulary import FUNCTION_WORDS, QUESTION_WORDS, expansions

MAX_CHARS = 1_000
_FUNCTION_WEIGHT = 0.25
_EXPANSION_WEIGHT = 0.5

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
    the folded content words in order, for evidence and highlights.
    """

    text: str
    kind: str
    content: tuple[str, ...]
    words: dict[str, float]
    grams: dict[str, float]


def understand(text: str, cut: Callable[[str], list[str]]) -> Query:
    """Clean a question and weigh its terms; ``cut`` is the generation's `Segmenter.terms`.

    Text beyond `MAX_CHARS` characters is left out: callers that must refuse it check before.
    """
    cleaned = clean_query(text[:MAX_CHARS])
    terms = cut(cleaned)
    content = tuple(term for term in terms if term not in QUESTION_WORDS)
    words: dict[str, float] = {}
    for term in content:
        words[term] = words.get(term, 0.0) + (_FUNCTION_WEIGHT if term in FUNCTION_WORDS else 1.0)
    for other in expansions(fold(cleaned), content):
        for term in cut(other):
            if term not in FUNCTION_WORDS:
                words.setdefault(term, _EXPANSION_WEIGHT)
    return Query(cleaned, question_kind(cleaned), content, words, _grams(cleaned, cut))


def question_kind(text: str) -> str:
    """who, where, when, howmany, why, how, yesno, or what when nothing tells."""
    folded = fold(text)
    return next((kind for kind, pattern in _KINDS if pattern.search(folded)), "what")


def _grams(cleaned: str, cut: Callable[[str], list[str]]) -> dict[str, float]:
    """3-grams of the stretches between question words."""
    weights: dict[str, float] = {}
    stretch: list[str] = []
    for term in [*cut(cleaned), ""]:
        if term and term not in QUESTION_WORDS:
            stretch.append(term)
            continue
        for gram in ngrams("".join(stretch)):
            weights[gram] = weights.get(gram, 0.0) + 1.0
        stretch = []
    return weights
