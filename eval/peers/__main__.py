"""``make bench``: Karani and other search libraries, measured in one run on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from eval.datasets import datasets_root
from eval.errors import DataError
from eval.peers import pages, table
from eval.peers.benchmark import Bench
from eval.peers.catalogue import CATALOGUE, chosen
from eval.peers.environment import EnvironmentFailure
from eval.peers.filling import MarkerError
from eval.peers.options import add_run
from eval.peers.questions import read
from eval.peers.sizes import SIZES, path

_EXAMPLES = """examples:
  python -m eval.peers                                  everything, both sizes (about two hours on two cores)
  python -m eval.peers --size 12k --only karani,fts5    two systems, a few minutes, nothing to install
  python -m eval.peers --report --docs docs             only write the documentation from the results there are
  python -m eval.peers --fresh --only lancedb           measure one system again

A run that was stopped goes on where it stood; results of another commit are measured again (--any-commit keeps them)."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval.peers",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--datasets", type=Path, default=datasets_root() or Path("../shared/data"), metavar="DIR",
        help="folder with thaigov-local, thaigov and natural (default: KARANI_DATASETS, else ../shared/data)",
    )  # fmt: skip
    names = ", ".join(entry.name for entry in CATALOGUE)
    parser.add_argument("--only", default="", metavar="NAMES", help=f"some of: {names}")
    parser.add_argument("--size", default="all", choices=[*(size.name for size in SIZES), "all"])
    kept = "results, indexes in the making, logs and the peers' environment"
    add_run(parser, 1000, Path("var/bench"), kept)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 0 done, 1 something failed, 2 usage, 130 stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what runs below ends with this process
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        entries = chosen(args.only)
    except ValueError as error:
        parser.error(str(error))
    corpora = [(size, path(size, args.datasets)) for size in SIZES if args.size in (size.name, "all")]
    try:
        bench = Bench(
            args.out, corpora, entries, read(args.datasets, args.questions),
            is_fresh=args.fresh, any_commit=args.any_commit,
        )  # fmt: skip
        if not args.report:
            bench.run(_talk)
        return _show(bench, args.docs)
    except (DataError, EnvironmentFailure, MarkerError) as error:
        _talk(str(error))
        return 1
    except KeyboardInterrupt:
        _talk("stopped; what is finished is kept, the same command goes on")
        return 130


def _show(bench: Bench, docs: Path | None) -> int:
    results = {size: found for size, found in bench.results().items() if found}
    for size, _ in bench.corpora:
        if size.name in results:
            sys.stdout.write(f"\n{size.title}\n{table.plain(results[size.name])}\n")
    if docs is not None:
        pages.write(docs, results)
        _talk(f"written: {docs / pages.PAGE}, {docs / pages.FIGURES}")
    return int(any("failed" in one for found in results.values() for one in found.values()))


def _talk(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
