"""``karani eval pool``: gather what judges should read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO, TYPE_CHECKING

from eval.commands.options import Subparsers, command

if TYPE_CHECKING:
    from eval.pool import Pool

_EXAMPLE = "karani eval pool results/lexical results/dense --depth 10 --out pool.jsonl"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    parser = command(subparsers, "pool", "unite the first documents of several runs for judging", _EXAMPLE)
    parser.add_argument("results", nargs="*", type=Path, metavar="DIR", help="folders of `eval run`")
    parser.add_argument("--feedback", type=Path, help="users' feedback, JSON lines or .tsv, instead of runs")
    parser.add_argument("--depth", type=int, default=10, help="documents taken from each run (default 10)")
    parser.add_argument("--corpus", type=Path, help="corpus.jsonl, so that judges can read whole documents")
    parser.add_argument("--known", type=Path, metavar="QRELS", help="leave out what these judgements hold")
    parser.add_argument(
        "--name", help="what the pool is called where grades are kept (default: the file's name)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the pool, as JSON lines")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Make the pool and say how much there is to judge."""
    from eval.pool import from_feedback, write_pool

    name = args.name or args.out.stem
    pool = from_feedback(args.feedback, name) if args.feedback else _of_runs(args, name)
    write_pool(args.out, pool)
    out.write(f"{args.out}: {len(pool.queries)} questions, {pool.pairs()} documents to judge\n")
    return 0


def _of_runs(args: argparse.Namespace, name: str) -> Pool:
    from eval import results
    from eval.datasets import read_corpus
    from eval.errors import UsageError
    from eval.pool import make_pool
    from eval.qrels import read_qrels

    if not args.results:
        raise UsageError("nothing to pool; expected folders of `eval run`, or --feedback")
    found = [results.load(folder) for folder in args.results]
    if len({result.dataset["query_sha256"] for result in found}) > 1:
        raise UsageError("the results are over different questions; expected runs of one query set")
    runs = [results.load_run(folder) for folder in args.results]
    pooled = {d for run in runs for ranking in run.values() for d, _ in ranking[: args.depth]}
    texts = (
        {t.document_id: t for t in read_corpus(args.corpus) if t.document_id in pooled} if args.corpus else {}
    )
    return make_pool(
        name,
        found[0].queries,
        runs,
        depth=args.depth,
        texts=texts,
        shown=[results.load_shown(folder) for folder in args.results],
        known=read_qrels(args.known) if args.known else None,
    )
