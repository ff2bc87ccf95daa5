"""``karani eval run``: one system over one query set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO

from eval.commands.options import Subparsers, add_dataset, command, dataset_of, settings_of

_EXAMPLE = "karani eval run --dataset data/thaigov-local --split dev --system hybrid --out results/hybrid"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    parser = command(subparsers, "run", "measure one system over a query set", _EXAMPLE)
    add_dataset(parser)
    parser.add_argument(
        "--system",
        default="hybrid",
        help="hybrid, dense, lexical, words or characters (default hybrid)",
    )
    parser.add_argument("--encoder", help="encoder to index and ask with (KARANI_ENCODER)")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for run.trec, scores.json, hits.jsonl"
    )
    parser.add_argument(
        "--depth", type=int, default=100, help="documents asked for each question (default 100)"
    )
    parser.add_argument(
        "--measures", nargs="+", metavar="NAME", help="ir_measures names, such as nDCG@10 RR@10"
    )
    parser.add_argument("--name", help="what to call the system in tables (default: the system's own name)")
    parser.add_argument("--fresh", action="store_true", help="ask again even where equal answers are kept")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Run and show the table."""
    from eval.experiment import Options, measure_engine
    from eval.progress import bar

    options = Options(args.depth, tuple(args.measures or ()), args.fresh, args.name)
    dataset = dataset_of(args)
    with bar() as progress:
        result = measure_engine(dataset, args.system, args.out, settings_of(args), options, progress)
    out.write(result.table() + "\n")
    return 0
