"""`karani check --repair`: what can be made again is, the rest is set aside or told."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import pytest

from corpus.settings import Settings
from corpus.store import Store
from index.care.files import sweep_if_free
from index.care.problems import Kind
from index.care.repair import Repaired, repair
from index.care.staging import staging
from index.checking import examine
from index.engine import Engine
from tests.index.care.conftest import change, generations
from tests.index.care.test_checking import ROWS


def texts(settings: Settings) -> dict[str, str]:
    with Store.open(settings.database) as store:
        return {passage.passage_id: passage.text for passage in store.passages()}


def matter(settings: Settings) -> list[str]:
    return [str(problem) for problem in examine(settings) if problem.matters]


def left(repaired: Repaired) -> list[str]:
    return [str(problem) for problem in repaired.left if problem.matters]


def test_a_whole_data_directory_is_left_as_it_is(room: Settings) -> None:
    before = room.current.read_text()
    repaired = repair(room)
    assert (repaired.done, repaired.left) == ((), ())
    assert room.current.read_text() == before


@pytest.mark.parametrize("damage", sorted(ROWS.keys() - {"page gone", "document gone", "metadata"}))
def test_texts_come_back_from_their_source_text(room: Settings, damage: str) -> None:
    before = texts(room)
    change(room, ROWS[damage][0])
    repaired = repair(room)
    assert left(repaired) == []
    assert any(line.startswith("waste: ") for line in repaired.done)
    assert texts(room) == before
    assert matter(room) == []
    engine = Engine.open(room)
    assert engine.fault == ""
    found = engine.search("คัดแยกขยะที่ต้นทาง").groups[0].best
    page = engine.store.page("waste", 1)
    assert page is not None
    assert page.text[found.citation.start : found.citation.end] == found.passage.text
    engine.close()


def test_a_lost_title_is_told_and_a_document_without_pages_goes(room: Settings) -> None:
    change(room, ROWS["document gone"][0])
    change(room, "DELETE FROM pages WHERE removed IS NULL AND document_id = 'chomphu'")
    repaired = repair(room)
    assert left(repaired) == []
    said = "\n".join(repaired.done)
    assert "waste: " in said
    assert "its title and metadata are lost: ingest it again" in said
    assert "chomphu: " in said
    assert "run karani ingest PATH again" in said
    with Store.open(room.database) as store:
        assert store.document("waste") is not None
        assert store.document("chomphu") is None
        assert {p.document_id for p in store.passages()} == {"banbueng", "waste", "note", "later"}


def test_a_damaged_generation_is_dropped_and_a_new_one_serves(room: Settings) -> None:
    before = texts(room)
    current, older = generations(room)
    (room.generations / current / "vectors.faiss").write_bytes(b"x")
    repaired = repair(room)
    assert left(repaired) == []
    assert not (room.generations / current).exists()
    assert (room.generations / older).exists()
    assert matter(room) == []
    engine = Engine.open(room)
    assert engine.generation not in (current, older)
    assert engine.manifest.passages == len(before)
    engine.close()


def test_all_generations_gone_are_built_again(room: Settings) -> None:
    for name in generations(room):
        (room.generations / name / "manifest.json").write_text("{")
    repaired = repair(room)
    assert left(repaired) == []
    engine = Engine.open(room)
    assert engine.fault == ""
    engine.close()


def test_current_is_written_anew_without_building(room: Settings) -> None:
    current, older = generations(room)
    room.current.write_bytes(b"\x00")
    assert left(repair(room)) == []
    assert generations(room) == (current, older)


def test_what_nobody_can_make_again_is_set_aside_and_never_deleted(room: Settings) -> None:
    damaged = min(room.originals.iterdir())
    damaged.write_text("damaged")
    unknown = room.originals / hashlib.sha256(b"x").hexdigest()
    unknown.write_bytes(b"x")
    (room.originals / "holiday.jpg").write_bytes(b"jpg")
    (room.generations / "notes.txt").write_bytes(b"notes")
    assert left(repair(room)) == []
    lost = room.data / "lost+found"
    assert (lost / "files" / damaged.name).read_text() == "damaged"
    assert (lost / "files" / unknown.name).read_bytes() == b"x"
    assert (lost / "files" / "holiday.jpg").read_bytes() == b"jpg"
    assert (lost / "generations" / "notes.txt").read_bytes() == b"notes"
    (room.originals / "holiday.jpg").write_bytes(b"another")
    repair(room)
    assert sorted(path.read_bytes() for path in (lost / "files").glob("holiday.jpg*")) == [b"another", b"jpg"]


def test_a_damaged_index_of_sqlite_is_made_anew(room: Settings) -> None:
    """The index is hidden from SQLite while a row changes."""
    late = "UPDATE passages SET added = added + ? WHERE document_id = 'later'"
    change(room, late, 100)
    with closing(sqlite3.connect(room.database)) as connection:
        sql = "SELECT * FROM sqlite_master WHERE name = 'passages_added'"
        row = connection.execute(sql).fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'passages_added'")
        connection.commit()
    change(room, late, -100)
    with closing(sqlite3.connect(room.database)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
        connection.commit()
    assert [p.kind for p in examine(room) if p.matters] == [Kind.DATABASE]
    repaired = repair(room)
    assert left(repaired) == []
    assert any("SQLite" in line for line in repaired.done)


def test_a_damaged_database_is_left_for_a_backup(room: Settings) -> None:
    room.database.write_bytes(b"none" * 1000)
    repaired = repair(room)
    assert [problem.kind for problem in repaired.left] == [Kind.DATABASE]
    assert "karani restore" in str(repaired.left[0])
    assert room.database.read_bytes() == b"none" * 1000


def test_leftovers_go_at_the_next_start_but_nothing_of_the_living(room: Settings) -> None:
    (room.generations / ".partial-dead").mkdir()
    (room.data / ".CURRENT-dead").write_text("x")
    (room.originals / "dead.partial").write_text("x")
    (room.data / ".backup-dead").mkdir()
    said: list[str] = []
    with staging(room.data, ".backup-") as living:
        sweep_if_free(room, said.append)
        assert living.exists()
    assert len(said) == 4
    assert matter(room) == []


def test_a_live_build_is_let_alone(room: Settings) -> None:
    import subprocess
    import sys

    (room.generations / ".partial-living").mkdir()
    script = (
        "import sys; from pathlib import Path; from corpus.locking import corpus_lock; from corpus.settings import Settings\n"
        "with corpus_lock(Settings(data=Path(sys.argv[1])), 'karani build'): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(room.data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as builder:
        assert builder.stdout is not None
        assert builder.stdin is not None
        builder.stdout.readline()
        sweep_if_free(room, print)
        assert (room.generations / ".partial-living").exists()
        builder.stdin.close()
    sweep_if_free(room, lambda _: None)
    assert not (room.generations / ".partial-living").exists()
