"""Measure one system at one size: build, open, quality, one client, eight clients."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.measures import evaluate, means
from eval.peers.catalogue import Entry
from eval.peers.memory import disk_bytes
from eval.peers.process import RunnerError, SystemProcess
from eval.peers.questions import Questions

CLIENTS = 8
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that each part may take; what is not done by then counts as failed or, when timing, is left out."""

    start_s: float = 300
    build_s: float = 1200
    open_s: float = 600
    quality_s: float = 900
    timing_s: float = 120


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured, and where: a corpus file and a folder that takes the index and the log."""

    entry: Entry
    python: Path
    corpus: Path
    folder: Path
    log: Path


Say = Callable[[str, float, int], None]


def measure(subject: Subject, questions: Questions, limits: Limits, say: Say) -> dict[str, Any]:
    """Everything of one system; what fails is told under ``failed`` beside what was measured before it.

    ``say`` is told what is being done, for how many seconds, and with how many bytes.
    """
    figures: dict[str, Any] = {}
    try:
        if not subject.entry.built_by:
            figures |= _build(subject, questions, limits, say)
        figures |= _serve(subject, questions, limits, say)
    except RunnerError as error:
        figures["failed"] = str(error)
    return figures


def _process(subject: Subject, say: Say) -> SystemProcess:
    return SystemProcess(subject.python, subject.entry.module, subject.log, say)


def _build(subject: Subject, questions: Questions, limits: Limits, say: Say) -> dict[str, Any]:
    """From raw files to the first answer, in a fresh process; starting Python and loading libraries counts."""
    shutil.rmtree(subject.folder, ignore_errors=True)
    subject.folder.mkdir(parents=True)
    began = time.perf_counter()
    with _process(subject, say) as process:
        versions = process.started(limits.start_s)["versions"]
        base = process.tree.memory()
        told = process.do(
            "build", limits.build_s, watch=True,
            corpus=str(subject.corpus.resolve()), folder=str(subject.folder.resolve()), question=questions.warm[0],
        )  # fmt: skip
        seconds = time.perf_counter() - began
        process.tree.memory()
        build = {
            "seconds": seconds,
            "cpu_s": process.tree.cpu_s(),
            "base_bytes": base,
            "peak_bytes": process.tree.peak_bytes,
            **{name: value for name, value in told.items() if name != "first"},
        }
    return {"versions": versions, "build": build, "disk_bytes": disk_bytes(subject.folder)}


def _serve(subject: Subject, questions: Questions, limits: Limits, say: Say) -> dict[str, Any]:
    """From what lies on disk, in another fresh process."""
    began = time.perf_counter()
    with _process(subject, say) as process:
        versions = process.started(limits.start_s)["versions"]
        process.do("open", limits.open_s, folder=str(subject.folder.resolve()), question=questions.warm[0])
        figures: dict[str, Any] = {"versions": versions, "open_s": time.perf_counter() - began}
        ask = _Asking(process, limits)
        ask(questions.warm[1:], 1, limits.timing_s)
        figures["one"] = ask.timed(questions.one, 1)
        ask(questions.warm[1:], CLIENTS, limits.timing_s)
        figures["many"] = ask.timed(questions.many, CLIENTS)
        figures["serving_bytes"] = process.tree.memory()
        figures["quality"] = ask.judged(questions)
    return figures


class _Asking:
    """Sends questions and makes figures of what comes back."""

    def __init__(self, process: SystemProcess, limits: Limits) -> None:
        self._process = process
        self._limits = limits

    def __call__(
        self, texts: Sequence[str], clients: int, limit_s: float, label: str = "warm up"
    ) -> dict[str, Any]:
        # A question in work when the time is over is finished, however long it takes.
        return self._process.do(
            "answer",
            2 * limit_s + 300,
            label=label,
            questions=list(texts),
            clients=clients,
            limit_s=limit_s,
        )

    def timed(self, texts: Sequence[str], clients: int) -> dict[str, Any]:
        """Latencies and rate; processor milliseconds a question tell how busy a shared machine was with others."""
        before = self._process.tree.cpu_s()
        told = self(texts, clients, self._limits.timing_s, f"answer, clients: {clients}")
        if "fault" in told:
            return {"clients": clients, "fault": told["fault"]}
        spent = self._process.tree.cpu_s() - before
        if not told["ms"]:
            return {"clients": clients, "fault": "no question answered in time"}
        return {
            "clients": clients,
            "questions": len(told["ms"]),
            "per_s": len(told["ms"]) / told["wall_s"],
            "cpu_ms": 1000 * spent / len(told["ms"]),
            **{f"p{at}_ms": float(np.percentile(told["ms"], at)) for at in PERCENTILES},
        }

    def judged(self, questions: Questions) -> dict[str, Any]:
        """Measures over the judged questions, by the same code for every system."""
        told = self([query.text for query in questions.judged], 1, self._limits.quality_s, "judged questions")
        if "fault" in told:
            return {"fault": told["fault"]}
        if len(told["asked"]) < len(questions.judged):
            return {"fault": f"{len(told['asked'])} of {len(questions.judged)} questions answered in time"}
        run = {
            query.query_id: [(document, 1.0 / rank) for rank, document in enumerate(ranked, start=1)]
            for query, ranked in zip(questions.judged, told["ranked"], strict=True)
        }
        return {**quality(questions, run), "questions": len(questions.judged)}


def quality(questions: Questions, run: Mapping[str, Sequence[tuple[str, float]]]) -> dict[str, float]:
    """``nDCG@10`` by grades, ``Success@1`` from the data set's relevance level on."""
    success = f"Success(rel={questions.level})@1" if questions.level > 1 else "Success@1"
    found = means(evaluate(("nDCG@10", success), questions.qrels, run))
    return {"nDCG@10": found["nDCG@10"], "Success@1": found[success]}
