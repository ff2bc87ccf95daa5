"""How sure an answer is: a logistic of its evidence, fitted on answered and unanswerable questions.

The numbers it looks at (`NAMES`) come from the question, the passage and word
weights of Thai at large, never from counts in the searched corpus, so that they
mean the same among seven pages and a million. Platt scaling (Platt 1999).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).parent / "model" / "calibration.json"
NAMES = (
    "evidence_coverage", "evidence_grams", "evidence_cosine",
    "coverage", "grams", "cosine", "soft", "weakest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calibration:
    """``1 / (1 + exp(-(bias + weights · numbers)))``; below ``threshold`` nothing is answered."""

    weights: tuple[float, ...] = (3.0, 1.0, 2.0, 1.0, 2.0, 2.0, 2.0, 0.0)
    bias: float = -6.5
    threshold: float = 0.5

    @classmethod
    def load(cls, path: Path = MODEL) -> Calibration:
        """The shipped calibration, or a plain one where none fits today's numbers."""
        if not path.exists():
            return cls()
        data = json.loads(path.read_text(encoding="utf-8"))
        if tuple(data["names"]) != NAMES:
            return cls()
        return cls(tuple(data["weights"]), float(data["bias"]), float(data["threshold"]))

    def save(self, path: Path) -> None:
        """Write as JSON."""
        data = {
            "names": NAMES,
            "weights": [round(weight, 5) for weight in self.weights],
            "bias": round(self.bias, 5),
            "threshold": round(self.threshold, 4),
        }
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @property
    def revision(self) -> str:
        """Pins weights and threshold; recorded in manifests."""
        return hashlib.sha256(repr((self.weights, self.bias, self.threshold)).encode()).hexdigest()[:16]

    def __call__(self, numbers: Sequence[float]) -> float:
        """The probability that the evidence answers."""
        z = self.bias + sum(w * x for w, x in zip(self.weights, numbers, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))
