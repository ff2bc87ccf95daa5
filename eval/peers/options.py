"""The options that the comparison and the growth of one system have in common."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_run(parser: argparse.ArgumentParser, questions: int, out: Path, kept: str) -> None:
    """Options of a run that keeps its results.

    Args:
        parser: gets them.
        questions: how many are timed, each way, unless told otherwise.
        out: the folder of what is ``kept`` there.
        kept: for people.
    """
    parser.add_argument(
        "--questions", type=int, default=questions, metavar="N", help="timed, each way (default %(default)s)"
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what has a result")
    parser.add_argument("--any-commit", action="store_true", help="keep results that another commit made")
    parser.add_argument("--report", action="store_true", help="measure nothing, show what there is")
    parser.add_argument(
        "--docs", type=Path, metavar="DIR", help="write benchmarks.md, figures as JSON and pictures there"
    )
    parser.add_argument("--out", type=Path, default=out, metavar="DIR", help=f"{kept} (default %(default)s)")
