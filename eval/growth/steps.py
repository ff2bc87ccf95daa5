"""One step of growth: a corpus of some size, built, asked, and its recall measured."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.settings import Settings
from eval.datasets import read_corpus
from eval.growth import corpora, recall
from eval.peers.catalogue import CATALOGUE
from eval.peers.measuring import Limits, Subject, measure
from eval.peers.progress import Teller
from eval.peers.questions import Questions
from eval.peers.sizes import SIZES
from eval.peers.systems.karani_engine import data_directory

ENTRY = CATALOGUE[0]
DEPTH = 10
_RECALL_QUESTIONS = 300
_LIMITS = Limits(build_s=4 * 3600, open_s=900, quality_s=60, timing_s=180)


@dataclass(frozen=True, slots=True)
class Step:
    """A size: ``documents`` of the full corpus, or of copies of it where it has not so many."""

    name: str
    documents: int
    expected_s: float

    def corpus(self, full: Path, folder: Path, seed: int, say: Callable[[str], None]) -> Path:
        """The corpus file, made now where it is not there yet."""
        total = SIZES[1].documents
        if self.documents == total:
            return full
        path = folder / f"{self.name}-{self.documents}-seed{seed}.jsonl.zst"
        if not path.exists():
            say(f"writing {path}")
            if self.documents < total:
                texts = corpora.part(read_corpus(full), self.documents, total)
            else:
                texts = corpora.copies(full, self.documents, seed)
            corpora.write(path, texts)
        return path


STEPS = (
    Step("12k", 12_000, 70),
    Step("40k", 40_000, 190),
    Step("89k", 89_487, 360),
    # About 1.6 million passages: 3.2 copies of the corpus, each a tenth shorter.
    Step("1.6M", 288_000, 1200),
)


def run(step: Step, corpus: Path, folder: Path, questions: Questions, teller: Teller) -> dict[str, Any]:
    """Measure one step; its index is removed afterwards."""
    index = folder / "indexes" / step.name
    log = folder / "logs" / f"{step.name}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        figures = measure(
            Subject(ENTRY, Path(sys.executable), corpus, index, log), questions, _LIMITS, teller
        )
        if "failed" not in figures:
            figures["recall"] = {
                "depth": DEPTH,
                "by_score": recall.measure(
                    Settings(data=data_directory(index)),
                    questions.one[:_RECALL_QUESTIONS],
                    DEPTH,
                    lambda done, total: teller(
                        f"exact scores {done:,} of {total:,}", time.monotonic() - began, 0
                    ),
                ),
            }
    finally:
        shutil.rmtree(index, ignore_errors=True)
    return {**figures, "documents": step.documents, "took_s": time.monotonic() - began}
