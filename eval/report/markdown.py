"""The report as Markdown, for pull requests and papers."""

from __future__ import annotations

from collections.abc import Mapping

from eval.compare import statement
from eval.report.content import Content
from eval.tables import markdown

_FAILURES = 15


def render(content: Content) -> str:
    """Write summary, statements, breakdown, latency, answers and the worst questions."""
    first = content.results[0]
    dataset = first.dataset
    parts = [
        f"# {dataset['name']}/{dataset['split']}",
        f"{dataset['queries']} questions, relevant from grade {dataset['relevance_level']}; "
        f"mean [95% bootstrap interval].",
        _summary(content),
        *[f"- {statement(pair)}" for pair in content.pairs if pair.measure == content.main],
        *_unjudged(content),
    ]
    if content.groups:
        parts += [f"## {content.main} by kind of question", _groups(content)]
    if any(one.latency_ms for one in content.results):
        parts += ["## Latency", _latency(content)]
    if content.answers:
        parts += ["## Answers", _answers(content)]
    parts += [f"## Worst questions of {content.results[-1].name}", _failures(content), "## Provenance"]
    parts += [f"- {r.name}: {_pairs(r.system)}; {_pairs(r.made)}" for r in content.results]
    return "\n\n".join(parts) + "\n"


def _summary(content: Content) -> str:
    rows = [
        [
            measure,
            *[
                f"{s.mean:.3f} [{s.interval.low:.3f}, {s.interval.high:.3f}]"
                for s in (result.scores[measure] for result in content.results)
            ],
        ]
        for measure in content.measures
    ]
    return markdown(["measure", *[result.name for result in content.results]], rows)


def _unjudged(content: Content) -> list[str]:
    return [
        f"- {name}: {share:.0%} of the first ten hits were judged by nobody and count as wrong."
        for name, share in content.unjudged.items()
        if share > 0
    ]


def _groups(content: Content) -> str:
    rows = [
        [f"{g.key}: {g.value}", str(g.queries), *[f"{mean:.3f}" for mean in g.means]] for g in content.groups
    ]
    return markdown(["group", "questions", *[result.name for result in content.results]], rows)


def _latency(content: Content) -> str:
    rows = [
        [r.name, *[f"{r.latency_ms[key]:.1f}" for key in ("mean", "p50", "p95", "p99")]]
        for r in content.results
        if r.latency_ms
    ]
    return markdown(["ms", "mean", "p50", "p95", "p99"], rows)


def _answers(content: Content) -> str:
    keys = [
        "right_first",
        "answer_right",
        "citation_accuracy",
        "declined_recall",
        "declined_precision",
        "declined_auc",
    ]
    rows = [
        [key, *[f"{a.summary[key]:.3f}" if key in a.summary else "" for a in content.answers]] for key in keys
    ]
    rows.append(["expected calibration error", *[f"{a.expected_error:.3f}" for a in content.answers]])
    return markdown(["share", *[a.name for a in content.answers]], rows)


def _failures(content: Content) -> str:
    rows = [
        [
            f"{one.query_id} {one.text}",
            f"{one.value:.2f}",
            one.hits[0].found.document_id if one.hits else "nothing",
            ", ".join(text.document_id for text, _, _ in one.right),
        ]
        for one in content.failures[:_FAILURES]
    ]
    return markdown(["question", content.main, "first hit", "expected"], rows)


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if value not in (None, [], ()))
