"""A data directory's life, as steps that can each be interrupted, and what an undisturbed run of it gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpus.demo import CASES
from corpus.settings import Settings
from corpus.store import Store
from index.checking import check
from index.opening import NoIndexError
from index.publish import complete_generations
from tests.reliability.faults import Call, Fault, arm, calls, environment
from tests.reliability.processes import ROOT, Ended, run
from tests.reliability.questions import Answers, answers

#: More documents than one transaction of an ingest takes.
_MANY = 230


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the history; ``{sources}`` in its arguments is where the files to ingest lie."""

    name: str
    arguments: tuple[str, ...]
    #: What the command says where it has been done already, and so ends with 1.
    done_before: str | None = None

    def command(self, data: Path, sources: Path) -> list[str]:
        """The arguments of ``karani``."""
        filled = [one.replace("{sources}", str(sources)) for one in self.arguments]
        return [filled[0], "--data", str(data), *filled[1:]]

    def is_well(self, status: int | None, output: str) -> bool:
        """Whether a second run of the command may end so."""
        return status == 0 or (status == 1 and self.done_before is not None and self.done_before in output)


HISTORY = (
    Step("ingest new", ("ingest", "{sources}/first")),
    Step("first build", ("build",)),
    Step("ingest changed", ("ingest", "{sources}/second")),
    Step("build on it", ("build",)),
    Step("remove", ("remove", "chaiburi"), "there is no document chaiburi"),
    Step("build, drop old", ("build",)),
    Step("ingest many", ("ingest", "{sources}/many.jsonl")),
    Step("build fresh", ("build", "--fresh")),
    Step("ask", ("ask", "คัดแยกขยะที่ต้นทาง")),
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a data directory holds at rest.

    Attributes:
        store: documents with their texts, cases and passages, as one value to compare.
        answers: what its engine says; ``None`` where there is no generation.
        generations: how many it keeps.
        names: the files and folders at its top, but SQLite's own that come and go, and its originals.
        problems: what ``karani check`` finds.
    """

    store: tuple[tuple[str, ...], ...]
    answers: Answers | None
    generations: int
    names: frozenset[str]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step of the undisturbed run: the data directory before it, what it held then and afterwards, its calls."""

    step: Step
    data: Path
    before: Holding
    after: Holding
    calls: tuple[Call, ...]


def write_sources(folder: Path) -> None:
    """The files that the history ingests."""
    cases = sorted(CASES.glob("*.md"))
    first, second = folder / "first", folder / "second"
    first.mkdir(parents=True)
    for path in cases[:5]:
        shutil.copy(path, first)
    _write_lines(first / "notes.jsonl", _notes("ปลูกต้นไม้ริมคลองทุกฤดูฝน"))
    shutil.copytree(first, second)
    for path in cases[5:8]:
        shutil.copy(path, second)
    changed = second / cases[0].name
    changed.write_text(
        changed.read_text(encoding="utf-8") + "\nปีต่อมาเพิ่มเครือข่ายจิตอาสาอีก 50 คน\n", encoding="utf-8"
    )
    _write_lines(second / "notes.jsonl", _notes("ปลูกต้นไม้ริมคลองและทำธนาคารน้ำใต้ดิน"))
    many = [{"id": f"many-{n}", "text": f"แปลงนา {n} ตากข้าวหอมมะลิ {n * 7} เกวียน"} for n in range(_MANY)]
    _write_lines(folder / "many.jsonl", many)


def _notes(first: str) -> list[dict[str, object]]:
    pages = [{"number": n, "text": f"หน้าที่ {n} เล่าเรื่องศูนย์พัฒนาเด็กเล็กแห่งที่ {n}"} for n in (1, 2, 5)]
    return [{"id": "trees", "text": first}, {"id": "paged", "title": "รายงานหลายหน้า", "pages": pages}]


def _write_lines(path: Path, documents: Sequence[object]) -> None:
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in documents), encoding="utf-8")


def copy(data: Path, target: Path) -> None:
    """A copy of a data directory; what is never written again is linked."""
    target.mkdir(parents=True)
    for path in data.iterdir():
        if path.is_dir():
            shutil.copytree(path, target / path.name, copy_function=os.link)
        else:
            shutil.copy2(path, target / path.name)


def perform(step: Step, data: Path, sources: Path) -> int:
    """Run a step as the command runs it; its exit status."""
    import karani

    return karani.main(step.command(data, sources))


def perform_armed(step: Step, data: Path, sources: Path, fault: Fault, log: Path) -> int:
    """`perform` in a process that meets a fault, and ends afterwards."""
    arm(data, fault, log)
    return perform(step, data, sources)


def struck(step: Step, data: Path, sources: Path, fault: Fault, log: Path, *, fresh: bool) -> Ended:
    """Run a step that meets a fault, in a process of its own; the exit status is the command's."""
    if not fresh:
        ended = run(perform_armed, step, data, sources, fault, log)
        return Ended(ended.value, None, ended.output) if ended.status == 0 else ended
    done = subprocess.run(
        [sys.executable, "karani.py", *step.command(data, sources)],
        env={**os.environ, **environment(data, fault, log)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return Ended(done.returncode, None, done.stdout + done.stderr)


def holding(data: Path) -> Holding:
    """Look into a data directory at rest."""
    settings = Settings(data=data)
    try:
        said = answers(settings)
    except NoIndexError:
        said = None
    return Holding(
        store=_store(settings),
        answers=said,
        generations=len(complete_generations(settings)),
        names=_names(settings),
        problems=tuple(check(settings)),
    )


def _store(settings: Settings) -> tuple[tuple[str, ...], ...]:
    if not settings.database.exists():
        return ()
    with Store.open(settings.database, create=False) as store:
        documents = [
            (one.document_id, one.title, str(sorted(one.metadata.items())), *(str(page) for page in store.pages(one.document_id)))
            for one in store.documents()
        ]  # fmt: skip
        passages = [(str(passage),) for passage in store.passages()]
        return (*documents, *((str(info),) for info in store.cases()), *passages)


def _names(settings: Settings) -> frozenset[str]:
    passing = {f"{settings.database.name}-wal", f"{settings.database.name}-shm"}
    top = {path.name for path in settings.data.iterdir()} if settings.data.is_dir() else set()
    kept = {path.name for path in settings.originals.iterdir()} if settings.originals.is_dir() else set()
    built = settings.generations.iterdir() if settings.generations.is_dir() else ()
    hidden = {path.name for path in built if path.name.startswith(".")}
    return frozenset((top - passing) | kept | hidden)


@cache
def record(folder: Path) -> Sequence[Recorded]:
    """Live the history undisturbed in ``folder``, which keeps the data directory as before each step; once a folder.

    Raises:
        RuntimeError: a step failed that nothing disturbed.
    """
    sources, data = folder / "sources", folder / "data"
    write_sources(sources)
    data.mkdir()
    recorded = []
    before: Holding = run(holding, data).result()
    for number, step in enumerate(HISTORY):
        kept, log = folder / f"before-{number}", folder / f"calls-{number}"
        copy(data, kept)
        ended = struck(step, data, sources, Fault(), log, fresh=False)
        if ended.status != 0:
            raise RuntimeError(f"{step.name}: {ended.output}")
        after: Holding = run(holding, data).result()
        recorded.append(Recorded(step, kept, before, after, tuple(calls(log))))
        before = after
    return recorded
