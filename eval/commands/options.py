"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpus.settings import Settings
    from eval.datasets import Dataset

Subparsers = Any  # argparse does not export the type of `add_subparsers`.


def command(subparsers: Subparsers, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """Add one command with its example and the options of all."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=argparse.SUPPRESS,
        help="data directory; indexes made for evaluation are kept in its eval/ (KARANI_DATA, default var)",
    )
    return parser


def add_dataset(parser: argparse.ArgumentParser, split: str = "test") -> None:
    """Add what names a query set."""
    parser.add_argument(
        "--dataset",
        required=True,
        metavar="DIR",
        help="a BEIR folder, `demo`, `seeds`, or a folder's name under --datasets",
    )
    parser.add_argument("--split", default=split, help=f"qrels/SPLIT.tsv (default {split})")
    parser.add_argument(
        "--corpus", type=Path, help="texts to search when the folder has no corpus.jsonl: a file or a folder"
    )
    parser.add_argument("--datasets", type=Path, help="where data sets lie (KARANI_DATASETS)")
    parser.add_argument(
        "--relevance-level",
        type=int,
        metavar="N",
        help="grade from which a document counts as relevant (default: 2 where grade 2 is used, else 1)",
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """Make the settings from the environment and the options that override it."""
    import dataclasses

    from corpus.settings import Settings

    settings = Settings.from_environment(data=getattr(args, "data", None))
    encoder = getattr(args, "encoder", None)
    return dataclasses.replace(settings, encoder=encoder) if encoder else settings


def dataset_of(args: argparse.Namespace) -> Dataset:
    """Open the query set that the options name."""
    from eval.datasets import load, locate

    return load(
        locate(args.dataset, args.datasets), args.split, corpus=args.corpus, level=args.relevance_level
    )
