"""Rows of the table that are plain retrieval: a system over a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.experiment import Options, measure
from eval.measures import default_measures
from eval.quality.rows import Row, Target
from eval.quality.sets import BITEXT, TITLES, Sets
from eval.significance import bootstrap_interval
from index.encoders import load_encoder
from index.interfaces import Vectors

#: How a measure of ir_measures is called in the table.
Measures = Mapping[str, Target | None]


def retrieval(
    job: str, name: str, system: str, measures: Measures, sets: Sets, out: Path | None
) -> list[Row]:
    """Ask every question of a set and give a row for each measure.

    ``measures`` are named without their relevance level, which is the set's own.
    """
    dataset = sets.dataset(name)
    level = dataset.relevance_level
    exact = {measure: _at_level(measure, level) for measure in measures}
    names = tuple(dict.fromkeys([*default_measures(level), *exact.values()]))
    folder = (out or sets.cache / "quality") / job
    asked = sets.system(name, system)
    options = Options(measures=names)
    result = measure(dataset, asked, folder, options, cache=sets.cache, progress=sets.progress)
    rows = []
    for short, target in measures.items():
        score = result.scores[exact[short]]
        label = f"{system}, {short}" if system == "hybrid" else f"{system} alone, {short}"
        rows.append(Row(job, TITLES[name], label, score.mean, score.interval, len(dataset.queries), target))
    return rows


def _at_level(measure: str, level: int) -> str:
    kind, _, depth = measure.partition("@")
    return measure if kind == "nDCG" or level == 1 else f"{kind}(rel={level})@{depth}"


def translation(job: str, to_thai: bool, target: Target | None, sets: Sets) -> list[Row]:
    """Find every sentence's translation among all of the other language by cosine alone."""
    english, thai = sets.bitext()
    asked, found = (english, thai) if to_thai else (thai, english)
    encoder = load_encoder(sets.settings.encoder, revision=sets.settings.encoder_revision)
    right = first_is_right(encoder.encode_queries(asked), encoder.encode_passages(found), found)
    label = "English → Thai, R@1, dense" if to_thai else "Thai → English, R@1, dense"
    mean, interval = float(np.mean(right)), bootstrap_interval(right)
    return [Row(job, TITLES[BITEXT], label, mean, interval, len(asked), target)]


def first_is_right(queries: Vectors, passages: Vectors, texts: Sequence[str]) -> list[float]:
    """Give 1 for every query whose nearest passage is the one in its own place, or says the same; else 0."""
    nearest = np.argmax(queries @ passages.T, axis=1)
    return [float(texts[int(found)] == texts[own]) for own, found in enumerate(nearest)]
