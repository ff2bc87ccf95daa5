"""``karani eval run``: one system over one query set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO, TYPE_CHECKING

from eval.commands.options import (
    Subparsers,
    add_dataset,
    add_headers,
    command,
    dataset_of,
    headers_of,
    settings_of,
)

if TYPE_CHECKING:
    from eval.datasets import Dataset
    from eval.systems.interfaces import System

_EXAMPLE = "karani eval run --dataset data/thaigov-local --split dev --system hybrid --out results/hybrid"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    parser = command(subparsers, "run", "measure one system over a query set", _EXAMPLE)
    add_dataset(parser)
    parser.add_argument("--system", default="hybrid", help="hybrid, dense, lexical, words or characters")
    parser.add_argument("--encoder", help="encoder to index and ask with (KARANI_ENCODER)")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for run.trec, scores.json, hits.jsonl"
    )
    parser.add_argument(
        "--weights", metavar="dense=X,words=Y,…", help="shares of the inputs, not the shipped ones"
    )
    parser.add_argument("--no-rerank", action="store_true", help="leave the fused order as it is")
    parser.add_argument(
        "--depth", type=int, default=100, help="documents asked for each question (default 100)"
    )
    parser.add_argument(
        "--measures", nargs="+", metavar="NAME", help="ir_measures names, such as nDCG@10 RR@10"
    )
    parser.add_argument("--name", help="what to call the system in tables (default: the system's own name)")
    parser.add_argument(
        "--unit", default="document", choices=("document", "page"), help="what is ranked and judged"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="questions asked at a time (default 1: honest latencies)",
    )
    parser.add_argument("--fresh", action="store_true", help="ask again even where equal answers are kept")
    other = parser.add_argument_group("other systems")
    other.add_argument(
        "--run", dest="run_file", type=Path, metavar="FILE", help="measure this TREC run instead of asking"
    )
    other.add_argument(
        "--url", help="ask a running Karani, or any JSON search by its address with {query} and {k}"
    )
    other.add_argument("--hits", default="hits", metavar="PATH", help="where the hits stand (default hits)")
    other.add_argument("--id", default="citation.document_id", metavar="PATH", help="a hit's document id")
    other.add_argument(
        "--page", default="citation.page", metavar="PATH", help="a hit's page, for --unit page"
    )
    other.add_argument("--score", default="score", metavar="PATH", help="a hit's score (default score)")
    other.add_argument(
        "--body", default="", metavar="JSON", help="sent by POST instead of GET, with {query} and {k} in it"
    )
    add_headers(other)


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Run and show the table."""
    from eval.errors import UsageError
    from eval.experiment import Options, measure, measure_engine
    from eval.progress import bar
    from eval.systems.inprocess import Tuning
    from eval.units import by_page

    tuning = Tuning(_weights(args.weights), rerank=not args.no_rerank)
    if args.depth < 1 or args.jobs < 1:
        raise UsageError("--depth and --jobs count from 1")
    options = Options(
        args.depth, tuple(args.measures or ()), args.fresh, args.name, tuning, args.unit, args.jobs
    )
    dataset = dataset_of(args)
    with bar() as progress:
        if args.run_file or args.url:
            cache = settings_of(args).data / "eval" if args.url else None
            judged = by_page(dataset) if args.unit == "page" else dataset
            system = _elsewhere(args, judged)
            result = measure(judged, system, args.out, options, cache=cache, progress=progress)
        else:
            result = measure_engine(dataset, args.system, args.out, settings_of(args), options, progress)
    out.write(result.table() + "\n")
    return 0


def _weights(given: str | None) -> dict[str, float]:
    """Read ``dense=0.5,words=0.3``."""
    from eval.errors import UsageError

    found = {}
    for part in given.split(",") if given else ():
        name, _, number = part.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise UsageError(
                f"--weights {part!r}; expected dense=NUMBER, words=NUMBER, characters=NUMBER"
            ) from None
    return found


def _elsewhere(args: argparse.Namespace, dataset: Dataset) -> System:
    """Open a run file or an address."""
    from eval.errors import UsageError

    if args.run_file and args.url:
        raise UsageError("--run and --url exclude each other; expected one of them")
    if args.run_file:
        from eval.systems.trec import TrecSystem

        return TrecSystem(args.run_file, dataset, args.name)
    from eval.systems.http import Endpoint, HttpSystem

    page = args.page if args.unit == "page" else ""
    paths = args.hits, args.id, args.score, page
    endpoint = Endpoint(args.url, *paths, args.system, headers_of(args), args.body)
    return HttpSystem(endpoint, args.name)
