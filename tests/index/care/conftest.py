"""A data directory as it is after some use: two generations, kept originals, all three databases."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from eval.judgements import Judgements
from index.generations import build
from service.database import Database
from tests.index.conftest import PAGES

LATER = "เรื่องที่มาทีหลัง ว่าด้วยห้องสมุดลอยน้ำของเด็กริมแม่น้ำ"


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("used")
    files = root / "files"
    files.mkdir()
    for name, text in PAGES.items():
        (files / name).write_text(text, encoding="utf-8")
    settings = Settings(data=root / "data")
    with Store.open(settings.database) as store:
        ingest(store, [files], settings)
        build(store, settings)
        (files / "later.txt").write_text(LATER, encoding="utf-8")
        (files / "note.txt").write_text(PAGES["note.txt"] + " แก้ไขแล้ว", encoding="utf-8")
        ingest(store, [files], settings)
        build(store, settings)
    with closing(Database(settings.service_database)) as database, database.writing() as connection:
        connection.execute("INSERT INTO questions VALUES ('ขยะ', 'ขยะ', 3, '2026-11-29')")
    with closing(Judgements(settings.data / "judgements.sqlite")) as judgements:
        judgements.give("pool", "judge", "q1", "d1", 2)
    return settings


@pytest.fixture
def room(used: Settings, tmp_path: Path) -> Settings:
    """A copy to damage."""
    shutil.copytree(used.data, tmp_path / "data")
    return Settings(data=tmp_path / "data")


def change(settings: Settings, sql: str, *parameters: object, database: str = "corpus.sqlite") -> None:
    """Change a database behind everybody's back."""
    with closing(sqlite3.connect(settings.data / database)) as connection:
        connection.execute(sql, parameters)
        connection.commit()


def generations(settings: Settings) -> tuple[str, str]:
    """The current generation's name, and the older one's."""
    names = sorted(path.name for path in settings.generations.iterdir())
    assert len(names) == 2
    assert settings.current.read_text(encoding="utf-8") == names[1] + "\n"
    return names[1], names[0]
