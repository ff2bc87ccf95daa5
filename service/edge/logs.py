"""The log: JSON lines, or plain ones on a terminal; never what was asked unless ``KARANI_LOG_QUESTIONS`` is on.

An error's own words can hold a question (``ValueError: no such word …``). Of errors outside Karani's own
loggers only the type and the places are written, never the words.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from starlette.types import Scope

from service.edge.current import CURRENT, Current
from service.edge.tracing import trace_id
from service.settings import ServiceSettings

_ROOT = Path(__file__).parents[2]
_access = logging.getLogger("karani.access")
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class RequestLog:
    """Writes one line for every answered request."""

    def __init__(self, settings: ServiceSettings, salt: bytes = b"") -> None:
        self._on = settings.access_log
        self._questions = settings.log_questions
        salt = salt or secrets.token_bytes(16)

        @lru_cache(maxsize=4096)
        def hashed(client: str) -> str:
            return blake2b(client.encode(), key=salt, digest_size=6).hexdigest()

        self._client = hashed if settings.log_clients == "hash" else None

    def write(
        self,
        current: Current,
        scope: Scope,
        method: str,
        route: str,
        status: int,
        seconds: float,
        sent_bytes: int,
    ) -> None:
        """One answered request; ``seconds`` from its head to the answer's end."""
        if not self._on or not _access.isEnabledFor(logging.INFO):
            return
        line: dict[str, Any] = {
            "request_id": current.request_id,
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "bytes": sent_bytes,
        }
        client = scope.get("client")
        if self._client is not None and client:
            line["client"] = self._client(client[0])
        for name in ("key_id", "refused", "generation", "hits", "answered", "search_ms"):
            value = getattr(current, name)
            if value is not None:
                line[name] = value
        if current.span is not None:
            line["trace_id"] = trace_id(current.span)
        if self._questions:
            line["path"] = scope["path"]
            line["query"] = scope["query_string"].decode("latin-1")
            line["question"] = current.question
        _access.handle(_record(line))


#: What each request's record shares; looking up process, thread and task anew takes longer than all the rest.
_SHARED = vars(logging.LogRecord(_access.name, logging.INFO, "", 0, "request", (), None))


def _record(line: dict[str, Any]) -> logging.LogRecord:
    record = logging.LogRecord.__new__(logging.LogRecord)
    now = time.time()
    vars(record).update(_SHARED, created=now, msecs=now % 1 * 1000, request=line)
    return record


class _Lines(logging.Formatter):
    def __init__(self, questions: bool = False) -> None:
        super().__init__()
        self._questions = questions
        self._pid = os.getpid()  # of several workers, which one

    def parts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What a record says."""
        request: dict[str, Any] | None = getattr(record, "request", None)
        if request is not None:
            return {"message": record.getMessage(), **request}
        message = record.getMessage()
        if record.name == "asyncio" and not self._questions:
            message = message.partition("\n")[0]  # the rest spells out the task's exception
        told: dict[str, Any] = {"message": message}
        current = CURRENT.get()
        if current is not None:
            told["request_id"] = current.request_id
        if record.exc_info and record.exc_info[1] is not None:
            own = record.name.startswith("karani.") and current is None
            told["error"] = describe(record.exc_info[1], words=self._questions or own)
        return told


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {
            "time": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": self._pid,
            **self.parts(record),
        }
        return _encode(line)


class TextLines(_Lines):
    """For people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; an error's places below it."""
        parts = self.parts(record)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        if hasattr(record, "request"):
            head = f"{parts['status']} {parts['method']} {parts['route']} {parts['duration_ms']} ms {parts['bytes']} B"
            shown = ("key_id", "refused", "question", "request_id")
            return f"{clock} {head}" + "".join(f" {name}={parts[name]}" for name in shown if parts.get(name))
        line = f"{clock} {record.levelname.lower()} {record.name}: {parts['message']}"
        error = parts.get("error")
        if error is None:
            return line
        words = f": {error['words']}" if "words" in error else ""
        return "\n".join([f"{line} [{error['type']}{words}]", *(f"    {place}" for place in error["places"])])


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _stamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


def describe(error: BaseException, *, words: bool) -> dict[str, Any]:
    """An error's type and the places it came through, the innermost last; its words where they may be told."""
    told: dict[str, Any] = {"type": type(error).__qualname__}
    if words:
        told["words"] = str(error)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        told["cause"] = type(cause).__qualname__
    told["places"] = _places(error.__traceback__)
    return told


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        file = Path(code.co_filename)
        shown = file.relative_to(_ROOT) if file.is_relative_to(_ROOT) else Path(*file.parts[-2:])
        places.append(f"{shown.as_posix()}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-20:]


def log_config(settings: ServiceSettings, *, whole_process: bool) -> dict[str, Any]:
    """For ``logging.config.dictConfig``: lines on stderr.

    Args:
        settings: the format, the level, and whether questions may be told.
        whole_process: other libraries' warnings too; not where the process belongs to somebody else.
    """
    kind: Literal["json", "text"] = "text" if settings.log_format == "text" else "json"
    if settings.log_format == "auto" and sys.stderr.isatty():
        kind = "text"
    formatter = {
        "()": f"service.edge.logs.{'TextLines' if kind == 'text' else 'JsonLines'}",
        "questions": settings.log_questions,
    }
    handlers: list[str] = [] if whole_process else ["stderr"]
    level = settings.log_level.upper()
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formatter},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
        },
        "loggers": {name: {"handlers": handlers, "level": level} for name in ("karani", "uvicorn")},
    }
    if whole_process:
        config["root"] = {"handlers": ["stderr"], "level": "WARNING"}
    return config
