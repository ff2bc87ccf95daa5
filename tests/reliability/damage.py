"""One bit flipped, or an end cut off, in any file of the generation that serves: noticed before a hit is served.

Where only the newest generation's file is damaged, the one before must serve, and answer as it always did. Generations
share unchanged files (hard links): where a shared one is damaged, both are, and opening must refuse by name. Every
fourth trial damages a generation that a running engine is about to reload.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from corpus.settings import Settings
from index.checking import check
from index.engine import Engine
from index.opening import NoIndexError
from index.publish import MANIFEST, GenerationError, complete_generations
from tests.reliability import history
from tests.reliability.driving import Plan, drive
from tests.reliability.processes import run
from tests.reliability.questions import Answers, asked, difference
from tests.reliability.report import Outcome

#: The step of the history before which two generations lie there.
_STEPS = 6
_RELOADS_EVERY = 4
_QUESTIONS = ("ใครดูแลผู้สูงอายุที่บ้าน", "ปลูกต้นไม้ริมคลอง")
_SYSTEMS = ("hybrid",)


@dataclass(frozen=True, slots=True)
class Undamaged:
    """A data directory with two whole generations, newest first, and what each answers."""

    data: Path
    names: tuple[str, str]
    said: tuple[Answers, Answers]


@dataclass(frozen=True, slots=True)
class Damage:
    """What is damaged: a file's path below the data directory, a bit to flip or the length to cut to, and when."""

    file: str
    how: str
    place: int
    shared: bool
    reload: bool

    def __str__(self) -> str:
        when = "reload" if self.reload else "open"
        return f"{self.how} {self.file} at {self.place}{', shared' if self.shared else ''}, {when}"


def damage(plan: Plan) -> Outcome:
    """Trials over all files of the newest generation, its manifest and ``CURRENT``."""
    began = time.monotonic()
    undamaged = _prepare(plan.folder)
    draw = plan.random("damage")
    calls = [(undamaged, plan.folder, _draw(undamaged, draw, n)) for n in range(1, plan.trials + 1)]
    outcome = drive("bit flipped or file cut", trial, calls, plan)
    outcome.seconds = time.monotonic() - began
    return outcome


def _prepare(folder: Path) -> Undamaged:
    data = history.record(folder)[_STEPS].data
    newest, older = complete_generations(Settings(data=data))
    alone = folder / "older"
    history.copy(data, alone)
    shutil.rmtree(alone / "generations" / newest.name)
    (alone / "CURRENT").write_text(older.name + "\n")
    return Undamaged(data, (newest.name, older.name), (run(_say, data).result(), run(_say, alone).result()))


def _say(data: Path) -> Answers:
    engine = Engine.open(Settings(data=data))
    try:
        return asked(engine, _QUESTIONS, _SYSTEMS)
    finally:
        engine.close()


def _draw(undamaged: Undamaged, draw: random.Random, number: int) -> Damage:
    newest = undamaged.data / "generations" / undamaged.names[0]
    files = sorted(path for path in newest.rglob("*") if path.is_file() and path.stat().st_size)
    path = draw.choice([*files, undamaged.data / "CURRENT"])
    size = path.stat().st_size
    how = draw.choice(["flip", "cut"])
    place = draw.randrange(8 * size if how == "flip" else size)
    shared = (
        path.stat().st_nlink > 1 and _twin(undamaged, undamaged.data, path).exists() and draw.random() < 0.5
    )
    name = path.relative_to(undamaged.data).as_posix()
    return Damage(name, how, place, shared, number % _RELOADS_EVERY == 0)


def _twin(undamaged: Undamaged, data: Path, path: Path) -> Path:
    """The same file of the older generation."""
    newest, older = (data / "generations" / name for name in undamaged.names)
    return older / path.relative_to(newest) if path.is_relative_to(newest) else data / "none"


def trial(undamaged: Undamaged, folder: Path, done: Damage) -> list[str]:
    """Damage one file; what is wrong with how that is met."""
    work = folder / f"trial-{os.getpid()}"
    try:
        history.copy(undamaged.data, work)
        settings = Settings(data=work)
        wrong = _reloaded(undamaged, settings, done) if done.reload else _opened(undamaged, settings, done)
        if not _is_noticed(check(settings), done):
            wrong.append(f"karani check does not name it: {check(settings)}")
        return wrong
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_noticed(problems: list[str], done: Damage) -> bool:
    name = done.file.split("/", 2)[-1]
    if done.file == "CURRENT" and _is_still_named(done):
        return True
    # A manifest's bit may stand in another file's checksum or name: then that is what differs.
    return any(name in problem for problem in problems) or (name == MANIFEST and bool(problems))


def _is_still_named(done: Damage) -> bool:
    """Whether ``CURRENT`` lost no more than the end of its line, which is no part of the name."""
    name = Path(done.file).name
    end = len("20261129T130736635-24c5")
    return name == "CURRENT" and (done.place == end if done.how == "cut" else False)


def _apply(undamaged: Undamaged, data: Path, done: Damage) -> None:
    path = data / done.file
    content = bytearray(path.read_bytes())
    if done.how == "flip":
        content[done.place // 8] ^= 1 << done.place % 8
    else:
        del content[done.place :]
    # Another file of the same name: the copy that others are made from stays whole.
    targets = [path, _twin(undamaged, data, path)] if done.shared else [path]
    for target in targets:
        target.unlink()
        target.write_bytes(bytes(content))


def _opened(undamaged: Undamaged, settings: Settings, done: Damage) -> list[str]:
    _apply(undamaged, settings.data, done)
    try:
        engine = Engine.open(settings)
    except (GenerationError, NoIndexError) as error:
        name = done.file.split("/", 2)[-1]
        return [] if done.shared and name in str(error) else [f"refused: {error}"]
    try:
        return _served(undamaged, engine, done)
    finally:
        engine.close()


def _served(undamaged: Undamaged, engine: Engine, done: Damage) -> list[str]:
    """Whether a generation serves that is whole, as it always did."""
    said = asked(engine, _QUESTIONS, _SYSTEMS)
    whole = dict(zip(undamaged.names, undamaged.said, strict=True))
    if done.file != "CURRENT":
        whole.pop(undamaged.names[0])
    if done.shared or engine.generation not in whole:
        return [f"{engine.generation} serves, which is damaged"]
    odd = difference(said, whole[engine.generation])
    return [f"{engine.generation} serves, but otherwise: {odd}"] if odd else []


def _reloaded(undamaged: Undamaged, settings: Settings, done: Damage) -> list[str]:
    newest, older = undamaged.names
    settings.current.write_text(older + "\n")
    engine = Engine.open(settings)
    try:
        settings.current.write_text(newest + "\n")
        _apply(undamaged, settings.data, done)
        try:
            engine.reload()
        except (GenerationError, NoIndexError) as error:
            if not done.shared:
                return [f"reload refused, although the generation before is whole: {error}"]
        # A shared file was damaged after it was opened: what serves was read, or mapped, before.
        return [] if done.shared else _served(undamaged, engine, done)
    finally:
        engine.close()
