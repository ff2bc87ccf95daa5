"""A data set's texts, indexed as the service would index them, kept in a cache by content hash.

A cache folder is a whole data directory: ``<cache>/<key>/corpus.sqlite``, ``generations/``, ``CURRENT``.
Its key holds the corpus' bytes and all code and settings that shape what is stored; a change of
the index' code alone builds a new generation over the same store.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.ingest import Standing, ingest
from corpus.settings import Settings
from corpus.store import Store
from eval.datasets import Dataset, unknown_documents
from eval.errors import DataError, some
from eval.files import json_lines, sha256, write_json, written

if TYPE_CHECKING:
    from index.engine import Engine

Progress = Callable[[int, int, str], None]

_ROOT = Path(__file__).parent.parent
# Ids that ingestion keeps as they are; any other is replaced while indexing and put back after.
_KEPT_ID = re.compile(
    r"[0-9A-Za-z\u0e00-\u0e7f_](?:[0-9A-Za-z\u0e00-\u0e7f._-]{0,118}[0-9A-Za-z\u0e00-\u0e7f._])?"
)
# `karani eval quality` has nine open at a time, four of them with damaged texts.
_KEPT_COLLECTIONS = 12
_STORE_PACKAGES = ("pythainlp",)
_CODE = (".py", ".tsv", ".txt", ".json")
_INDEX_PACKAGES = ("faiss-cpu", "tantivy", "tokenizers")


@dataclass(frozen=True, slots=True)
class Collection:
    """An open engine over a data set's texts.

    ``original_ids`` holds the data set's id where the indexed document's differs; ``left_out``
    the documents that ingestion could not read, by its messages.
    """

    engine: Engine
    key: str
    documents: int
    original_ids: Mapping[str, str]
    left_out: tuple[str, ...]

    def dataset_id(self, document_id: str) -> str:
        """Return the data set's id of an indexed document."""
        return self.original_ids.get(document_id, document_id)


def open_collection(
    dataset: Dataset, settings: Settings, cache: Path, progress: Progress | None = None
) -> Collection:
    """Open the indexed texts of a data set, ingesting and building what the cache lacks.

    Safe against a second process at the same work (it waits) and against interruption (the next call goes on).

    Raises DataError when the texts' ids cannot be matched with the judgements, or nothing was ingested.
    """
    from index.engine import Engine

    store_key = _store_key(dataset)
    folder = cache / store_key[:32]
    own = dataclasses.replace(settings, data=folder, keep_originals=False, server=None)
    index_key = _index_key(settings)
    with _locked(folder):
        _prune(cache, folder)
        report = _ingested(dataset, own, progress)
        _built(own, index_key, progress)
    engine = Engine.open(own)
    try:
        _check_ids(dataset, engine)
    except DataError:
        engine.close()
        raise
    key = hashlib.sha256(f"{store_key} {index_key}".encode()).hexdigest()
    return Collection(engine, key, report["documents"], report["original_ids"], tuple(report["left_out"]))


def _store_key(dataset: Dataset) -> str:
    code = sha256(*_code("corpus"))
    text = f"{sha256(*dataset.corpus)} {code} {_versions(_STORE_PACKAGES)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _index_key(settings: Settings) -> str:
    folder = Path(settings.encoder)
    encoder = sha256(folder) if folder.is_dir() else f"{settings.encoder} {settings.encoder_revision}"
    code = sha256(*_code("index"), _ROOT / "index" / "model")
    text = f"{encoder} {code} {_versions(_INDEX_PACKAGES)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _code(package: str) -> list[Path]:
    """List the code and word lists that shape an index: all of a package's but demo texts and training."""
    folder = _ROOT / package
    files = (path for path in folder.rglob("*") if path.suffix in _CODE)
    return sorted(path for path in files if not {"cases", "training"} & set(path.relative_to(folder).parts))


def _versions(packages: tuple[str, ...]) -> str:
    return " ".join(f"{name}={metadata.version(name)}" for name in packages)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _prune(cache: Path, current: Path) -> None:
    """Drop the collections used longest ago: every change of the code leaves one behind."""
    used = sorted((lock.stat().st_mtime, lock.parent) for lock in cache.glob("*/lock"))
    for _, folder in used[:-_KEPT_COLLECTIONS]:
        if folder != current:
            shutil.rmtree(folder, ignore_errors=True)


def _ingested(dataset: Dataset, settings: Settings, progress: Progress | None) -> dict[str, Any]:
    """Fill the store once; ``ingested.json`` says that it is complete."""
    marker = settings.data / "ingested.json"
    if marker.is_file():
        known: dict[str, Any] = json.loads(marker.read_text(encoding="utf-8"))
        return known
    paths: list[Path] = list(dataset.corpus)
    original_ids: dict[str, str] = {}
    if dataset.is_beir:
        paths, original_ids = _indexable(dataset.corpus[0], settings.data)
    with Store.of(settings) as store:
        report = ingest(store, paths, settings, _files(progress))
        stored = len(store.documents())
    failures = [str(failure) for failure in report.failures]
    if not stored:
        reason = f"no text could be read ({some(failures)})"
        raise DataError(dataset.corpus[0], reason, expected="documents with text")
    found = {"documents": stored, "original_ids": original_ids, "left_out": failures}
    write_json(marker, found)
    return found


def _files(progress: Progress | None) -> Callable[[Standing], None] | None:
    if progress is None:
        return None
    return lambda at: progress(at.files, at.of_files, at.current)


def _indexable(corpus: Path, folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Give the file to ingest: the corpus itself, or a copy with other ids where some would not survive.

    A copy also stands in where a document has a title but no text: the title is its text then.
    """
    known = [(str(value.get("_id", value.get("id"))), _fits(value)) for _, value in json_lines(corpus)]
    if all(fits for _, fits in known):
        return [corpus], {}
    taken = {given for given, _ in known}
    original_ids: dict[str, str] = {}
    copy = folder / "corpus.jsonl"
    with written(copy) as stream:
        for _, value in json_lines(corpus):
            given = str(value.get("_id", value.get("id")))
            name = given if _KEPT_ID.fullmatch(given) else _free_name(given, taken)
            if name != given:
                original_ids[name] = given
            text = value["text"] if value.get("text", "").strip() else value.get("title", "")
            line = {**value, "id": name, "_id": name, "text": text}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return [copy], original_ids


def _free_name(given: str, taken: set[str]) -> str:
    name = f"document-{hashlib.sha256(given.encode()).hexdigest()[:16]}"
    while name in taken:
        name += "x"
    taken.add(name)
    return name


def _fits(value: Mapping[str, Any]) -> bool:
    given = value.get("_id", value.get("id"))
    same = value.get("id", given) == given
    return bool(
        same and isinstance(given, str) and _KEPT_ID.fullmatch(given) and value.get("text", "").strip()
    )


def _built(settings: Settings, index_key: str, progress: Progress | None) -> None:
    """Build a generation unless the one that serves was built by the same code and encoder."""
    from index.generations import build

    marker = settings.data / "built.json"
    known = json.loads(marker.read_text(encoding="utf-8")) if marker.is_file() else None
    if settings.current.is_file() and known == {"index": index_key}:
        return
    # Other code may write other files for the same passages: start from nothing then.
    fresh = settings.current.is_file()
    marker.unlink(missing_ok=True)
    with Store.of(settings) as store:
        build(store, settings, _two_numbers(progress), fresh=fresh)
    write_json(marker, {"index": index_key})


def _two_numbers(progress: Progress | None) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(done, total, "building the index")


def _check_ids(dataset: Dataset, engine: Engine) -> None:
    """Judgements over folders of texts name documents by the ids that ingestion gives them."""
    if dataset.is_beir:
        return
    store = engine.store
    known = {info.document_id for info in store.documents()}
    judged = {document for grades in dataset.qrels.values() for document in grades}
    if judged - known:
        names = f"the {len(known)} texts of {dataset.corpus[0]}"
        expected = f"document ids such as {some(sorted(known))}"
        raise unknown_documents(dataset.judged_at, judged - known, names, expected)
    for one in (one for rows in dataset.evidence.values() for one in rows):
        if one.page is not None and store.page(one.document_id, one.page) is None:
            path, line, column = dataset.judged_at[one.document_id]
            numbers = [str(page.number) for page in store.pages(one.document_id)]
            reason = f"document {one.document_id!r} has no page {one.page}"
            expected = f"one of its pages {some(numbers)}"
            raise DataError(path, reason, line=line, column=column, expected=expected)
