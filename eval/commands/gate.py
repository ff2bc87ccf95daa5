"""``karani eval gate``: fail a build when retrieval got worse."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from eval.commands.options import Subparsers, command

if TYPE_CHECKING:
    from eval.gate import Verdict

_EXAMPLE = "karani eval gate results/hybrid --baseline eval/demo/baseline.json --floor 'Success(rel=2)@1=0.9'"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    summary = "exit 1 when a measure has fallen by more than it may, beyond chance"
    parser = command(subparsers, "gate", summary, _EXAMPLE)
    parser.add_argument(
        "result", type=Path, metavar="RESULT", help="folder of `eval run` or `eval answers`, or a file"
    )
    parser.add_argument(
        "--baseline", type=Path, required=True, metavar="FILE", help="what to hold it against"
    )
    parser.add_argument(
        "--max-drop", type=float, default=0.01, metavar="X", help="fall allowed (default 0.01)"
    )
    parser.add_argument(
        "--level", type=float, default=0.05, metavar="P", help="significance level (default 0.05)"
    )
    parser.add_argument(
        "--floor", action="append", default=[], metavar="MEASURE=X", help="least mean, always held"
    )
    parser.add_argument("--update", action="store_true", help="write the baseline instead of checking it")
    parser.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME", help="what --update keeps (default all)"
    )


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Check, or write a new baseline."""
    from eval.files import write_json
    from eval.gate import baseline_of, judge, read_values

    now = read_values(args.result)
    if args.update:
        write_json(args.baseline, baseline_of(now, args.measures))
        out.write(f"wrote {args.baseline}\n")
        return 0
    verdicts = judge(
        read_values(args.baseline), now, max_drop=args.max_drop, level=args.level, floors=_floors(args.floor)
    )
    out.write(_table(verdicts) + "\n")
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _floors(given: Sequence[str]) -> dict[str, float]:
    from eval.errors import UsageError

    floors = {}
    for one in given:
        name, mark, value = one.rpartition("=")
        try:
            floors[name] = float(value)
        except ValueError:
            mark = ""
        if not mark or not name:
            raise UsageError(f"--floor {one!r}; expected MEASURE=NUMBER")
    return floors


def _table(verdicts: Sequence[Verdict]) -> str:
    from eval.tables import plain

    rows = [
        [
            one.measure,
            f"{one.before:.4f}",
            f"{one.now:.4f}",
            f"{one.now - one.before:+.4f}",
            f"{one.p_value:.4f}",
            "" if one.floor is None else f"{one.floor:g}",
            "pass" if one.passed else "FAIL",
        ]
        for one in verdicts
    ]
    return plain(["measure", "baseline", "now", "change", "p (fallen)", "floor", "verdict"], rows)
