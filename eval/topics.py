"""TREC topics with their qrels: the classic ``<top>`` layout, XML, or lines of id, tab and question."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import unescape

from eval.datasets import Dataset, Query, check_documents
from eval.errors import DataError, some
from eval.files import lines
from eval.qrels import read_judgements, relevance_level

_TOPIC = re.compile(r"<top>(.*?)</top>", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"<num>\s*(?:Number\s*:)?\s*([^\s<]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:Topic\s*:)?\s*([^<]+)", re.IGNORECASE)
_XML = re.compile(
    r"<topic\s[^>]*number\s*=\s*[\"']([^\"']+)[\"'][^>]*>(.*?)</topic>", re.DOTALL | re.IGNORECASE
)
_XML_TEXT = re.compile(r"<(query|title)>\s*([^<]+?)\s*</\1>", re.IGNORECASE)


def load_topics(topics: Path, qrels: Path, corpus: Path, level: int | None = None) -> Dataset:
    """Open topics with TREC (or BEIR) qrels over a corpus file or a folder of texts.

    Raises DataError for topics without number or title, numbers given twice, and qrels without a topic.
    """
    if not corpus.exists():
        raise DataError(corpus, "no such corpus", expected="a corpus.jsonl or a folder of texts")
    queries = read_topics(topics)
    found = read_judgements(qrels)
    judged = found.qrels
    unknown = sorted(judged.keys() - {query.query_id for query in queries})
    if unknown:
        reason = f"{len(unknown)} judged topics are not in {topics.name}: {some(unknown)}"
        _, line, column = found.queries_at[unknown[0]]
        raise DataError(qrels, reason, line=line, column=column, expected="ids of topics")
    is_beir = corpus.is_file() and ".jsonl" in corpus.suffixes
    if is_beir:
        check_documents(found.documents_at, corpus)
    return Dataset(
        name=topics.stem,
        split=qrels.stem,
        corpus=(corpus,),
        is_beir=is_beir,
        queries=tuple(query for query in queries if query.query_id in judged),
        qrels=judged,
        relevance_level=level or relevance_level(judged),
        evidence=found.evidence,
        judged_at=found.documents_at,
    )


def read_topics(path: Path) -> list[Query]:
    """Read topics in any of the three layouts, in the file's order."""
    numbered = list(lines(path))
    text = "\n".join(line for _, line in numbered)
    if _TOPIC.search(text):
        found = [(_at(text, m), _classic(path, text, m)) for m in _TOPIC.finditer(text)]
    elif _XML.search(text):
        found = [(_at(text, m), _xml(path, text, m)) for m in _XML.finditer(text)]
    else:
        found = [(number, _line(path, number, line)) for number, line in numbered if line.strip()]
    seen: dict[str, int] = {}
    for number, query in found:
        if query.query_id in seen:
            reason = f"topic {query.query_id!r} stands twice, also in line {seen[query.query_id]}"
            raise DataError(path, reason, line=number, column=1, expected="each topic once")
        seen[query.query_id] = number
    if not found:
        raise DataError(path, "no topics", expected="<top> blocks, XML topics, or lines of id, tab, question")
    return [query for _, query in found]


def _at(text: str, match: re.Match[str]) -> int:
    """Give the line where a topic begins."""
    return text.count("\n", 0, match.start()) + 1


def _classic(path: Path, text: str, match: re.Match[str]) -> Query:
    number, title = _NUMBER.search(match[1]), _TITLE.search(match[1])
    if number is None or title is None or not title[1].strip():
        expected = "<num> and <title> in every <top>"
        reason = "a topic lacks number or title"
        raise DataError(path, reason, line=_at(text, match), column=1, expected=expected)
    return Query(number[1], " ".join(title[1].split()))


def _xml(path: Path, text: str, match: re.Match[str]) -> Query:
    found = _XML_TEXT.search(match[2])
    if found is None:
        reason = f"topic {match[1]!r} has no question"
        raise DataError(path, reason, line=_at(text, match), column=1, expected="<query> or <title>")
    return Query(match[1], " ".join(unescape(found[2]).split()))


def _line(path: Path, number: int, line: str) -> Query:
    name, tab, text = line.partition("\t")
    if not tab or not name.strip() or not text.strip() or len(name.split()) != 1:
        raise DataError(
            path, "no id and question", line=number, column=1, expected="an id, a tab and a question"
        )
    return Query(name.strip(), text.strip())
