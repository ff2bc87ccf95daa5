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
from corpus.makers import Makers
from corpus.readers import ReadError
from corpus.readers.files import is_folder
from corpus.readers.names import display_name
from corpus.records import SourceDocument
from corpus.settings import Settings
from corpus.store import Store


@dataclass(slots=True)
class Report:
    """What an ingest did.

    ``unchanged`` counts the documents that were stored already just so; ``failures`` hold the messages to show.
    """

    files: int = 0
    documents: int = 0
    unchanged: int = 0
    changed: list[str] = field(default_factory=list)
    failures: list[ReadError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an ingest is: files and bytes on disk, done and in all; ``current`` is the file that is read."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    documents: int
    unchanged: int
    current: str


Progress = Callable[[Standing], None]


def ingest(
    store: Store,
    paths: Sequence[Path],
    settings: Settings | None = None,
    progress: Progress | None = None,
    *,
    replace: bool = False,
    named: Mapping[Path, str] | None = None,
    fresh: bool = False,
) -> Report:
    """Read files and folders into the store.

    Documents are stored in batches as they come, so that an ingest that was broken off is gone on with by giving it
    the same files again: what is stored is read, found unchanged and passed over.

    Args:
        store: where it goes; the caller holds the corpus lock.
        paths: files or folders; hidden files are passed over.
        settings: keeps originals when it says so, and has the limits of reading and the number of processes;
            ``None`` keeps none and takes one.
        progress: called for every file and document.
        replace: each document becomes exactly what these files bring; pages of it that they do not bring go.
        named: what citations, ids and failures call a file instead of its path, made safe by
            `corpus.readers.names.display_name`; its kind is told by this name, too.
        fresh: make all documents again, also those that have not changed.

    Returns:
        A report; bad files are in ``failures``, nothing stored is lost through them.

    Raises:
        corpus.sqlite.StoreError: the disk is full, read only or broken; whole documents before that are stored.
        ValueError: two files have the same name in ``named``, so that they would be taken for one.
    """
    settings = settings or Settings(keep_originals=False, workers=1)
    makers = Makers(settings.processes)
    run = _Run(_files(paths, _safe(named or {})), settings, progress)
    gathering = Gathering(store, settings.limits, makers, anew=replace, fresh=fresh)
    try:
        return run.all_into(gathering)
    finally:
        makers.close()


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
    def bytes(self) -> int:
        """Its size on disk; 0 where it cannot be told, as its reader will say."""
        try:
            return self.path.stat().st_size
        except (OSError, ValueError):
            return 0

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


class _Run:
    """One ingest: its files one after the other, and how far it is."""

    def __init__(self, files: Sequence[_File], settings: Settings, progress: Progress | None) -> None:
        self._files = files
        self._settings = settings
        self._progress = progress
        self._sizes = [file.bytes for file in files]
        self._of_bytes = sum(self._sizes)
        self._done = 0
        self._within = 0
        self._report = Report()

    def all_into(self, gathering: Gathering) -> Report:
        """Read every file into the store."""
        report = self._report
        if self._settings.keep_originals:
            for broken_off in originals.leftovers(self._settings):
                broken_off.unlink(missing_ok=True)
        for file, size in zip(self._files, self._sizes, strict=True):
            self._tell(file.source, gathering)
            self._one(file, gathering)
            report.files += 1
            self._done, self._within = self._done + size, 0
        gathering.flush()
        report.changed, report.unchanged = gathering.changed, gathering.unchanged
        report.failures += gathering.failures
        self._tell("", gathering)
        return report

    def _one(self, file: _File, gathering: Gathering) -> None:
        kept = not self._settings.keep_originals
        for found in self._read(file):
            if not kept:
                originals.keep(file.path, self._settings)
                kept = True
            try:
                gathering.take(found, file.relative)
            except ReadError as error:
                self._report.failures.append(error.known_as(file.source))
            else:
                self._report.documents += 1
            self._tell(file.source, gathering)

    def _read(self, file: _File) -> Iterator[SourceDocument]:
        try:
            for found in readers.read(
                file.path, root=file.root, name=file.name, limits=self._settings.limits, place=self._place
            ):
                if isinstance(found, ReadError):
                    self._report.failures.append(found.known_as(file.source))
                else:
                    yield found
        except ReadError as error:
            self._report.failures.append(error.known_as(file.source))

    def _place(self, within: int) -> None:
        self._within = within

    def _tell(self, current: str, gathering: Gathering) -> None:
        if self._progress is None:
            return
        report, done = self._report, min(self._done + self._within, self._of_bytes)
        self._progress(
            Standing(
                report.files,
                len(self._files),
                done,
                self._of_bytes,
                report.documents,
                gathering.unchanged,
                current,
            )
        )
