"""Query sets: questions, judgements and the texts they are asked of, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.errors import DataError, some
from eval.files import COMPRESSED, find, json_lines, key_column
from eval.qrels import Evidence, Place, Qrels, read_judgements, relevance_level

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
        evidence: where judges say that the answers stand, with page, case and words where they say so.
        judged_at: where in the judgements each document is named first, for messages.

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
    judged_at: Mapping[str, Place] = field(default_factory=dict, compare=False)

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
            raise DataError(
                path,
                reason,
                line=line,
                column=key_column(path, line, "text"),
                expected='"text" or "title" with characters in it',
            )
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
            column = key_column(path, line, "text")
            reason = f"query {query_id!r} is empty"
            raise DataError(path, reason, line=line, column=column, expected="a question")
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
    reason = expected = ""
    if not isinstance(given, str) or not given:
        reason, expected = 'no "_id"', '"_id" with a string that is not empty'
    elif any(character.isspace() for character in given):
        reason, expected = f"id {given!r} holds white space", "an id that a TREC run can hold"
    elif given in seen:
        reason, expected = f"id {given!r} stands twice", "each id once"
    if reason:
        column = key_column(path, line, "_id", "id")
        raise DataError(path, reason, line=line, column=column, expected=expected)
    seen.add(str(given))
    return str(given)


def _text(path: Path, line: int, value: Mapping[str, Any], key: str, default: str | None = None) -> str:
    given = value.get(key)
    if given is None:
        given = default
    if not isinstance(given, str):
        column = key_column(path, line, key)
        raise DataError(path, f'no "{key}"', line=line, column=column, expected=f'"{key}" with a string')
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
    judged = read_judgements(qrels_path)
    qrels = judged.qrels
    unknown = sorted(qrels.keys() - {query.query_id for query in queries})
    if unknown:
        reason = f"{len(unknown)} judged queries are not in {queries_path.name}: {some(unknown)}"
        _, line, column = judged.queries_at[unknown[0]]
        raise DataError(qrels_path, reason, line=line, column=column, expected="query ids of queries.jsonl")
    if check_corpus and is_beir:
        check_documents(judged.documents_at, texts[0])
    return Dataset(
        name=_name(folder.resolve(), split),
        split=split,
        corpus=texts,
        is_beir=is_beir,
        queries=tuple(query for query in queries if query.query_id in qrels),
        qrels=qrels,
        relevance_level=level or relevance_level(qrels),
        unanswerable=_unanswerable(folder, split),
        evidence=judged.evidence,
        judged_at=judged.documents_at,
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
    """``qrels/<split>.tsv``, else the one ``qrels.tsv`` of a set without splits; each may be compressed."""
    places = [folder / "qrels" / f"{split}.tsv{suffix}" for suffix in COMPRESSED]
    if not (folder / "qrels").is_dir():
        places += [folder / f"qrels.tsv{suffix}" for suffix in COMPRESSED]
    for place in places:
        if place.is_file():
            return place
    known = sorted({file.name.partition(".tsv")[0] for file in (folder / "qrels").glob("*.tsv*")})
    expected = f"one of the splits {', '.join(known)}" if known else "qrels/<split>.tsv"
    raise DataError(places[0], f"no split {split!r}", expected=expected)


def check_documents(judged_at: Mapping[str, Place], corpus: Path) -> None:
    """Read a corpus file once; raise DataError where it, or a judged document that it lacks, is wrong."""
    unknown = judged_at.keys() - {text.document_id for text in read_corpus(corpus)}
    if unknown:
        raise unknown_documents(judged_at, unknown, corpus.name, "document ids of the corpus")


def unknown_documents(
    judged_at: Mapping[str, Place], unknown: Collection[str], texts: str, expected: str
) -> DataError:
    """Make the error that names judged documents that the texts lack, at the first of them."""
    path, line, column = min(judged_at[document] for document in unknown)
    reason = f"{len(unknown)} judged documents are not in {texts}: {some(sorted(unknown))}"
    return DataError(path, reason, line=line, column=column, expected=expected)


def _unanswerable(folder: Path, split: str) -> tuple[Query, ...]:
    """Questions without an answer: those of the split, or of no split at all."""
    places = [folder / f"unanswerable.jsonl{suffix}" for suffix in COMPRESSED]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return ()
    return tuple(query for query in read_queries(path) if query.metadata.get("split", split) == split)
