"""``karani eval compare``: systems side by side."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from eval.commands.options import Subparsers, command

if TYPE_CHECKING:
    from eval.compare import Change, Group, Pair
    from eval.results import Result, Shown

_EXAMPLE = "karani eval compare results/lexical results/hybrid --measures nDCG@10"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    parser = command(subparsers, "compare", "test whether systems differ, and show where", _EXAMPLE)
    parser.add_argument(
        "results", nargs="+", type=Path, metavar="DIR", help="folders of `eval run`, baseline first"
    )
    parser.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME", help="default: all that are shared"
    )
    parser.add_argument(
        "--all-pairs", action="store_true", help="each against each, not all against the first"
    )
    parser.add_argument(
        "--by", nargs="+", default=["type", "register"], help="metadata to break means down by"
    )
    parser.add_argument(
        "--changed", type=int, default=5, metavar="N", help="changed questions to show (default 5)"
    )
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Compare and show."""
    from eval import compare, results

    found = [results.load(folder) for folder in args.results]
    pairs = compare.compare(found, args.measures, all_pairs=args.all_pairs)
    first = pairs[0].measure
    groups = compare.breakdown(found, first, args.by)
    changes = compare.most_changed(found, first, args.changed)
    if args.json:
        shares = {result.name: result.unjudged for result in found}
        out.write(_as_json(pairs, groups, changes, shares) + "\n")
        return 0
    out.write(_pairs_table(pairs) + "\n\n")
    out.writelines(f"{line}\n" for line in results.unjudged_lines(found))
    for pair in pairs:
        if pair.measure == first:
            out.write(f"{compare.statement(pair)}\n{compare.statement_thai(pair)}\n")
    if groups:
        out.write(f"\n{_groups_table(found, groups, first)}\n")
    if changes:
        ends = [results.load_shown(folder) for folder in (args.results[0], args.results[-1])]
        out.write("\n" + "\n\n".join(_change(change, found, ends, first) for change in changes) + "\n")
    return 0


def _as_json(
    pairs: Sequence[Pair],
    groups: Sequence[Group],
    changes: Sequence[Change],
    unjudged: Mapping[str, float | None],
) -> str:
    import dataclasses

    value = {
        "pairs": [{**dataclasses.asdict(pair), "interval": list(pair.interval)} for pair in pairs],
        "groups": [dataclasses.asdict(group) for group in groups],
        "changes": [dataclasses.asdict(change) for change in changes],
        "unjudged_at_10": dict(unjudged),
    }
    return json.dumps(value, ensure_ascii=False, indent=1)


def _pairs_table(pairs: Sequence[Pair]) -> str:
    from eval.tables import plain

    header = [
        "measure",
        "baseline",
        "system",
        "from",
        "to",
        "difference",
        "95% interval",
        "p (Holm)",
        "+/=/-",
    ]
    rows = [
        [
            pair.measure,
            pair.baseline,
            pair.system,
            f"{pair.baseline_mean:.4f}",
            f"{pair.system_mean:.4f}",
            f"{pair.difference:+.4f}",
            f"[{pair.interval.low:+.3f}, {pair.interval.high:+.3f}]",
            f"{pair.p_adjusted:.4f}",
            f"{pair.wins}/{pair.ties}/{pair.losses}",
        ]
        for pair in pairs
    ]
    return plain(header, rows)


def _groups_table(found: Sequence[Result], groups: Sequence[Group], measure: str) -> str:
    from eval.tables import plain

    header = [f"{measure} by", "queries", *[result.name for result in found]]
    rows = [
        [f"{group.key}: {group.value}", str(group.queries), *[f"{mean:.3f}" for mean in group.means]]
        for group in groups
    ]
    return plain(header, rows)


def _change(change: Change, found: Sequence[Result], ends: Sequence[dict[str, Shown]], measure: str) -> str:
    """Show one question with the first five of both rankings side by side; ``*`` marks what answers."""
    from eval.tables import plain

    shown = [kept.get(change.query_id) for kept in ends]
    columns = [
        [] if one is None else [_hit(h.found.document_id, h.grade) for h in one.hits[:5]] for one in shown
    ]
    height = max(len(column) for column in columns)
    rows = [
        [str(i + 1), *[column[i] if i < len(column) else "" for column in columns]] for i in range(height)
    ]
    head = f"{change.query_id} {change.text}\n{measure} {change.values[0]:.3f} -> {change.values[-1]:.3f}"
    return head + "\n" + plain(["rank", found[0].name, found[-1].name], rows)


def _hit(document_id: str, grade: int | None) -> str:
    return f"{document_id} {'?' if grade is None else '*' * grade or '-'}"
