"""``karani eval report``: results for people to read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO

from eval.commands.options import Subparsers, command

_EXAMPLE = "karani eval report results/lexical results/hybrid --out report"


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    summary = "write report.html (one file, no network), report.md and report.json"
    parser = command(subparsers, "report", summary, _EXAMPLE)
    parser.add_argument(
        "results", nargs="+", type=Path, metavar="DIR", help="folders of `eval run`, baseline first"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the three files")
    parser.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME", help="the first one is looked into"
    )
    parser.add_argument("--failures", type=int, default=30, metavar="N", help="failures to show (default 30)")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Gather, then write all three."""
    import dataclasses

    from eval.files import write_json, written
    from eval.report import html, markdown
    from eval.report.content import gather

    content = gather(args.results, args.measures, failures=args.failures)
    pages = {"report.html": html.render(content), "report.md": markdown.render(content)}
    for name, text in pages.items():
        with written(args.out / name) as stream:
            stream.write(text)
    value = dataclasses.asdict(content)
    # The results themselves stand in their own folders.
    value["results"] = [{"name": r.name, "system": r.system, "made": r.made} for r in content.results]
    value["means"] = {
        r.name: {m: dataclasses.asdict(r.scores[m]) for m in content.measures} for r in content.results
    }
    write_json(args.out / "report.json", value)
    out.writelines(f"{args.out / name}\n" for name in (*pages, "report.json"))
    return 0
