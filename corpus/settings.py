"""The settings that every layer shares: where the data lives and which encoder serves it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpus import limits
from corpus.limits import Limits

DEMO_FOLDER = "demo"

#: Name, default and meaning of every variable read here or by the command, for README's table.
VARIABLES: tuple[tuple[str, str | None, str], ...] = (
    ("KARANI_DATA", "var", "the data directory; every command also takes `--data DIR`"),
    (
        "KARANI_ENCODER",
        "builtin",
        "the encoder: `builtin`, a folder, or a sentence-transformers model's name",
    ),
    ("KARANI_ENCODER_REVISION", None, "hub commit that pins a named model"),
    (
        "KARANI_WORKERS",
        None,
        "processes that read, clean, segment and encode; by default as many as there are cores",
    ),
    (
        "KARANI_VECTOR_INDEX",
        "auto",
        "how vectors are searched: `exact`, `ivf`, or `auto`, by the number of passages",
    ),
    ("KARANI_KEEP_ORIGINALS", "1", "keep ingested files under `files/`, named by their SHA-256"),
    ("KARANI_DATASETS", "../shared/data", "where `karani eval` and the tests look for data sets"),
    ("KARANI_COMMIT", None, "the commit that measurements name, where there is no checkout to ask"),
    *limits.variables(),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once at start with `Settings.from_environment`; never at import.

    Attributes:
        data: the data directory (``KARANI_DATA``, default ``var``).
        encoder: ``builtin``, or a sentence-transformers model's name or folder (``KARANI_ENCODER``).
        encoder_revision: hub commit that pins a named encoder (``KARANI_ENCODER_REVISION``).
        keep_originals: keep a copy of each ingested file under ``files/`` (``KARANI_KEEP_ORIGINALS``, 1 or 0).
        workers: processes that read, clean, segment and encode, ``None`` for one a core (``KARANI_WORKERS``).
        vector_index: how vectors are searched: ``exact``, ``ivf``, or ``auto``, by the number of passages
            (``KARANI_VECTOR_INDEX``).
        limits: how much of a file is read at most (``KARANI_MAX_…``).
    """

    data: Path = Path("var")
    encoder: str = "builtin"
    encoder_revision: str | None = None
    keep_originals: bool = True
    workers: int | None = None
    vector_index: str = "auto"
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, *, data: Path | None = None
    ) -> Settings:
        """Settings from ``KARANI_*`` variables; an explicit ``data`` wins.

        Raises:
            corpus.limits.LimitsError: a limit is no whole number above zero.
        """
        return cls(
            data=data or Path(environ.get("KARANI_DATA") or "var"),
            encoder=environ.get("KARANI_ENCODER") or "builtin",
            encoder_revision=environ.get("KARANI_ENCODER_REVISION") or None,
            keep_originals=environ.get("KARANI_KEEP_ORIGINALS", "1").strip().lower()
            not in {"0", "false", "no", "off"},
            workers=int(environ["KARANI_WORKERS"]) if environ.get("KARANI_WORKERS") else None,
            vector_index=environ.get("KARANI_VECTOR_INDEX") or "auto",
            limits=Limits.from_environment(environ),
        )

    @property
    def processes(self) -> int:
        """``workers``, or as many as there are cores for this process."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def database(self) -> Path:
        """The SQLite store: the truth about documents, pages, cases and passages."""
        return self.data / "corpus.sqlite"

    @property
    def originals(self) -> Path:
        """Folder of ingested files, named by their SHA-256."""
        return self.data / "files"

    @property
    def generations(self) -> Path:
        """Folder of built indexes, one immutable folder each."""
        return self.data / "generations"

    @property
    def current(self) -> Path:
        """The file that names the generation that serves."""
        return self.data / "CURRENT"

    @property
    def service_database(self) -> Path:
        """The service's own SQLite file: keys, feedback, questions asked."""
        return self.data / "service.sqlite"
