"""``karani eval quality``: the whole table of figures and what they should reach."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO

from eval.commands.options import Subparsers, command, settings_of

_EXAMPLE = "karani eval quality --datasets data --seeds seeds --out results/quality"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    summary = "measure everything that quality is judged by, as one table with targets"
    parser = command(subparsers, "quality", summary, _EXAMPLE)
    parser.add_argument(
        "--datasets",
        type=Path,
        metavar="DIR",
        help="holds thaigov-local, iapp and parallel (KARANI_DATASETS)",
    )
    parser.add_argument(
        "--seeds", type=Path, metavar="DIR", help="the report pages; without, their rows are left out"
    )
    parser.add_argument("--encoder", help="encoder to index and ask with (KARANI_ENCODER)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for quality.json, quality.md and the runs"
    )
    parser.add_argument(
        "--only",
        type=lambda given: [name.strip() for name in given.split(",") if name.strip()],
        default=[],
        metavar="ROW,…",
        help="rows by the name in the table's column `alone`, or the beginning of it: dev, slips, slips-iapp",
    )


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Measure and show the table."""
    from eval.datasets import datasets_root
    from eval.progress import bar
    from eval.quality.jobs import run
    from eval.quality.rows import table
    from eval.quality.sets import Sets

    with bar() as progress:
        sets = Sets(args.datasets or datasets_root(), args.seeds, settings_of(args), progress)
        try:
            rows, left_out = run(sets, args.only, args.out)
        finally:
            sets.close()
    out.write(table(rows, left_out))
    return 0
