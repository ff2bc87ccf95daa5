"""``make growth``: build time, memory, answers and recall from 12,000 documents to 1.6 million passages."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.datasets import datasets_root
from eval.errors import DataError
from eval.growth import pages
from eval.growth.steps import STEPS, Step, run
from eval.peers.filling import MarkerError
from eval.peers.kept import Kept
from eval.peers.options import add_run
from eval.peers.pages import PAGE
from eval.peers.progress import Teller
from eval.peers.questions import read
from eval.peers.sizes import SIZES, path
from eval.provenance import commit

_EXAMPLES = """examples:
  python -m eval.growth                                   all sizes (about three quarters of an hour on two cores)
  python -m eval.growth --only 12k,40k                    the two smallest
  python -m eval.growth --generate 1.6M                   write that corpus and say where it is, measure nothing
  python -m eval.growth --report --docs docs              only write the documentation from the results there are

A run that was stopped goes on where it stood; results of another commit are measured again (--any-commit keeps them)."""
_KIND = "growth"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval.growth",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [step.name for step in STEPS]
    parser.add_argument(
        "--datasets", type=Path, default=datasets_root() or Path("../shared/data"), metavar="DIR",
        help="folder with thaigov, thaigov-local and natural (default: KARANI_DATASETS, else ../shared/data)",
    )  # fmt: skip
    parser.add_argument(
        "--only", default=",".join(names), metavar="SIZES", help=f"some of {', '.join(names)}"
    )
    parser.add_argument("--generate", choices=names, help="write this size's corpus and print its path")
    parser.add_argument(
        "--seed", type=int, default=7, help="draws the sentences left out of copies (default 7)"
    )
    add_run(parser, 500, Path("var/growth"), "corpora, results, logs, indexes in the making; about 15 GB")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 0 done, 1 something failed, 2 usage, 130 stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what runs below ends with this process
    parser = _parser()
    args = parser.parse_args(argv)
    steps = [step for step in STEPS if step.name in args.only.split(",")]
    if not steps:
        parser.error(f"--only {args.only}: none of {', '.join(step.name for step in STEPS)}")
    kept = Kept(args.out / "results")
    try:
        if args.generate:
            step = next(step for step in STEPS if step.name == args.generate)
            sys.stdout.write(f"{_corpus(step, args)}\n")
            return 0
        if not args.report:
            _measure(steps, kept, args)
        return _show(kept, args.docs)
    except (DataError, MarkerError) as error:
        _talk(str(error))
        return 1
    except KeyboardInterrupt:
        _talk("stopped; what is finished is kept, the same command goes on")
        return 130


def _corpus(step: Step, args: argparse.Namespace) -> Path:
    return step.corpus(path(SIZES[1], args.datasets), args.out / "corpora", args.seed, _talk)


def _measure(steps: Sequence[Step], kept: Kept, args: argparse.Namespace) -> None:
    now = commit()

    def is_wanting(step: Step) -> bool:
        found = kept.read(_KIND, step.name)
        return args.fresh or found is None or not (args.any_commit or found["commit"] == now)

    wanting = [step for step in steps if is_wanting(step)]
    if not wanting:
        _talk("nothing left to measure (--fresh measures again)")
        return
    questions = read(args.datasets, args.questions)
    teller = Teller([(step.name, step.expected_s) for step in wanting])
    for step in wanting:
        corpus = _corpus(step, args)
        teller.next()
        found = kept.write(_KIND, step.name, run(step, corpus, args.out, questions, teller))
        teller.say(f"{step.name}: {found.get('failed') or 'done'} in {found['took_s']:.0f} s")


def _show(kept: Kept, docs: Path | None) -> int:
    results: dict[str, dict[str, Any]] = {
        step.name: found for step in STEPS if (found := kept.read(_KIND, step.name)) is not None
    }
    sys.stdout.write(f"{pages.plain(results)}\n")
    if docs is not None and results:
        pages.write(docs, results)
        _talk(f"written: {docs / PAGE}, {docs / pages.FIGURES}")
    return int(any("failed" in one for one in results.values()))


def _talk(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
