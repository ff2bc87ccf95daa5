"""What ``make bench`` leaves in the documentation: tables, pictures, and all figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.files import written
from eval.peers.catalogue import CATALOGUE
from eval.peers.filling import fill_file
from eval.peers.sizes import SIZES, Size
from eval.peers.table import Results, look, markdown
from eval.report import plots

PAGE, FIGURES = "benchmarks.md", "benchmarks.json"


def write(docs: Path, results: Mapping[str, Results]) -> None:
    """Fill ``docs/benchmarks.md``, draw ``docs/images/bench-*.svg``, write ``docs/benchmarks.json``.

    Args:
        docs: the folder of the documentation.
        results: by size, then system.

    """
    parts = {}
    for size in SIZES:
        found = results.get(size.name)
        if found:
            parts[f"bench {size.name}"] = _part(size, found, docs / "images")
    fill_file(docs / PAGE, parts)
    with written(docs / FIGURES) as stream:
        stream.write(json.dumps(results, ensure_ascii=False, indent=1) + "\n")


def _part(size: Size, found: Results, images: Path) -> str:
    lines = [origin(found), "", markdown(found), ""]
    for name, title, picture in _pictures(size, found):
        images.mkdir(parents=True, exist_ok=True)
        with written(images / name) as stream:
            stream.write(plots.standalone(picture))
        lines.append(f"![{title}](images/{name})")
    return "\n".join(lines)


def origin(found: Results) -> str:
    """Commit, dates, machine and versions, as the results state them."""
    first = next(iter(found.values()))
    machine = first["machine"]
    commits = sorted({str(one["commit"]) for one in found.values()})
    dates = sorted({str(one["date"])[:10] for one in found.values()})
    versions: dict[str, str] = {}
    for one in found.values():
        versions |= one.get("versions", {})
    stated = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (
        f"Commit {', '.join(f'`{commit}`' for commit in commits)}, {' to '.join(dict.fromkeys((dates[0], dates[-1])))}; "
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']} GB, {machine['system']}, "
        f"Python {first['python']}. Versions: {stated}."
    )


def _pictures(size: Size, found: Results) -> list[tuple[str, str, str]]:
    """Name, title and SVG of each picture whose figures are there."""
    wanted: tuple[tuple[str, str, Any, Any, str, str, bool], ...] = (
        ("quality", "Quality against time", ("one", "p95_ms"), ("quality", "nDCG@10"),
         "p95 of a question, one client, ms", "nDCG@10", False),
        ("build", "Time and memory of a build", ("build", "seconds"), ("build", "peak_bytes"),
         "raw files to first answer, s", "peak memory, MB", True),
    )  # fmt: skip
    pictures = []
    for name, title, x, y, x_label, y_label, is_log in wanted:
        unit = 1e6 if y[-1].endswith("_bytes") else 1.0
        points = {}
        for entry in CATALOGUE:
            at, to = look(found.get(entry.name), x), look(found.get(entry.name), y)
            if at is not None and to is not None:
                points[entry.label] = (at, to / unit)
        if points:
            label = f"{title}, {size.title}"
            picture = plots.scatter(points, label, x_label, y_label, log_y=is_log)
            pictures.append((f"bench-{size.name}-{name}.svg", label, picture))
    return pictures
