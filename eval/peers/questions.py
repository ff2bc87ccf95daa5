"""What the systems are asked: judged questions for quality, distinct others for time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import Query, load
from eval.files import json_lines
from eval.qrels import Qrels

JUDGED, NATURAL = "thaigov-local", "natural/pairs.jsonl"
_WARM = 30


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions of one run; none stands twice, so that no system answers from what it remembers.

    Attributes:
        judged: those with grades; they are asked for quality alone.
        qrels: their grades.
        level: the grade from which a document is right.
        warm: asked first, never counted.
        one: timed with one client.
        many: timed with several.

    """

    judged: Sequence[Query]
    qrels: Qrels
    level: int
    warm: Sequence[str]
    one: Sequence[str]
    many: Sequence[str]


def read(datasets: Path, each: int) -> Questions:
    """Read the judged set's ``dev`` split and ``each`` natural questions for either way of timing.

    Natural questions were written for passages of the full corpus; which of them are asked is drawn by hash.
    """
    judged = load(datasets / JUDGED, "dev", check_corpus=False)
    texts = {str(pair["query"]).strip() for _, pair in json_lines(datasets / NATURAL)}
    texts -= {query.text.strip() for query in judged.queries}
    drawn = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())
    return divided(judged.queries, judged.qrels, judged.relevance_level, drawn, each)


def divided(judged: Sequence[Query], qrels: Qrels, level: int, others: Sequence[str], each: int) -> Questions:
    """Deal out distinct questions; fewer than asked for where there are fewer."""
    warm, rest = others[:_WARM], others[_WARM:]
    each = min(each, len(rest) // 2)
    return Questions(judged, qrels, level, warm, rest[:each], rest[each : 2 * each])
