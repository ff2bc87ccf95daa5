"""Answers kept as they come, so that a long run goes on after an interruption and a second one is quick."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import IO, Any

from eval.systems.interfaces import Found, Timed


class Journal:
    """A JSON-lines file of answers by question and depth; without a path it only remembers.

    Each answer is one appended line. A last line cut short by a crash is dropped when the file is read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[tuple[str, int], Timed] = {}
        self._stream: IO[str] | None = None

    def __enter__(self) -> Journal:
        if self._path is not None and self._path.is_file():
            self._read(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def get(self, text: str, depth: int) -> Timed | None:
        """Return the answer kept for a question, if any."""
        return self._known.get((text, depth))

    def put(self, text: str, depth: int, answer: Timed) -> None:
        """Keep an answer at once."""
        self._known[text, depth] = answer
        if self._path is None:
            return
        if self._stream is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._path.open("a", encoding="utf-8")
        found = [dataclasses.astuple(item) for item in answer.found]
        line = {"text": text, "depth": depth, "took_ms": answer.took_ms, "found": found}
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()

    def _read(self, path: Path) -> None:
        whole = path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            with path.open("r+b") as stream:
                stream.truncate(end)
        for raw in whole[:end].split(b"\n")[:-1]:
            line: dict[str, Any] = json.loads(raw)
            found = tuple(Found(*item) for item in line["found"])
            self._known[line["text"], line["depth"]] = Timed(found, line["took_ms"])
