"""``karani eval robust``: what other spellings and damage change."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from eval.commands.options import Subparsers, add_dataset, command, dataset_of, settings_of

if TYPE_CHECKING:
    from eval.metamorphic import Spelling
    from eval.robustness import Loss

_EXAMPLE = "karani eval robust --dataset demo --split test --at-least 0.8"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    summary = "ask the same questions in other spellings, with marks dropped and typing slips"
    parser = command(subparsers, "robust", summary, _EXAMPLE)
    add_dataset(parser)
    parser.add_argument("--system", default="hybrid", help="as for `eval run` (default hybrid)")
    parser.add_argument("--encoder", help="encoder to index and ask with (KARANI_ENCODER)")
    parser.add_argument(
        "--spellings", nargs="+", default=[], metavar="NAME", help="only these (default: all)"
    )
    parser.add_argument(
        "--slips", type=int, default=5, metavar="N", help="seeds for typing slips (default 5, 0: none)"
    )
    parser.add_argument("--no-passages", action="store_true", help="do not index texts with dropped marks")
    parser.add_argument(
        "--worst", type=int, default=3, metavar="N", help="questions to show for each spelling"
    )
    parser.add_argument(
        "--at-least", type=float, metavar="SHARE", help="exit 1 when a mean overlap lies below"
    )
    parser.add_argument("--out", type=Path, help="folder for robustness.json")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Ask in every spelling, then with damage, and show both tables."""
    from eval import metamorphic, robustness
    from eval.collection import open_collection
    from eval.progress import bar
    from eval.systems.inprocess import EngineSystem, check_system

    check_system(args.system)
    dataset, settings = dataset_of(args), settings_of(args)
    with bar() as progress:
        system = EngineSystem(
            open_collection(dataset, settings, settings.data / "eval", progress), args.system
        )
        try:
            spellings = metamorphic.check(system, dataset.queries, args.spellings)
        finally:
            system.close()
        lost: list[Loss] = []
        if args.slips:
            passages = not args.no_passages
            lost = robustness.losses(
                dataset, args.system, settings, seeds=args.slips, passages=passages, progress=progress
            )
    if args.out:
        _save(args.out, dataset.name, dataset.split, args.system, spellings, lost)
    out.write(_spellings_table(spellings) + "\n")
    out.writelines(f"{line}\n" for line in _worst(spellings, args.worst))
    if lost:
        out.write(f"\n{_losses_table(lost)}\n")
    low = args.at_least is not None and any(one.overlap < args.at_least for one in spellings)
    return 1 if low else 0


def _spellings_table(spellings: Sequence[Spelling]) -> str:
    from eval.tables import plain

    rows = [[s.name, str(len(s.kept)), f"{s.overlap:.3f}", f"{s.same_first:.3f}"] for s in spellings]
    return plain(["spelling", "queries", "overlap of first 10", "same first"], rows)


def _losses_table(lost: Sequence[Loss]) -> str:
    from eval.tables import plain

    rows = []
    for one in lost:
        interval = f"[{one.interval.low:+.3f}, {one.interval.high:+.3f}]"
        rows.append([one.name, f"{one.before:.4f}", f"{one.after:.4f}", f"{one.lost:+.4f}", interval])
    return plain(["damage", "nDCG@10", "after", "lost", "95% interval"], rows)


def _worst(spellings: Sequence[Spelling], limit: int) -> list[str]:
    lines = []
    for spelling in spellings:
        ordered = sorted((one for one in spelling.kept if one.overlap < 1), key=lambda one: one.overlap)
        lines += [
            f"{spelling.name} {one.overlap:.1f} {one.query_id}: {one.text} -> {one.spelled}"
            for one in ordered[:limit]
        ]
    return lines


def _save(
    folder: Path, name: str, split: str, system: str, spellings: Sequence[Spelling], lost: Sequence[Loss]
) -> None:
    import dataclasses

    from eval.files import write_json
    from eval.provenance import provenance

    value = {
        "format": 1,
        "dataset": {"name": name, "split": split},
        "system": {"name": system},
        "made": provenance(),
        "spellings": [
            {
                "name": one.name,
                "queries": len(one.kept),
                "overlap": one.overlap,
                "same_first": one.same_first,
                "kept": [dataclasses.asdict(kept) for kept in one.kept],
            }
            for one in spellings
        ],
        "losses": [dataclasses.asdict(one) for one in lost],
    }
    write_json(folder / "robustness.json", value)
