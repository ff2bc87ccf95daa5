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
        help="a BEIR folder, `demo`, `seeds`, a folder's name under --datasets, a CSV or TSV table of questions, "
        "or TREC topics (with --qrels)",
    )
    parser.add_argument("--split", default=split, help=f"qrels/SPLIT.tsv (default {split})")
    parser.add_argument(
        "--corpus", type=Path, help="texts to search when the folder has no corpus.jsonl: a file or a folder"
    )
    parser.add_argument("--qrels", type=Path, help="judgements of TREC topics")
    parser.add_argument("--datasets", type=Path, help="where data sets lie (KARANI_DATASETS)")
    parser.add_argument(
        "--relevance-level",
        type=int,
        metavar="N",
        help="grade from which a document counts as relevant (default: 2 where grade 2 is used, else 1)",
    )


def add_headers(parser: Any) -> None:
    """Add headers for a search behind HTTP."""
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME: VALUE",
        help="sent with each request, such as an API key",
    )


def headers_of(args: argparse.Namespace) -> dict[str, str]:
    """Read the headers given; a UsageError for one without a colon."""
    from eval.errors import UsageError

    headers = {}
    for header in args.header:
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError(f"--header {header!r} has no colon; expected 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers


def settings_of(args: argparse.Namespace) -> Settings:
    """Make the settings from the environment and the options that override it."""
    import dataclasses

    from corpus.settings import Settings

    settings = Settings.from_environment(data=getattr(args, "data", None))
    encoder = getattr(args, "encoder", None)
    return dataclasses.replace(settings, encoder=encoder) if encoder else settings


def dataset_of(args: argparse.Namespace) -> Dataset:
    """Open the query set that the options name, in whichever of the formats it is."""
    from eval.datasets import load, locate
    from eval.errors import UsageError

    place = locate(args.dataset, args.datasets)
    if place.is_dir():
        return load(place, args.split, corpus=args.corpus, level=args.relevance_level)
    if args.corpus is None:
        raise UsageError(
            f"{place} holds only questions; expected --corpus with the texts that they are asked of"
        )
    if args.qrels is not None:
        from eval.topics import load_topics

        return load_topics(place, args.qrels, args.corpus, args.relevance_level)
    from eval.spreadsheets import SUFFIXES_READ, load_table

    if place.suffix.lower() not in SUFFIXES_READ:
        raise UsageError(f"{place}: expected a folder, a .csv or .tsv table, or TREC topics with --qrels")
    return load_table(place, args.split, args.corpus, args.relevance_level)
