"""All jobs of the quality table with what they should reach, and running those that were chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eval.datasets import Dataset
from eval.errors import UsageError
from eval.provenance import provenance
from eval.quality import damage, finding, ranking, refusing, rows, speed
from eval.quality.ahead import indexing
from eval.quality.rows import Row, Target
from eval.quality.sets import BITEXT, Sets
from index.encoders import load_encoder


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to measure, giving one row or a few: its name for ``--only``, the sets it reads, the measuring."""

    name: str
    needs: tuple[str, ...]
    measure: Callable[[Sets, Path | None], list[Row]]


def _retrieval(job: str, name: str, system: str, **targets: float | None) -> Job:
    """Measures are given as ``ndcg_10``, ``success_1``, ``r_50``, with what they should reach."""
    names = {"ndcg": "nDCG", "success": "Success", "r": "R"}
    measures = {
        f"{names[given.split('_')[0]]}@{given.split('_')[1]}": None if bound is None else Target(bound)
        for given, bound in targets.items()
    }

    def run(sets: Sets, out: Path | None) -> list[Row]:
        return ranking.retrieval(job, name, system, measures, sets, out)

    return Job(job, (name,), run)


def _job(name: str, needs: tuple[str, ...], measure: Callable[[Sets], list[Row]]) -> Job:
    return Job(name, needs, lambda sets, _: measure(sets))


def _damage(kind: str, name: str) -> Job:
    job = f"{kind}-{name}"
    return _job(job, (name,), lambda sets: damage.lost(job, name, kind, sets))


JOBS: tuple[Job, ...] = (
    _retrieval("dev-hybrid", "dev", "hybrid", ndcg_10=0.80, success_1=0.64, r_50=None),
    _retrieval("dev-dense", "dev", "dense", ndcg_10=0.65, r_50=None),
    _retrieval("dev-lexical", "dev", "lexical", ndcg_10=None, r_50=None),
    _retrieval("iapp-hybrid", "iapp", "hybrid", r_1=0.970),
    _retrieval("iapp-dense", "iapp", "dense", r_1=0.90),
    _retrieval("iapp-lexical", "iapp", "lexical", r_1=None),
    _job(
        "bitext-en-th", (BITEXT,), lambda sets: ranking.translation("bitext-en-th", True, Target(0.92), sets)
    ),
    _job("bitext-th-en", (BITEXT,), lambda sets: ranking.translation("bitext-th-en", False, None, sets)),
    _retrieval("english-hybrid", "english", "hybrid", r_1=0.40),
    _retrieval("english-dense", "english", "dense", r_1=None),
    *(
        _damage(kind, name)
        for kind in (damage.MARKS_FROM_PASSAGES, damage.MARKS_FROM_QUERIES, damage.SLIPS)
        for name in ("dev", "iapp", "demo", "seeds")
    ),
    _job("foreign", ("dev", "iapp"), partial(refusing.foreign, "foreign", (Target(0.90), Target(0.97)))),
    _job("removed", ("dev",), partial(refusing.removed, "removed", (Target(0.40), Target(0.75)))),
    _job("found", ("dev",), partial(finding.found, "found")),
    _job(
        "latency",
        ("dev", "demo"),
        partial(speed.latency, "latency", {50: None, 95: Target(12.0, at_most=True)}),
    ),
)
NAMES = tuple(job.name for job in JOBS)


def chosen(only: Sequence[str]) -> list[Job]:
    """Find jobs by their names or by the beginnings of them up to a hyphen (``slips``: all of them); all for none.

    Raises:
        UsageError: nothing is called that.

    """
    wanted = set()
    for name in only:
        found = [job for job in NAMES if job == name or job.startswith(f"{name}-")]
        if not found:
            raise UsageError(f"--only {name!r}; expected names of {', '.join(NAMES)}, or their beginnings")
        wanted.update(found)
    return [job for job in JOBS if job.name in wanted or not only]


def without_seeds(jobs: Sequence[Job], only: Sequence[str]) -> tuple[list[Job], list[str]]:
    """Leave out what needs the report pages where these were not named; also says what was left out and why.

    Raises:
        UsageError: one of them was asked for by its whole name.

    """
    left = [job.name for job in jobs if "seeds" in job.needs]
    asked = sorted(set(left) & set(only))
    if asked:
        raise UsageError(f"--only {', '.join(asked)} needs --seeds DIR, the folder of the report pages")
    reason = [f"{', '.join(left)} (no --seeds)"] if left else []
    return [job for job in jobs if job.name not in left], reason


def run(sets: Sets, only: Sequence[str] = (), out: Path | None = None) -> tuple[list[Row], list[str]]:
    """Measure the chosen jobs one after the other; also says which were left out and why.

    Data sets are checked before anything is measured. With ``out`` the table there is renewed after every job: rows
    of jobs not measured now stay, each with its own commit and date.

    Raises DataError or UsageError before anything is measured.
    """
    jobs, left_out = chosen(only), list[str]()
    if not sets.has_seeds:
        jobs, left_out = without_seeds(jobs, only)
    earlier = rows.load(out / "quality.json") if out else []
    for name in dict.fromkeys(need for job in jobs for need in job.needs):
        sets.check(name)
    found: list[Row] = []
    with indexing(_to_index(jobs, sets), sets.settings):
        for measured in _measured(jobs, sets, out):
            found += measured
            if out:
                rows.save(rows.merged(earlier, found, NAMES), left_out, out)
    return found, left_out


def _to_index(jobs: Sequence[Job], sets: Sets) -> Dataset | None:
    """The set whose damaged texts are to be indexed meanwhile: the largest, if something comes before it."""
    later = [job.name for job in jobs[1:]]
    return sets.dataset("dev") if f"{damage.MARKS_FROM_PASSAGES}-dev" in later else None


def _measured(jobs: Sequence[Job], sets: Sets, out: Path | None) -> Iterator[list[Row]]:
    encoder = load_encoder(sets.settings.encoder, revision=sets.settings.encoder_revision)
    made = {"encoder": f"{encoder.name} {encoder.revision[:12]}"}
    for number, job in enumerate(jobs, start=1):
        sets.stage = f"{number}/{len(jobs)} {job.name}: "
        measured = job.measure(sets, out)
        now = {**made, **provenance()}
        yield [dataclasses.replace(row, made=now) for row in measured]
