"""``karani eval answers``: right case first, answers, citations, declining."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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
    from eval.answering import Answering
    from eval.datasets import Dataset

_EXAMPLE = "karani eval answers --dataset demo --split test --out results/answers"
_LABELS = {
    "right_first": "right case first",
    "answered": "answered at all",
    "answer_right": "answer cites the right case",
    "answer_found": "accepted answer in text or evidence",
    "answer_f1": "word F1 of the answer's text",
    "evidence_cited": "cites the judged evidence, of all questions",
    "evidence_cited_of_answers": "cites the judged evidence, of answers given",
    "citation_accuracy": "citations that slice to their quote",
    "declined_recall": "unanswerable questions declined",
    "declined_precision": "declined questions that have no answer",
    "declined_auc": "confidence, answerable against not (AUC)",
    "declined_declined_at_5": "declined at 5% false refusals",
}


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    summary = "judge whole answers: right case, citations, declining what nothing answers"
    parser = command(subparsers, "answers", summary, _EXAMPLE)
    add_dataset(parser)
    parser.add_argument("--system", default="hybrid", help="as for `eval run` (default hybrid)")
    parser.add_argument("--encoder", help="encoder to index and ask with (KARANI_ENCODER)")
    parser.add_argument("--url", help="ask a running Karani at this address instead")
    add_headers(parser)
    parser.add_argument("--out", type=Path, help="folder for answers.json, with every question's outcome")
    parser.add_argument("--failures", type=int, default=10, metavar="N", help="failures to show (default 10)")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Ask, judge, show."""
    from eval.answering import evaluate
    from eval.collection import open_collection
    from eval.progress import bar
    from eval.systems.asking import EngineAsker
    from eval.systems.inprocess import check_system

    dataset = dataset_of(args)
    if args.url:
        from eval.systems.http import HttpAsker

        with bar() as progress:
            found = evaluate(dataset, HttpAsker(args.url, args.system, headers_of(args)), progress)
    else:
        check_system(args.system)
        settings = settings_of(args)
        with bar() as progress:
            collection = open_collection(dataset, settings, settings.data / "eval", progress)
            found = evaluate(dataset, EngineAsker(collection, args.system), progress)
        collection.engine.close()
    if args.out:
        _save(found, dataset, args.out)
    out.write(f"{found.name} · {dataset.name}/{dataset.split}\n{_table(found)}\n")
    out.writelines(f"{line}\n" for line in _failures(found)[: args.failures])
    return 0


def _table(found: Answering) -> str:
    from eval.tables import plain

    counts = {
        "citation_accuracy": sum(one.citations for one in found.judged),
        "answer_found": sum(one.answer_found is not None for one in found.judged),
        "answer_f1": sum(one.answer_found is not None for one in found.judged),
        "evidence_cited": sum(one.evidence_cited is not None for one in found.judged),
        "evidence_cited_of_answers": sum(o.answered and o.evidence_cited is not None for o in found.judged),
    }
    if found.declining is not None:
        one = found.declining
        counts["declined_recall"] = counts["declined_declined_at_5"] = one.unanswerable
        counts["declined_precision"] = one.declined + one.false_refusals
        counts["declined_auc"] = one.unanswerable + one.answerable
    rows = []
    for name, value in found.summary().items():
        if name in _LABELS:
            count = counts.get(name, len(found.judged))
            rows.append([_LABELS[name], f"{value:.3f}", str(count)])
    return plain(["what", "share", "of"], rows)


def _failures(found: Answering) -> list[str]:
    wrong = [
        f"not first: {one.query.query_id} {one.query.text} -> {one.first or 'nothing'}"
        for one in found.judged
        if not one.right_first
    ]
    broken = [f"citation: {one.query.query_id} {fault}" for one in found.judged for fault in one.broken]
    refused = [f"refused: {one.query.query_id} {one.query.text}" for one in found.judged if not one.answered]
    given = [
        f"answered: {one.query.query_id} {one.query.text} -> {one.answer} ({one.confidence:.2f})"
        for one in found.refused
        if not one.declined
    ]
    return broken + wrong + given + refused


def _save(found: Answering, dataset: Dataset, folder: Path) -> None:
    from eval.files import write_json
    from eval.provenance import provenance
    from eval.results import describe_dataset

    value: dict[str, Any] = {
        "format": 1,
        "dataset": describe_dataset(dataset),
        "system": {"name": found.name},
        "made": provenance(),
        "summary": found.summary(),
        "per_query": found.per_query(),
        "answerable": [_row(one) for one in found.judged],
        "unanswerable": [_row(one) for one in found.refused],
    }
    write_json(folder / "answers.json", value)


def _row(one: Any) -> dict[str, Any]:
    import dataclasses

    row = dataclasses.asdict(one)
    query = row.pop("query")
    return {"_id": query["query_id"], "text": query["text"], "metadata": query["metadata"], **row}
