"""The settings that every layer shares: where the data lives and which encoder serves it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from corpus import limits
from corpus.cores import cores
from corpus.limits import Limits

DEMO_FOLDER = "demo"
ENGINES = ("embedded", "milvus")

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
        "KARANI_ENGINE",
        "embedded",
        "what holds the index: `embedded` (files of the data directory) or `milvus` (needs `karani[milvus]`)",
    ),
    (
        "KARANI_MILVUS_URI",
        None,
        "where Milvus is: `http://HOST:19530`, or a file `….db` for Milvus Lite; none: `milvus.db` in the data directory",
    ),
    ("KARANI_MILVUS_TOKEN", None, "Milvus' `USER:PASSWORD` or API key"),
    ("KARANI_MILVUS_DATABASE", None, "the Milvus database; none: the server's default"),
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
    (
        "KARANI_DATABASE",
        None,
        "`postgresql://USER:PASSWORD@HOST/NAME`: documents and pages lie there instead of in `corpus.sqlite`, so "
        "that many machines can share them ([docs/scaling.md](docs/scaling.md))",
    ),
    ("KARANI_DATABASE_SCHEMA", "karani", "the schema in that database: one a corpus"),
    ("KARANI_DATABASE_CONNECTIONS", "8", "the most connections to it that one process keeps"),
    *limits.variables(),
)
_SCHEMES = ("postgresql", "postgres")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FEWEST_CONNECTIONS = 2  # one that streams a long result, one for what is asked meanwhile


class SettingsError(ValueError):
    """A setting has a value that it cannot have; says which it can, and never shows a password."""


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """Which PostgreSQL holds the corpus.

    Attributes:
        url: where it is and who asks (``KARANI_DATABASE``); never shown, as a password may stand in it.
        schema: holds this corpus' tables (``KARANI_DATABASE_SCHEMA``).
        connections: the most that one process keeps (``KARANI_DATABASE_CONNECTIONS``).
    """

    url: str = field(repr=False)
    schema: str = "karani"
    connections: int = 8

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> DatabaseServer | None:
        """What ``KARANI_DATABASE…`` say; ``None`` without an address.

        Raises:
            SettingsError: one of them makes no sense.
        """
        url = environ.get("KARANI_DATABASE", "").strip()
        if not url:
            return None
        server = cls(url, environ.get("KARANI_DATABASE_SCHEMA") or "karani")
        number = environ.get("KARANI_DATABASE_CONNECTIONS") or str(server.connections)
        if not (number.isascii() and number.isdigit() and _FEWEST_CONNECTIONS <= int(number[:9]) <= 1000):
            raise _unusable(
                "KARANI_DATABASE_CONNECTIONS", "2–1000", f"a number from {_FEWEST_CONNECTIONS} to 1000"
            )
        if not _SCHEMA.fullmatch(server.schema):
            raise _unusable(
                "KARANI_DATABASE_SCHEMA", "a-z 0-9 _", "a name of small letters, digits and underscores"
            )
        if urlsplit(url).scheme not in _SCHEMES:
            raise _unusable(
                "KARANI_DATABASE", "postgresql://…", "an address such as postgresql://USER:PASSWORD@HOST/NAME"
            )
        if "@" in server.password or "/" in url.rpartition("@")[0].partition("://")[2]:
            raise _unusable(
                "KARANI_DATABASE", "รหัสผ่านที่เข้ารหัส @ / ? # เป็น %40 %2F %3F %23",
                "an address whose password has its @ / ? # written as %40 %2F %3F %23",
            )  # fmt: skip
        return replace(server, connections=int(number))

    @property
    def password(self) -> str:
        """The password as the address writes it; empty where there is none, so that messages can be freed of it."""
        return self.url.partition("://")[2].rpartition("@")[0].partition(":")[2]

    @property
    def variables(self) -> dict[str, str]:
        """The variables that say so, for a process that is started with them."""
        return {
            "KARANI_DATABASE": self.url,
            "KARANI_DATABASE_SCHEMA": self.schema,
            "KARANI_DATABASE_CONNECTIONS": str(self.connections),
        }


def _unusable(name: str, thai: str, english: str) -> SettingsError:
    return SettingsError(f"{name}: ต้องเป็น {thai} / must be {english}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once at start with `Settings.from_environment`; never at import.

    Attributes:
        data: the data directory (``KARANI_DATA``, default ``var``).
        encoder: ``builtin``, or a sentence-transformers model's name or folder (``KARANI_ENCODER``).
        encoder_revision: hub commit that pins a named encoder (``KARANI_ENCODER_REVISION``).
        engine: what holds the index, one of `ENGINES` (``KARANI_ENGINE``).
        milvus_uri: Milvus' address or Milvus Lite's file (``KARANI_MILVUS_URI``).
        milvus_token: what it lets in with (``KARANI_MILVUS_TOKEN``).
        milvus_database: the database there (``KARANI_MILVUS_DATABASE``).
        keep_originals: keep a copy of each ingested file under ``files/`` (``KARANI_KEEP_ORIGINALS``, 1 or 0).
        workers: processes that read, clean, segment and encode, ``None`` for one a core (``KARANI_WORKERS``).
        vector_index: how vectors are searched: ``exact``, ``ivf``, or ``auto``, by the number of passages
            (``KARANI_VECTOR_INDEX``).
        limits: how much of a file is read at most (``KARANI_MAX_…``).
        server: the PostgreSQL that holds documents and pages (``KARANI_DATABASE…``); ``None`` is the file `database`.
    """

    data: Path = Path("var")
    encoder: str = "builtin"
    encoder_revision: str | None = None
    engine: str = "embedded"
    milvus_uri: str = ""
    milvus_token: str = field(default="", repr=False)
    milvus_database: str = ""
    keep_originals: bool = True
    workers: int | None = None
    vector_index: str = "auto"
    limits: Limits = field(default_factory=Limits)
    server: DatabaseServer | None = None

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, *, data: Path | None = None
    ) -> Settings:
        """Settings from ``KARANI_*`` variables; an explicit ``data`` wins.

        Raises:
            corpus.limits.LimitsError: a limit, or the number of workers, is no whole number above zero.
            SettingsError: there is no such engine, or the PostgreSQL server's address, schema or connections make no
                sense.
        """
        engine = environ.get("KARANI_ENGINE") or "embedded"
        if engine not in ENGINES:
            raise SettingsError(
                f"KARANI_ENGINE ต้องเป็น {' หรือ '.join(ENGINES)} / KARANI_ENGINE must be {' or '.join(ENGINES)}"
            )
        return cls(
            data=data or Path(environ.get("KARANI_DATA") or "var"),
            encoder=environ.get("KARANI_ENCODER") or "builtin",
            encoder_revision=environ.get("KARANI_ENCODER_REVISION") or None,
            engine=engine,
            milvus_uri=environ.get("KARANI_MILVUS_URI", "").strip(),
            milvus_token=environ.get("KARANI_MILVUS_TOKEN", "").strip(),
            milvus_database=environ.get("KARANI_MILVUS_DATABASE", "").strip(),
            keep_originals=environ.get("KARANI_KEEP_ORIGINALS", "1").strip().lower()
            not in {"0", "false", "no", "off"},
            workers=limits.number("KARANI_WORKERS", environ["KARANI_WORKERS"])
            if environ.get("KARANI_WORKERS")
            else None,
            vector_index=environ.get("KARANI_VECTOR_INDEX") or "auto",
            limits=Limits.from_environment(environ),
            server=DatabaseServer.from_environment(environ),
        )

    @property
    def processes(self) -> int:
        """``workers``, or as many as there are cores for this process."""
        return self.workers or cores()

    @property
    def variables(self) -> dict[str, str]:
        """The variables that say where the corpus is and how it is encoded, for a process that goes on with it."""
        return {
            "KARANI_ENCODER": self.encoder,
            "KARANI_ENCODER_REVISION": self.encoder_revision or "",
            "KARANI_KEEP_ORIGINALS": "1" if self.keep_originals else "0",
            "KARANI_ENGINE": self.engine,
            "KARANI_MILVUS_URI": self.milvus_uri,
            "KARANI_MILVUS_TOKEN": self.milvus_token,
            "KARANI_MILVUS_DATABASE": self.milvus_database,
            **({"KARANI_DATABASE": ""} if self.server is None else self.server.variables),
        }

    @property
    def database(self) -> Path:
        """The SQLite store: the truth about documents, pages, cases and passages, where no `server` is set."""
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
