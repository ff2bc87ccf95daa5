"""One line of the quality table: a figure with its interval, what it should reach, and what made it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.errors import DataError
from eval.files import write_json, written
from eval.significance import Interval
from eval.tables import markdown

FORMAT = 1
COMMAND = "karani eval quality --only"
_HEADER = (
    "set",
    "measure",
    "figure [95% interval]",
    "to reach",
    "reached",
    "questions",
    "alone",
    "commit",
    "date",
)


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure should keep: at least ``value``, or at most."""

    value: float
    at_most: bool = False

    def reached(self, figure: float) -> bool:
        """Whether the figure, as it is and not as it is rounded for showing, keeps the bound."""
        return figure <= self.value if self.at_most else figure >= self.value


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure.

    Attributes:
        job: what ``--only`` calls the job that measures it.
        dataset: the set as people read it.
        measure: what was measured, with its unit where it has one.
        figure: the value; shares are 0 to 1, losses points, times ms.
        interval: 95% bootstrap interval over questions.
        queries: how many questions (or sentences, or timings) it is over.
        target: what it should reach, if anything.
        decimals: digits after the point that are shown.
        made: commit, date, encoder and machine.

    """

    job: str
    dataset: str
    measure: str
    figure: float
    interval: Interval
    queries: int
    target: Target | None = None
    decimals: int = 3
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; ``None`` without one."""
        return None if self.target is None else self.target.reached(self.figure)

    @property
    def key(self) -> tuple[str, str]:
        """Names the row among all."""
        return self.job, self.measure

    def cells(self) -> list[str]:
        """The row as the Markdown table shows it."""
        # Adding 0 turns a rounded -0.0 into 0.0.
        shown, low, high = (
            f"{round(value, self.decimals) + 0.0:.{self.decimals}f}"
            for value in (self.figure, *self.interval)
        )
        bound = ""
        if self.target is not None:
            bound = f"{'≤' if self.target.at_most else '≥'} {self.target.value:g}"
        reached = {None: "", True: "yes", False: "**no**"}[self.reached]
        made = [str(self.made.get("commit") or "–"), str(self.made.get("date", ""))[:10]]
        return [
            self.dataset, self.measure, f"{shown} [{low}, {high}]", bound, reached,
            str(self.queries), f"`--only {self.job}`", *made,
        ]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        target = None if self.target is None else asdict(self.target)
        return {
            "job": self.job,
            "dataset": self.dataset,
            "measure": self.measure,
            "figure": self.figure,
            "low": self.interval.low,
            "high": self.interval.high,
            "queries": self.queries,
            "target": target,
            "reached": self.reached,
            "decimals": self.decimals,
            "alone": f"{COMMAND} {self.job}",
            "made": dict(self.made),
        }


def from_dict(value: Mapping[str, Any]) -> Row:
    """Read what `Row.as_dict` wrote."""
    return Row(
        job=value["job"],
        dataset=value["dataset"],
        measure=value["measure"],
        figure=value["figure"],
        interval=Interval(value["low"], value["high"]),
        queries=value["queries"],
        target=None if value["target"] is None else Target(**value["target"]),
        decimals=value["decimals"],
        made=value["made"],
    )


def table(rows: Sequence[Row], left_out: Sequence[str] = ()) -> str:
    """Write rows as a Markdown table, what made them and what is missing under it."""
    lines = [markdown(_HEADER, [row.cells() for row in rows])]
    machines = sorted({f"{row.made['encoder']} on {row.made['machine']}" for row in rows if row.made})
    lines += [f"Encoder {machine}; `+` after a commit: with local changes." for machine in machines]
    lines += [f"Left out: {reason}." for reason in left_out]
    return "\n\n".join(lines) + "\n"


def load(path: Path) -> list[Row]:
    """Read a ``quality.json``; no rows where there is none.

    Raises DataError for a file that this version did not write.
    """
    if not path.is_file():
        return []
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["format"] == FORMAT:
            return [from_dict(row) for row in value["rows"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(path, f"not a table of rows ({error!r})", expected="a quality.json") from error
    raise DataError(path, "not a table of this version", expected=f'a quality.json with "format": {FORMAT}')


def merged(earlier: Sequence[Row], rows: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """Put new rows in the place of earlier ones of the same jobs, in the order of the jobs."""
    measured = {row.job for row in rows}
    kept = [row for row in earlier if row.job not in measured and row.job in order]
    return sorted([*kept, *rows], key=lambda row: order.index(row.job))


def save(rows: Sequence[Row], left_out: Sequence[str], folder: Path) -> None:
    """Write ``quality.json`` and ``quality.md``."""
    write_json(folder / "quality.json", {"format": FORMAT, "rows": [row.as_dict() for row in rows]})
    with written(folder / "quality.md") as stream:
        stream.write(table(rows, left_out))
