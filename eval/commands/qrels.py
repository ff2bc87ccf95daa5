"""``karani eval qrels``: judgements out of the judging page, and how far judges agree."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from eval.commands.options import Subparsers, command, settings_of

_EXAMPLE = "karani eval qrels pool.jsonl --out mine/qrels/test.tsv"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    parser = command(
        subparsers, "qrels", "export judges' grades as qrels, and show how far they agree", _EXAMPLE
    )
    parser.add_argument("pool", type=Path, help="the file of `eval pool`")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the table to write; without it only agreement is shown"
    )
    parser.add_argument("--rule", default="majority", help="majority (ties: the lower), lowest or highest")
    parser.add_argument("--judges", nargs="+", default=[], metavar="NAME", help="only these judges")
    parser.add_argument("--merge", type=Path, metavar="QRELS", help="add to these judgements; new grades win")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Show agreement, then write the table."""
    from eval.agreement import agreement
    from eval.errors import DataError
    from eval.judgements import Judgements, as_qrels
    from eval.pool import read_pool
    from eval.qrels import read_qrels, write_qrels

    pool = read_pool(args.pool)
    store = settings_of(args).data / "judgements.sqlite"
    if not store.is_file():
        raise DataError(store, "no judgements yet", expected="grades given through `karani eval judge`")
    judgements = Judgements(store)
    try:
        by_judge = judgements.by_judge(pool.name)
    finally:
        judgements.close()
    if not by_judge:
        raise DataError(
            store, f"no grades of pool {pool.name!r}", expected="grades given through `karani eval judge`"
        )
    out.write(_summary(by_judge, pool.pairs()))
    found = agreement(by_judge)
    for pair in found.pairs:
        out.write(
            f"{pair.first} and {pair.second}: {pair.documents} documents, {pair.same:.0%} alike, "
            f"Cohen's kappa {pair.kappa:.3f}, linear {pair.weighted:.3f}\n"
        )
    if found.fleiss is not None:
        out.write(
            f"Fleiss' kappa over {found.shared} documents that all {found.judges} judged: {found.fleiss:.3f}\n"
        )
    if args.out:
        qrels = as_qrels(by_judge, args.rule, args.judges)
        if args.merge:
            known = read_qrels(args.merge)
            qrels = {q: {**known.get(q, {}), **qrels.get(q, {})} for q in known.keys() | qrels.keys()}
        write_qrels(args.out, qrels)
        out.write(f"wrote {args.out}: {sum(map(len, qrels.values()))} judgements\n")
    return 0


def _summary(by_judge: Mapping[str, Mapping[tuple[str, str], int]], pairs: int) -> str:
    return "".join(f"{judge}: {len(grades)} of {pairs} judged\n" for judge, grades in by_judge.items())
