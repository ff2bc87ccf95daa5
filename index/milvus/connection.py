"""One way to talk to Milvus: a server or a cluster by its address, Milvus Lite by a file's name.

Every call has a time limit, within which the client itself tries again what failed on the way. What goes wrong comes
as `UnavailableError` (nobody answers, or not in time) or `MilvusError` (Milvus says no), with what to do.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from corpus.settings import Settings
from index.interfaces import UnavailableError
from index.manifest import GenerationError

LITE = "milvus.db"
#: Seconds that a search or a look may take.
PATIENCE_SECONDS = 10.0
#: Seconds that inserting a batch, flushing, loading or indexing may take.
WRITING_SECONDS = 600.0
_LOOK_SECONDS = 2.0
_LITE_SUFFIX = ".db"
_GONE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"})


class MilvusError(GenerationError):
    """Milvus refuses, or holds something else than it should; says what to do."""


def address(settings: Settings) -> str:
    """The address of the server, or the file of Milvus Lite: ``milvus.db`` in the data directory if none is set."""
    return settings.milvus_uri or str(settings.data / LITE)


class Connection:
    """A client that is safe to share between threads; its calls are `pymilvus.MilvusClient`'s by name.

    Args:
        uri: ``http://HOST:PORT``, ``https://…``, or a file that ends in ``.db``.
        token: ``USER:PASSWORD`` or an API key.
        database: the Milvus database, the server's default if empty.

    Raises:
        UnavailableError: nobody answers there.
        MilvusError: pymilvus (or milvus-lite) is not installed, or the server refuses.
    """

    def __init__(self, uri: str, token: str = "", database: str = "") -> None:
        self.uri = uri
        self.patience_seconds = PATIENCE_SECONDS
        client_class = _client_class()
        if is_file(uri):
            _lite_installed()
            Path(uri).absolute().parent.mkdir(parents=True, exist_ok=True)
        try:
            self._client: Any = client_class(uri=uri, token=token, db_name=database, timeout=PATIENCE_SECONDS)
        except Exception as error:  # the client raises its own, gRPC's and Python's errors alike
            raise _told(uri, error) from error
        self.is_lite = is_file(uri) or "lite" in str(self("get_server_version")).lower()

    def __call__(self, name: str, *args: Any, timeout: float | None = None, **options: Any) -> Any:
        """Call a method of the client.

        Raises:
            UnavailableError: nobody answers, or not in time.
            MilvusError: the server refuses.
        """
        try:
            return getattr(self._client, name)(*args, timeout=timeout or self.patience_seconds, **options)
        except Exception as error:
            raise _told(self.uri, error) from error

    def problem(self) -> str:
        """Why it does not answer just now; empty when it does."""
        try:
            self("get_server_version", timeout=_LOOK_SECONDS)
        except (UnavailableError, MilvusError) as error:
            return str(error)
        return ""


_connections: dict[tuple[str, str, str], Connection] = {}
_connecting = threading.Lock()


def connect(settings: Settings) -> Connection:
    """The process' connection to where the settings say.

    Raises:
        UnavailableError: nobody answers there.
        MilvusError: pymilvus is not installed, or the server refuses.
    """
    key = (address(settings), settings.milvus_token, settings.milvus_database)
    with _connecting:
        if key not in _connections:
            _connections[key] = Connection(*key)
        return _connections[key]


def is_file(uri: str) -> bool:
    """Whether an address names Milvus Lite's file."""
    return "://" not in uri and uri.endswith(_LITE_SUFFIX)


def _client_class() -> Any:
    try:
        from pymilvus import MilvusClient
    except ImportError as error:
        raise MilvusError(_missing("pymilvus")) from error
    # It logs every refusal with its traceback, also those that are expected; errors say the same.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    return MilvusClient


def _lite_installed() -> None:
    try:
        import milvus_lite  # noqa: F401
    except ImportError as error:
        raise MilvusError(_missing("milvus-lite")) from error


def _missing(package: str) -> str:
    return (
        f"ยังไม่ได้ติดตั้ง {package} — สั่ง pip install 'karani[milvus]' / "
        f"{package} is not installed: run pip install 'karani[milvus]'"
    )


def _told(uri: str, error: Exception) -> Exception:
    """An error of the client's in our own words; the token never stands in it."""
    reason = str(getattr(error, "message", "") or error).strip().split("\n")[0]
    code = getattr(getattr(error, "code", None), "name", "") or _rpc_code(error)
    gone = code in _GONE or any(sign in reason for sign in ("imeout", "Fail connecting", "unavailable"))
    if is_file(uri) and ("lock" in reason.lower() or "milvus-lite" in reason.lower() or "None" in reason):
        return MilvusError(
            f"เปิด {Path(uri).name} ไม่ได้ ({reason}) Milvus Lite ให้ใช้ครั้งละโปรเซสเดียว หากมีหลายโปรเซสให้ใช้เซิร์ฟเวอร์ Milvus / "
            f"cannot open {Path(uri).name} ({reason}): Milvus Lite serves one process at a time; for several, "
            "set KARANI_MILVUS_URI to a Milvus server"
        )
    if gone:
        return UnavailableError(
            f"ติดต่อ Milvus ที่ {uri} ไม่ได้ ({reason}) ตรวจว่าเซิร์ฟเวอร์ทำงานอยู่และ KARANI_MILVUS_URI ถูกต้อง / "
            f"Milvus at {uri} does not answer ({reason}): look whether it runs and KARANI_MILVUS_URI is right"
        )
    return MilvusError(f"Milvus ที่ {uri} ไม่รับคำสั่ง: {reason} / Milvus at {uri} refuses: {reason}")


def _rpc_code(error: Exception) -> str:
    """The name of a gRPC status, which is either a method or, inside pymilvus' exceptions, a value."""
    code = getattr(error, "code", None)
    if callable(code):
        code = code()
    return str(getattr(code, "name", ""))
