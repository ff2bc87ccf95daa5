"""Files in, stored passages out: read, clean, find cases, split, store.

Documents are grouped by id as they come; pages that other files brought earlier
are kept. A file that fails is reported and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus import originals, readers
from corpus.gathering import Gathering
from corpus.limits import Limits
from corpus.readers import ReadError
from corpus.readers.files import is_folder
from corpus.readers.names import display_name
from corpus.records import SourceDocument
from corpus.settings import Settings
from corpus.store import Store


@dataclass(slots=True)
class Report:
    """What an ingest did. ``failures`` hold the messages to show."""

    files: int = 0
    documents: int = 0
    changed: list[str] = field(default_factory=list)
    failures: list[ReadError] = field(default_factory=list)


Progress = Callable[[int, int, str], None]


def ingest(
    store: Store,
    paths: Sequence[Path],
    settings: Settings | None = None,
    progress: Progress | None = None,
    *,
    replace: bool = False,
    named: Mapping[Path, str] | None = None,
) -> Report:
    """Read files and folders into the store.

    Args:
        store: where it goes; the caller holds the corpus lock.
        paths: files or folders; hidden files are passed over.
        settings: keeps originals when it says so, and has the limits of reading; ``None`` keeps none.
        progress: called with (files done, files in all, current file).
        replace: each document becomes exactly what these files bring; pages of it that they do not bring go.
        named: what citations, ids and failures call a file instead of its path, made safe by
            `corpus.readers.names.display_name`; its kind is told by this name, too.

    Returns:
        A report; bad files are in ``failures``, nothing stored is lost through them.

    Raises:
        corpus.sqlite.StoreError: the disk is full, read only or broken; whole documents before that are stored.
        ValueError: two files have the same name in ``named``, so that they would be taken for one.
    """
    files = _files(paths, _safe(named or {}))
    limits = settings.limits if settings is not None else Limits()
    report = Report()
    gathering = Gathering(store, limits, anew=replace)
    keeping = settings is not None and settings.keep_originals
    if settings is not None and keeping:
        for broken_off in originals.leftovers(settings):
            broken_off.unlink(missing_ok=True)
    for done, file in enumerate(files):
        if progress:
            progress(done, len(files), file.source)
        kept = not keeping
        for found in _read(file, limits, report):
            if settings is not None and not kept:
                originals.keep(file.path, settings)
                kept = True
            _take(gathering, found, file, report)
        report.files += 1
    gathering.flush()
    report.changed = gathering.changed
    if progress:
        progress(len(files), len(files), "")
    return report


def remove(store: Store, document_ids: Iterable[str]) -> list[str]:
    """Take documents out of the store, all in one transaction; the caller holds the corpus lock.

    Returns:
        The ids of those that were there. Generations built before still read them.

    Raises:
        corpus.sqlite.StoreError: the disk is full, read only or broken; the store is as it was.
    """
    return store.remove_many(document_ids)


@dataclass(frozen=True, slots=True)
class _File:
    """A file to read: where it lies, and what it is called from outside, if not by its path."""

    path: Path
    root: Path
    name: str | None

    @property
    def source(self) -> str:
        """The name for people: the one given, else the path."""
        return self.name or str(self.path)

    @property
    def relative(self) -> str:
        """The name that tells it from other files of one stem."""
        if self.name:
            return self.name
        inside = self.path.is_relative_to(self.root)
        return self.path.relative_to(self.root).as_posix() if inside else self.path.name


def _safe(named: Mapping[Path, str]) -> dict[Path, str]:
    safe = {path: display_name(name) for path, name in named.items()}
    if len(set(safe.values())) < len(safe):
        raise ValueError(f"two files of one name: {sorted(safe.values())}")
    return safe


def _files(paths: Sequence[Path], named: Mapping[Path, str]) -> list[_File]:
    return [
        _File(file, path if is_folder(path) else path.parent, named.get(file))
        for path in paths
        for file in readers.find_files([path])
    ]


def _read(file: _File, limits: Limits, report: Report) -> Iterator[SourceDocument]:
    try:
        for found in readers.read(file.path, root=file.root, name=file.name, limits=limits):
            if isinstance(found, ReadError):
                report.failures.append(found.known_as(file.source))
            else:
                yield found
    except ReadError as error:
        report.failures.append(error.known_as(file.source))


def _take(gathering: Gathering, found: SourceDocument, file: _File, report: Report) -> None:
    try:
        gathering.take(found, file.relative)
    except ReadError as error:
        report.failures.append(error.known_as(file.source))
    else:
        report.documents += 1
