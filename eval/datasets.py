"""Query sets: questions, judgements and the texts they are asked of, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.errors import DataError, some
from eval.files import find, json_lines
from eval.qrels import Evidence, Qrels, read_evidence, read_qrels, relevance_level

SHIPPED = ("demo", "seeds")


@dataclass(frozen=True, slots=True)
class Query:
    """A question; ``metadata`` may hold ``type``, ``register``, ``answer`` and others."""

    query_id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CorpusText:
    """One document of a corpus file, under the data set's own id."""

    document_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One split of a query set.

    Attributes:
        name: the folder's name.
        split: the name of the qrels file.
        corpus: files and folders to ingest: one BEIR corpus file, or texts whose document ids
            are those that ``karani ingest`` gives.
        is_beir: whether ``corpus`` is one BEIR file whose ids are the data set's.
        queries: the questions that have judgements, in the file's order.
        qrels: grades by query and document.
        relevance_level: the grade from which binary measures count a document.
        unanswerable: questions that nothing in the corpus answers.
        evidence: where judges say that the answers stand, with page and case where they say so.

    """

    name: str
    split: str
    corpus: tuple[Path, ...]
    is_beir: bool
    queries: tuple[Query, ...]
    qrels: Qrels
    relevance_level: int
    unanswerable: tuple[Query, ...] = ()
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)

    def texts(self) -> Iterator[CorpusText]:
        """Stream the documents of a BEIR corpus; nothing for folders of texts, which only readers can read."""
        if self.is_beir:
            yield from read_corpus(self.corpus[0])

    def query_sha256(self) -> str:
        """Name the questions and judgements, so that results over different ones are never compared."""
        value = [[(q.query_id, q.text) for q in self.queries], self.qrels, self.relevance_level]
        return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def read_corpus(path: Path) -> Iterator[CorpusText]:
    """Stream a BEIR ``corpus.jsonl`` (also ``.gz``, ``.zst``).

    Raises:
        DataError: an id that is missing, repeated or holds white space; a document without any text.

    """
    seen: set[str] = set()
    for line, value in json_lines(path):
        document_id = _id(path, line, value, seen)
        title, text = _text(path, line, value, "title", ""), _text(path, line, value, "text")
        if not (title.strip() or text.strip()):
            reason = f"document {document_id!r} is empty"
            raise DataError(path, reason, line=line, expected='"text" or "title" with characters in it')
        yield CorpusText(document_id, title, text)


def read_queries(path: Path) -> list[Query]:
    """Read ``queries.jsonl``: ``_id``, ``text`` and optionally ``metadata``.

    Raises:
        DataError: an id that is missing, repeated or holds white space; an empty question.

    """
    seen: set[str] = set()
    queries = []
    for line, value in json_lines(path):
        query_id = _id(path, line, value, seen)
        text = _text(path, line, value, "text")
        if not text.strip():
            raise DataError(path, f"query {query_id!r} is empty", line=line, expected="a question")
        metadata = value.get("metadata")
        extra = {k: v for k, v in value.items() if k not in {"_id", "id", "text", "metadata"}}
        queries.append(Query(query_id, text, extra | (metadata if isinstance(metadata, dict) else {})))
    if not queries:
        raise DataError(path, "no queries", expected="at least one line")
    return queries


def _id(path: Path, line: int, value: Mapping[str, Any], seen: set[str]) -> str:
    given = value.get("_id", value.get("id"))
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or not given:
        raise DataError(path, 'no "_id"', line=line, expected='"_id" with a string that is not empty')
    if any(character.isspace() for character in given):
        reason = f"id {given!r} holds white space"
        raise DataError(path, reason, line=line, expected="an id that a TREC run can hold")
    if given in seen:
        raise DataError(path, f"id {given!r} stands twice", line=line, expected="each id once")
    seen.add(given)
    return given


def _text(path: Path, line: int, value: Mapping[str, Any], key: str, default: str | None = None) -> str:
    given = value.get(key)
    if given is None:
        given = default
    if not isinstance(given, str):
        raise DataError(path, f'no "{key}"', line=line, expected=f'"{key}" with a string')
    return given


def locate(name: str | Path, root: Path | None = None) -> Path:
    """Find the folder of a data set: a path, a shipped set's name, or a name under ``--datasets``.

    Raises:
        DataError: no such folder; the message says where it was looked for.

    """
    path = Path(name)
    if path.exists():
        return path
    if str(name) in SHIPPED:
        return Path(__file__).parent / str(name)
    places = [folder / path for folder in (root, datasets_root()) if folder is not None]
    for place in places:
        if place.exists():
            return place
    looked = ", ".join(str(place) for place in (path, *places))
    raise DataError(path, f"no such data set (looked for {looked})", expected="a folder; set KARANI_DATASETS")


def datasets_root() -> Path | None:
    """Return the folder that ``KARANI_DATASETS`` names: query sets too large, or not ours, to ship."""
    named = os.environ.get("KARANI_DATASETS")
    return Path(named) if named else None


def load(
    folder: Path,
    split: str,
    *,
    corpus: Path | None = None,
    level: int | None = None,
    check_corpus: bool = True,
) -> Dataset:
    """Open one split of a BEIR folder and check that everything it names is there.

    Args:
        folder: holds ``queries.jsonl`` and ``qrels/<split>.tsv`` (or one ``qrels.tsv``).
        split: which judgements.
        corpus: the texts, when they are not ``folder/corpus.jsonl``: a corpus file or a folder to ingest.
        level: the relevance level; by default 2 where grade 2 is used, else 1.
        check_corpus: read the whole corpus file once to find unknown, repeated and empty documents.

    Raises:
        DataError: what is wrong, in which file and line, and what was expected.

    """
    if not folder.is_dir():
        raise DataError(folder, "not a folder", expected="a data set's folder")
    texts, is_beir = _corpus(folder, corpus)
    queries_path = find(folder, "queries.jsonl")
    queries = read_queries(queries_path)
    qrels_path = _qrels_path(folder, split)
    qrels = read_qrels(qrels_path)
    unknown = sorted(qrels.keys() - {query.query_id for query in queries})
    if unknown:
        reason = f"{len(unknown)} judged queries are not in {queries_path.name}: {some(unknown)}"
        raise DataError(qrels_path, reason, expected="query ids of queries.jsonl")
    if check_corpus and is_beir:
        _check_documents(qrels_path, qrels, texts[0])
    return Dataset(
        name=_name(folder.resolve(), split),
        split=split,
        corpus=texts,
        is_beir=is_beir,
        queries=tuple(query for query in queries if query.query_id in qrels),
        qrels=qrels,
        relevance_level=level or relevance_level(qrels),
        unanswerable=_unanswerable(folder, split),
        evidence=read_evidence(qrels_path),
    )


def _name(folder: Path, split: str) -> str:
    """Name a set by its folder; where that only repeats the split, by the folder above."""
    return folder.parent.name if folder.name == split else folder.name


def _corpus(folder: Path, given: Path | None) -> tuple[tuple[Path, ...], bool]:
    """Find the texts of a data set, and whether they are one BEIR corpus file."""
    if given is not None:
        if not given.exists():
            raise DataError(given, "no such corpus", expected="a corpus.jsonl or a folder of texts")
        return (given,), given.is_file() and ".jsonl" in given.suffixes
    shipped = Path(__file__).parent
    if folder.resolve() == shipped / "demo":
        return (shipped.parent / "corpus" / "cases",), False
    if folder.resolve() == shipped / "seeds":
        return (_seeds(),), False
    return (find(folder, "corpus.jsonl"),), True


def _seeds() -> Path:
    """Find the folder of the report pages, which are not ours to ship."""
    root = datasets_root()
    for place in [] if root is None else [root / "seeds", root.parent / "seeds"]:
        if place.is_dir():
            return place
    raise DataError(
        "seeds", "the report pages are not here", expected="KARANI_DATASETS or --corpus naming them"
    )


def _qrels_path(folder: Path, split: str) -> Path:
    """``qrels/<split>.tsv``, else the one ``qrels.tsv`` of a set without splits."""
    path = folder / "qrels" / f"{split}.tsv"
    single = folder / "qrels.tsv"
    if path.is_file():
        return path
    if single.is_file() and not (folder / "qrels").is_dir():
        return single
    known = sorted(file.stem for file in (folder / "qrels").glob("*.tsv"))
    expected = f"one of the splits {', '.join(known)}" if known else "qrels/<split>.tsv"
    raise DataError(path, f"no split {split!r}", expected=expected)


def _check_documents(path: Path, qrels: Qrels, corpus: Path) -> None:
    known = {text.document_id for text in read_corpus(corpus)}
    unknown = sorted({document for grades in qrels.values() for document in grades} - known)
    if unknown:
        reason = f"{len(unknown)} judged documents are not in {corpus.name}: {some(unknown)}"
        raise DataError(path, reason, expected="document ids of the corpus")


def _unanswerable(folder: Path, split: str) -> tuple[Query, ...]:
    """Questions without an answer: those of the split, or of no split at all."""
    path = folder / "unanswerable.jsonl"
    if not path.is_file():
        return ()
    return tuple(query for query in read_queries(path) if query.metadata.get("split", split) == split)
