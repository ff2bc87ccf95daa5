"""The process of one system under measurement: JSON lines on standard input, one JSON line back for each.

Run as ``python -m eval.peers.systems.NAME`` by the Python that has the system's packages, so nothing here needs
more than the standard library. What a library prints goes to standard error.

Commands: ``{"do": "build", "corpus", "folder", "question"}`` (raw file to first answer, left on disk),
``{"do": "open", "folder", "question"}`` (from disk to first answer), ``{"do": "answer", "questions", "clients", "limit_s"}``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

#: Documents of an answer, and passages that a peer is asked for so that they make as many documents.
DOCUMENTS = 10
PASSAGES = 50


class System(Protocol):
    """What is measured. Answers hold whatever the system's own users get."""

    def versions(self) -> Mapping[str, str]:
        """Packages that do the work, with their versions."""

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Read a BEIR corpus file and leave an index in ``folder``, open for questions; figures worth keeping."""

    def open(self, folder: Path) -> None:
        """Open what `build` left."""

    def ask(self, question: str) -> Any:
        """Answer, called by several threads; all of its time counts."""

    def documents(self, answer: Any) -> Iterable[str]:
        """Ids of an answer's documents, best first, repeated where several passages of one were found."""

    def close(self) -> None:
        """Let go of files and processes."""


def installed(*names: str) -> dict[str, str]:
    """Versions of installed packages."""
    return {name: metadata.version(name) for name in names}


def serve(make: type[System]) -> int:
    """Obey commands until standard input ends; errors are answers, too."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    system: System | None = None

    def say(value: Mapping[str, Any]) -> None:
        answers.write(json.dumps(value, ensure_ascii=False) + "\n")
        answers.flush()

    try:
        system = make()
        say({"ready": True, "versions": dict(system.versions())})
        for line in sys.stdin:
            say(_obey(system, json.loads(line)))
    except Exception as error:  # noqa: BLE001 - whatever a library raises is what the table has to say of it
        say({"error": f"{type(error).__name__}: {error}"})
        return 1
    finally:
        if system is not None:
            system.close()
    return 0


def _obey(system: System, command: Mapping[str, Any]) -> dict[str, Any]:
    if command["do"] == "answer":
        return _answers(system, command["questions"], int(command["clients"]), float(command["limit_s"]))
    folder = Path(command["folder"])
    figures: Mapping[str, Any] = {}
    if command["do"] == "build":
        figures = system.build(Path(command["corpus"]), folder)
    else:
        system.open(folder)
    return {**figures, "first": _distinct(system.documents(system.ask(command["question"])))}


def _answers(system: System, questions: Sequence[str], clients: int, limit_s: float) -> dict[str, Any]:
    """Ask by ``clients`` threads, each with its next question as soon as the last is answered."""
    numbers, guard = iter(range(len(questions))), threading.Lock()
    times: dict[int, float] = {}
    answers: dict[int, Any] = {}
    faults: list[str] = []
    began = time.perf_counter()

    def client() -> None:
        while not faults and time.perf_counter() - began < limit_s:
            with guard:
                number = next(numbers, None)
            if number is None:
                return
            asked = time.perf_counter()
            try:
                answers[number] = system.ask(questions[number])
            except Exception as error:  # noqa: BLE001 - some systems cannot be asked by several threads: told, not hidden
                faults.append(f"{type(error).__name__}: {error}")
                return
            times[number] = (time.perf_counter() - asked) * 1000

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.perf_counter() - began
    if faults:
        return {"fault": faults[0][:300]}
    ranked = {number: _distinct(system.documents(answers[number])) for number in times}
    done = sorted(times)
    return {
        "wall_s": wall_s,
        "asked": done,
        "ms": [times[n] for n in done],
        "ranked": [ranked[n] for n in done],
    }


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))[:DOCUMENTS]
