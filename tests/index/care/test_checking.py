"""`karani check`: each kind of damage is found and named, and a whole data directory is clean."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from corpus.settings import Settings
from corpus.sqlite import StoreError
from index.care.databases import integrity
from index.care.problems import Kind
from index.checking import check, examine
from tests.index.care.conftest import change, generations


def test_a_whole_data_directory_is_clean(used: Settings) -> None:
    steps: list[tuple[int, int]] = []
    problems = examine(used, lambda done, total, _: steps.append((done, total)))
    assert [problem for problem in problems if problem.matters] == []
    assert steps[-1][0] == steps[-1][1]
    assert all(done <= total for done, total in steps)


def test_only_the_replaced_original_is_noted_as_unreferenced(used: Settings) -> None:
    """The older generation still reads the text of the original that was replaced since."""
    assert [p.kind for p in examine(used)] == []


ALIVE = "removed IS NULL AND document_id = 'waste'"
ROWS: dict[str, tuple[str, str]] = {
    "passage text": (f"UPDATE passages SET text = 'x' || substr(text, 2) WHERE {ALIVE}", "is not what the page says"),
    "passage place": (f'UPDATE passages SET start = start + 1, "end" = "end" + 1 WHERE {ALIVE}', "is not what the page says"),
    "passage id": (f"UPDATE passages SET passage_id = 'feedfeedfeedfeed' WHERE {ALIVE}", "another id"),
    "page text": (f"UPDATE pages SET text = 'x' || substr(text, 2) WHERE {ALIVE}", "is not what the page says"),
    "page map cut": (f"UPDATE pages SET pieces = substr(pieces, 1, 7) WHERE {ALIVE}", "cannot be read"),
    "page map short": (f"UPDATE pages SET pieces = x'' WHERE {ALIVE}", "the map covers 0"),
    "page map wrong": (
        f"UPDATE pages SET pieces = x'00000000ff7f000000000000ff7f0000' WHERE {ALIVE}",
        "the map leaves the source text",
    ),
    "page map gap": (
        f"UPDATE pages SET pieces = x'01000000010000000000000001000000' WHERE {ALIVE}",
        "a gap at 0",
    ),
    "page blocks": (f"UPDATE pages SET blocks = x'00000000ff7f0000' WHERE {ALIVE}", "separate texts"),
    "page gone": (f"DELETE FROM pages WHERE {ALIVE}", "without pages"),
    "document gone": (f"DELETE FROM documents WHERE {ALIVE}", "without its document"),
    "case gone": (f"DELETE FROM cases WHERE {ALIVE}", "without its case"),
    "metadata": (f"UPDATE documents SET metadata = '{{' WHERE {ALIVE}", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("damage", ROWS)
def test_rows_that_do_not_fit_together_are_named_with_their_document(room: Settings, damage: str) -> None:
    sql, said = ROWS[damage]
    change(room, sql)
    found = [problem for problem in examine(room) if problem.kind is Kind.DOCUMENT]
    assert [problem.subject for problem in found] == ["waste"]
    assert said in str(found[0])


def test_texts_that_only_the_older_generation_reads_are_looked_at(room: Settings) -> None:
    _, older = generations(room)
    change(room, "UPDATE pages SET text = 'x' || substr(text, 2) WHERE removed IS NOT NULL")
    found = [problem for problem in examine(room) if problem.matters]
    assert [(p.kind, p.subject) for p in found] == [(Kind.GENERATION, older)]
    assert "note as it was" in str(found[0])


def test_ids_that_differ_between_store_and_index_are_found(room: Settings) -> None:
    current, _ = generations(room)
    change(room, "UPDATE passages SET row = row + 1000 WHERE document_id = 'later'")
    said = [str(problem) for problem in examine(room) if problem.subject == current]
    for name in ("vectors.faiss", "forward", "lexical"):
        assert any(name in line for line in said), said


@pytest.mark.parametrize("name", ["corpus.sqlite", "service.sqlite", "judgements.sqlite"])
def test_a_database_that_is_none_is_named(room: Settings, name: str) -> None:
    (room.data / name).write_bytes(b"this is no database, whatever its name says" * 100)
    found = [problem for problem in examine(room) if problem.matters]
    assert [(p.kind, p.subject) for p in found] == [(Kind.DATABASE, name)]
    assert "karani restore" in str(found[0])


def test_a_page_of_zeros_inside_a_database_is_noticed(room: Settings) -> None:
    with closing(sqlite3.connect(room.database)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pages'").fetchone()[0]
    data = bytearray(room.database.read_bytes())
    data[(root - 1) * size : root * size] = bytes(size)
    room.database.write_bytes(bytes(data))
    assert any(line.startswith("corpus.sqlite: ") for line in check(room))


FILES: dict[str, tuple[Kind, Callable[[Settings], object]]] = {
    "leftover generation": (Kind.LEFTOVER, lambda s: (s.generations / ".partial-x").mkdir()),
    "leftover CURRENT": (Kind.LEFTOVER, lambda s: (s.data / ".CURRENT-x").write_text("")),
    "leftover original": (Kind.LEFTOVER, lambda s: (s.originals / "abc.partial").write_text("")),
    "leftover backup": (Kind.LEFTOVER, lambda s: (s.data / ".backup-x").mkdir()),
    "leftover upload": (Kind.LEFTOVER, lambda s: (s.data / "spool" / ".partial-x").mkdir(parents=True)),
    "stray original": (Kind.STRAY, lambda s: (s.originals / "holiday.jpg").write_text("")),
    "stray generation": (Kind.STRAY, lambda s: (s.generations / "notes.txt").write_text("")),
    "damaged original": (Kind.ORIGINAL, lambda s: next(s.originals.iterdir()).write_text("x")),
    "no CURRENT": (Kind.CURRENT, lambda s: s.current.unlink()),
}


@pytest.mark.parametrize("what", FILES)
def test_files_that_should_not_be_so_are_named(room: Settings, what: str) -> None:
    kind, break_it = FILES[what]
    break_it(room)
    assert [problem.kind for problem in examine(room) if problem.matters] == [kind]


def test_an_original_that_no_page_came_from_is_only_noted(room: Settings) -> None:
    import hashlib

    (room.originals / hashlib.sha256(b"x").hexdigest()).write_bytes(b"x")
    found = examine(room)
    assert [(p.kind, p.matters) for p in found] == [(Kind.UNREFERENCED, False)]
    assert check(room) == []


def test_nothing_at_all_says_what_to_do_and_makes_nothing(room: Settings) -> None:
    nothing = Settings(data=room.data / "nothing")
    assert any("karani ingest" in line for line in check(nothing))
    assert not nothing.data.exists()


def test_a_database_that_cannot_be_opened_is_not_called_damaged(room: Settings) -> None:
    room.service_database.unlink()
    room.service_database.symlink_to(room.data / "a" / "disk" / "that" / "is" / "away")
    room.database.rename(room.data / "aside")
    room.database.mkdir()
    with pytest.raises(StoreError, match=r"corpus\.sqlite"):
        examine(room)


def test_a_database_whose_writer_was_killed_is_looked_at_as_sqlite_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    script = (
        "import os, signal, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('CREATE TABLE t (x)')\nc.execute('PRAGMA cache_size = 1')\nc.execute('BEGIN')\n"
        "c.executemany('INSERT INTO t VALUES (zeroblob(4000))', [()] * 50)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert path.with_name("service.sqlite-journal").exists()
    assert integrity(path) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
