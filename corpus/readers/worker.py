"""The process that reads strangers' PDFs, web pages and Word files, one after another, for `corpus.readers.apart`.

Each line on stdin asks for one file; the answers are lines of JSON on stdout: ``begun``, then ``document`` for each
document, then ``end``, or ``error`` with what a `ReadError` says. It ends when stdin does, at once, whatever it is at.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from corpus import confined
from corpus.limits import Limits
from corpus.readers import files
from corpus.readers.errors import ReadError, broke_off, too_hungry

_GRACE_SECONDS = 10


def main() -> None:
    """Answer until stdin ends or memory does."""
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    while True:
        try:
            _answer(json.loads(asked.get().decode("utf-8", "surrogatepass")))
        except MemoryError:
            # What is left of the heap is in pieces: the next file gets a new process.
            os._exit(os.EX_UNAVAILABLE)


def _listen(asked: queue.SimpleQueue[bytes]) -> None:
    """Hand requests on; where there can be no more of them, end this process and what it started."""
    for line in sys.stdin.buffer:
        asked.put(line)
    if os.getpgid(0) != os.getpid():
        os._exit(os.EX_OK)  # started by hand: the others in the group are not ours
    os.killpg(0, signal.SIGKILL)


def _answer(request: Mapping[str, Any]) -> None:
    path, source, limits = Path(request["path"]), str(request["source"]), Limits(**request["limits"])
    confined.allow(limits.reading_seconds)
    # Whoever asked watches the clock; this one rings only where nobody is left to do so.
    signal.alarm(limits.reading_seconds + _GRACE_SECONDS)
    _say({"begun": True})
    try:
        for found in getattr(import_module(request["module"]), request["function"])(path, source, limits):
            _say({"document": asdict(files.check(path, found, limits))})
        _say({"end": True})
    except ReadError as error:
        _refuse(error)
    except MemoryError:
        _refuse(too_hungry(path, limits.reading_memory_bytes))
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser does, the next file is read
        _refuse(broke_off(path, f"{type(error).__name__}: {error}"[:200]))
    signal.alarm(0)


def _refuse(error: ReadError) -> None:
    _say({"error": {"reason": error.reason, "advice": error.advice}})


def _say(answer: Mapping[str, Any]) -> None:
    data = json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
