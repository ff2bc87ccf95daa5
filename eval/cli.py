"""All ``karani eval`` commands, for the console command to mount."""

from __future__ import annotations

import argparse
import sys
from typing import IO

from eval.commands import answers, compare, gate, judge, pool, qrels, quality, report, robust, run
from eval.commands.options import Subparsers

_COMMANDS = {
    "run": run,
    "compare": compare,
    "report": report,
    "answers": answers,
    "robust": robust,
    "gate": gate,
    "pool": pool,
    "judge": judge,
    "qrels": qrels,
    "quality": quality,
}


def add_commands(subparsers: Subparsers) -> None:
    """Add ``eval`` with all its commands to the console command's subparsers."""
    parser = subparsers.add_parser(
        "eval",
        help="measure retrieval: query sets, runs, comparisons, reports, judgements",
        description="Measure retrieval with standard formats and measures.",
    )
    commands = parser.add_subparsers(dest="eval_command", required=True, metavar="COMMAND")
    for module in _COMMANDS.values():
        module.add(commands)


def run_command(args: argparse.Namespace, out: IO[str] | None = None) -> int:
    """Do what was asked: results to ``out`` (stdout), messages to stderr.

    Returns 0, 1 when an input failed or a gate closed, 2 when the request itself makes no sense.
    """
    from corpus.readers import ReadError
    from eval.errors import DataError, UsageError

    try:
        code: int = _COMMANDS[args.eval_command].execute(args, out or sys.stdout)
        return code
    except (DataError, ReadError) as error:
        sys.stderr.write(f"karani eval: {error}\n")
        return 1
    except UsageError as error:
        sys.stderr.write(f"karani eval: {error}\n")
        return 2
