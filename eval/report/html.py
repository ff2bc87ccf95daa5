"""The report as one HTML file: styles and plots inside, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.compare import statement, statement_thai
from eval.report import plots
from eval.report.content import Answers, Content, content_words
from eval.report.marking import excerpt, pieces

_FOLDER = Path(__file__).parent
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["pieces"] = pieces
_ENVIRONMENT.filters["excerpt"] = excerpt
_ENVIRONMENT.filters["content_words"] = content_words


def render(content: Content) -> str:
    """Write the whole page."""
    return _ENVIRONMENT.get_template("report.html").render(
        content=content,
        first=content.results[0],
        last=content.results[-1],
        dataset=content.results[0].dataset,
        statements=[(statement(p), statement_thai(p)) for p in content.pairs if p.measure == content.main],
        significant={
            (p.measure, p.system): p
            for p in content.pairs
            if p.p_adjusted < 0.05 and not p.measure.startswith("Judged")
        },
        plots=_plots(content),
    )


def _plots(content: Content) -> dict[str, Markup]:
    drawn = {
        "recall": plots.recall(
            content.recall, "Recall by depth", "จำนวนเอกสารที่ดู · documents looked at", "recall"
        )
    }
    if len(content.results) > 1:
        first, last = content.results[0], content.results[-1]
        before, after = first.per_query[content.main], last.per_query[content.main]
        texts = {query.query_id: query.text for query in first.queries}
        ids = list(before)
        drawn["differences"] = plots.differences(
            [after[i] - before[i] for i in ids],
            [f"{i} {texts.get(i, '')}" for i in ids],
            f"Difference of {content.main} by question, {last.name} minus {first.name}",
            "คำถาม เรียงจากดีขึ้นมากที่สุด · questions, largest gain first",
            f"{content.main}: {last.name} - {first.name}",
        )
    if content.times_ms:
        drawn["latency"] = plots.latency(
            content.times_ms, "Latency", "มิลลิวินาที · milliseconds", "share of questions answered"
        )
    if content.answers:
        drawn["calibration"] = plots.calibration(
            {one.name: _points(one) for one in content.answers},
            "Calibration",
            "ความมั่นใจที่ระบบบอก · stated confidence",
            "สัดส่วนที่ถูก · share that was right",
        )
    # The plots escape every text that they are given.
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def _points(answers: Answers) -> list[tuple[float, float, int]]:
    return [(one.confidence, one.right, one.count) for one in answers.bins]
