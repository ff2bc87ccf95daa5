"""Reading in a process of its own: PDF, web pages and Word files come from strangers, and C and C++ parse them.

One process serves many files, because its libraries take long to load. It has bounded memory and time and cannot write
to files; when it dies, hangs or passes a limit, that file is refused, and the next one gets a new process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corpus import confined
from corpus.limits import Limits
from corpus.readers import files
from corpus.readers.errors import ReadError, broke_off, too_hungry, too_much_text, too_slow
from corpus.records import SourceDocument, SourcePage

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIECE_BYTES = 1 << 16
_MORE_BYTES = 16 << 20
_LAST_SECONDS = 2.0


class _DiedError(RuntimeError):
    """The process ended in the middle; says how."""


class _TooMuchError(RuntimeError):
    """It answered with more than may be."""


class Apart:
    """One reading process, started when the first file comes; threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._served = 0
        self._memory_bytes = 0

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        return self._process.pid if self._process else None

    def read(self, path: Path, source: str, reader: tuple[str, str], limits: Limits) -> list[SourceDocument]:
        """Read a file with the function of a module, in the other process.

        Raises:
            ReadError: it cannot be read, or not within the limits.
        """
        request = {"path": str(path.absolute()), "source": source, "limits": asdict(limits)}
        request |= {"module": reader[0], "function": reader[1]}
        line = json.dumps(request, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        with self._lock:
            try:
                return _documents(path, source, self._answers(line, limits), limits)
            except subprocess.TimeoutExpired as error:
                self._end()
                raise too_slow(path, limits.reading_seconds) from error
            except _TooMuchError as error:
                self._end()
                raise too_much_text(path, limits.document_chars, "ไฟล์ (the file)") from error
            except (_DiedError, OSError, ValueError, LookupError, TypeError) as error:
                raise self._explained(path, error, limits) from error
            except BaseException as error:
                if not isinstance(error, ReadError):
                    self._end()  # its answer would be taken for the next file's
                raise

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _answers(self, line: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
        """What the process says to a request; one that died before it began is replaced once."""
        for last in (False, True):
            try:
                process = self._ready(limits)
                deadline = time.monotonic() + limits.reading_seconds + _LAST_SECONDS
                _send(process, line)
                answers = _lines(process, deadline, limits)
                next(answers)  # it has begun
            except (_DiedError, BrokenPipeError):
                if last:
                    raise
                self._end()
            else:
                self._served += 1
                yield from answers
                return

    def _ready(self, limits: Limits) -> subprocess.Popen[bytes]:
        """The process, a new one where the old one is dead, worn, of other limits or another's (after a fork)."""
        usable = (
            self._process is not None
            and self._owner == os.getpid()
            and self._process.poll() is None
            and self._served < limits.files_a_process
            and self._memory_bytes == limits.reading_memory_bytes
        )
        if self._process is not None and usable:
            return self._process
        self._end()
        seconds = (limits.reading_seconds + 1) * limits.files_a_process
        memory = limits.reading_memory_bytes
        self._process = subprocess.Popen(  # noqa: S603
            confined.command("corpus.readers.worker", memory_bytes=memory, seconds=seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=confined.environment(),
            bufsize=0,
            start_new_session=True,  # so that what it starts ends with it
        )
        self._owner, self._served, self._memory_bytes = os.getpid(), 0, memory
        return self._process

    def _end(self) -> None:
        """End the process and what it started; one that belongs to the parent of a fork is only let go."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if self._owner != os.getpid():
            process.returncode = 0  # not this process's child: nothing to wait for
        elif process.returncode is None:
            _killed(process)

    def _explained(self, path: Path, error: Exception, limits: Limits) -> ReadError:
        process = self._process
        ended = None if process is None else _killed(process)
        self._end()
        if ended == os.EX_UNAVAILABLE:
            return too_hungry(path, limits.reading_memory_bytes)
        if ended in (-signal.SIGXCPU, -signal.SIGALRM):
            return too_slow(path, limits.reading_seconds)
        how = str(error) if ended is None else _named(ended)
        return broke_off(path, how)


def _documents(
    path: Path, source: str, answers: Iterator[dict[str, Any]], limits: Limits
) -> list[SourceDocument]:
    found = []
    for answer in answers:
        if "error" in answer:
            error = answer["error"]
            raise ReadError(path, str(error["reason"]), str(error["advice"]))
        if "end" in answer:
            break
        found.append(files.check(path, _document(answer["document"], source), limits))
    return found


def _document(fields: dict[str, Any], source: str) -> SourceDocument:
    """A document as it was answered, trusted no further than its types; ValueError where they are not as they must be."""
    name, title, metadata = fields["name"], fields["title"], fields["metadata"]
    pages = tuple(SourcePage(page["number"], page["text"]) for page in fields["pages"])
    texts = [
        name or "",
        title or "",
        fields["reader"],
        *metadata,
        *metadata.values(),
        *(p.text for p in pages),
    ]
    numbers = all(isinstance(page.number, int) and page.number > 0 for page in pages)
    if not (numbers and all(isinstance(text, str) for text in texts) and _SHA256.fullmatch(fields["sha256"])):
        raise ValueError("an answer of another form")
    return SourceDocument(name, title, source, fields["sha256"], fields["reader"], pages, metadata)


def _send(process: subprocess.Popen[bytes], line: bytes) -> None:
    if process.stdin is None:
        raise _DiedError("no stdin")
    process.stdin.write(line)
    process.stdin.flush()


def _lines(process: subprocess.Popen[bytes], deadline: float, limits: Limits) -> Iterator[dict[str, Any]]:
    """What the process writes, line by line, until the deadline and at most as much as a document's text takes."""
    if process.stdout is None:
        raise _DiedError("no stdout")
    stdout = process.stdout.fileno()
    poll = select.poll()
    poll.register(stdout, select.POLLIN)
    held, left = bytearray(), 4 * limits.document_chars + _MORE_BYTES
    while True:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise subprocess.TimeoutExpired(process.args, limits.reading_seconds)
        piece = os.read(stdout, _PIECE_BYTES)
        if not piece:
            raise _DiedError("it ended")
        left -= len(piece)
        if left < 0:
            raise _TooMuchError
        start = len(held)
        held.extend(piece)
        if (end := held.rfind(b"\n", start)) >= 0:
            whole, held = held[:end], held[end + 1 :]
            for line in whole.split(b"\n"):
                yield json.loads(line.decode("utf-8", "surrogatepass"))


def _named(ended: int) -> str:
    return signal.Signals(-ended).name if ended < 0 else f"exit {ended}"


def _killed(process: subprocess.Popen[bytes]) -> int:
    """End the process and what it started; how it ended, which is its own way where it had ended before."""
    if process.returncode is None:
        # Not waited for yet, so that its number cannot have gone to another.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


_APART = Apart()
atexit.register(_APART.close)


def read(path: Path, source: str, reader: tuple[str, str], limits: Limits) -> list[SourceDocument]:
    """`Apart.read` in this process's one reading process."""
    return _APART.read(path, source, reader, limits)


def close() -> None:
    """End this process's reading process; the next file starts a new one."""
    _APART.close()
