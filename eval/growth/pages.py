"""What ``make growth`` leaves in the documentation: a table, two pictures, all figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import tables
from eval.files import written
from eval.peers.filling import fill_file
from eval.peers.pages import PAGE, origin
from eval.peers.table import look
from eval.report import plots

FIGURES, PICTURES = "growth.json", ("growth-build.svg", "growth-questions.svg")
HEADER = (
    "documents", "passages", "ingest, s", "build, s", "raw files → first answer, s", "peak memory, MB", "disk, MB",
    "open, s", "memory serving, MB", "p50 ms", "p95 ms", "questions/s, 8 clients", "recall@10 by score",
)  # fmt: skip
_COLUMNS: tuple[tuple[tuple[str, ...], float, int], ...] = (
    (("documents",), 1, 0), (("build", "passages"), 1, 0), (("build", "ingest_s"), 1, 0), (("build", "build_s"), 1, 0),
    (("build", "seconds"), 1, 0), (("build", "peak_bytes"), 1e6, 0), (("disk_bytes",), 1e6, 0), (("open_s",), 1, 1),
    (("serving_bytes",), 1e6, 0), (("one", "p50_ms"), 1, 1), (("one", "p95_ms"), 1, 1), (("many", "per_s"), 1, 0),
    (("recall", "by_score"), 1, 4),
)  # fmt: skip
Results = Mapping[str, Mapping[str, Any]]
_Series = Mapping[str, Sequence[str]]


def rows(results: Results) -> list[list[str]]:
    """Cells of each size."""
    return [
        [
            "–" if (value := look(result, path)) is None else f"{value / unit:,.{decimals}f}"
            for path, unit, decimals in _COLUMNS
        ]
        for result in results.values()
    ]


def plain(results: Results) -> str:
    """For a terminal."""
    failed = [f"{name}: {result['failed']}" for name, result in results.items() if "failed" in result]
    return "\n".join([tables.plain(HEADER, rows(results)), *failed])


def write(docs: Path, results: Results) -> None:
    """Fill the part of ``docs/benchmarks.md``, draw the pictures, write the JSON."""
    lines = [origin(results), "", tables.markdown(HEADER, rows(results)), ""]
    lines += [f"- {name}: {result['failed']}" for name, result in results.items() if "failed" in result]
    images = docs / "images"
    images.mkdir(parents=True, exist_ok=True)
    build: _Series = {"build time, s": ("build", "seconds"), "peak memory, MB": ("build", "peak_bytes")}
    asked: _Series = {
        "p50, ms": ("one", "p50_ms"),
        "p95, ms": ("one", "p95_ms"),
        "memory serving, MB": ("serving_bytes",),
    }
    wanted = (
        (PICTURES[0], "Build time and memory against size", build),
        (PICTURES[1], "Time of a question and memory against size", asked),
    )
    for name, title, series in wanted:
        picture = _picture(results, title, series)
        if picture:
            with written(images / name) as stream:
                stream.write(plots.standalone(picture))
            lines.append(f"![{title}; dashed: in proportion to the size](images/{name})")
    fill_file(docs / PAGE, {"growth": "\n".join(lines)})
    with written(docs / FIGURES) as stream:
        stream.write(json.dumps(results, ensure_ascii=False, indent=1) + "\n")


def _picture(results: Results, title: str, series: _Series) -> str:
    drawn = {}
    for name, path in series.items():
        unit = 1e6 if path[-1].endswith("_bytes") else 1.0
        points = [
            (passages, value / unit)
            for result in results.values()
            if (passages := look(result, ("build", "passages"))) and (value := look(result, path))
        ]
        if len(points) > 1:
            drawn[name] = points
    return plots.growth(drawn, title, "passages", "s, ms, MB") if drawn else ""
