"""What only a server can do: be away, refuse, restart, be full of others; and that it holds what SQLite holds."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import catalogue
from corpus.copying import reading_file, write_file
from corpus.locking import CorpusLockedError, corpus_lock
from corpus.passages import split
from corpus.records import Case, CaseSpan, Page, Piece
from corpus.settings import DatabaseServer, Settings, SettingsError
from corpus.sqlite import SchemaError, StoreError
from corpus.store import DocumentRecord, Store
from tests.corpus.test_store import record
from tests.postgres import Server, running

TABLES = ("documents", "pages", "cases", "passages")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(database: DatabaseServer) -> Iterator[Store]:
    """An empty store in PostgreSQL."""
    with Store.of(Settings(server=database)) as store:
        yield store


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All rows but for the keys of tables whose numbers nobody sees."""
    state = {table: list(store.rows(f"SELECT * FROM {table} ORDER BY 1")) for table in TABLES}
    return {
        table: [row if table == "passages" else row[1:] for row in rows] for table, rows in state.items()
    } | {"change": [(store.change,)]}


# -- the same as SQLite ------------------------------------------------------------

_texts = st.text(st.sampled_from("กขเแไ่้์ AaZz09๐%_\\'\n?๑"), min_size=1, max_size=12).filter(str.strip)
_records = st.builds(
    lambda document_id, text, title, province, name: DocumentRecord(
        document_id,
        title,
        {"date": title, "year_be": province},
        [page := Page(1, "a.txt", "f" * 64, "plain", text, text, (Piece(0, len(text), 0, len(text)),))],
        "1",
        spans := [
            CaseSpan(Case(f"c-{document_id}", name, title, province or None, 2560, None), 1, 0, len(text))
        ],
        split(page, spans, document_id),
    ),
    st.sampled_from("abcde"),
    _texts,
    _texts,
    st.sampled_from(["", "2561", "ตราด", "A", "a"]),
    _texts,
)
_steps = st.lists(
    st.one_of(
        st.lists(_records, min_size=1, max_size=6),
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3),
        st.integers(0, 12),
    ),
    max_size=8,
)


def seen(store: Store, find: str) -> object:
    """What lists show: found, ordered and counted by the database."""
    wanted = catalogue.CaseFilter(find=find)
    return (
        [catalogue.documents(store, find=find, sort=sort) for sort in ("id", "title", "newest", "pages")],
        [catalogue.cases(store, wanted, sort=sort) for sort in ("name", "newest", "province")],
        catalogue.case_facets(store, wanted),
        catalogue.count_cases(store, wanted),
        store.cases(),
        store.documents(),
        sorted(store.headings()),
        store.page_sources([("a", 1), ("b", 1), ("f", 2)]),
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps, find=st.one_of(st.just(""), _texts), before=st.integers(0, 6))
def test_the_same_changes_give_the_same_rows_lists_and_orders(
    tmp_path_factory: pytest.TempPathFactory, postgres: Server, steps: list[Any], find: str, before: int
) -> None:
    folder = tmp_path_factory.mktemp("same")
    with (
        Store.open(folder / "corpus.sqlite") as one,
        Store.of(Settings(server=DatabaseServer(postgres.url(), "same"))) as other,
    ):
        with other.writing() as transaction:
            transaction.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY")
            transaction.execute("UPDATE state SET value = 0")
        for step in steps:
            if isinstance(step, int):
                assert one.forget(step) == other.forget(step)
            elif isinstance(step[0], str):
                assert one.remove_many(step) == other.remove_many(step)
            else:
                assert one.replace_many(step) == other.replace_many(step)
        assert everything(one) == everything(other)
        assert seen(one, find) == seen(other, find)
        assert seen(one.at(before), find) == seen(other.at(before), find)
        assert one.changed_rows(before) == other.changed_rows(before)


def test_dictionary_order_is_sqlite_s(served: Store) -> None:
    words = ["ไก่", "ขา", "เขา", "กา", "แก้ม", "โอ่ง", "a", "B", "Ä", "๑", "1", "เ", "ไไก", "น้ำ", "นํ้า", ""]
    found = [row[0] for row in served.rows(
        f"SELECT w FROM (VALUES {','.join(['(?)'] * len(words))}) AS t(w) "
        'ORDER BY thai_order(w COLLATE "C") COLLATE "C", w COLLATE "C"', words)]  # fmt: skip
    with sqlite3.connect(":memory:") as plain:
        from corpus.thai import dictionary_order

        plain.create_function("thai_order", 1, dictionary_order)
        rows = ",".join(["(?)"] * len(words))
        expected = plain.execute(
            f"SELECT column1 FROM (VALUES {rows}) ORDER BY thai_order(column1), column1", words
        ).fetchall()
    plain.close()
    assert found == [row[0] for row in expected]


def test_a_character_that_postgresql_cannot_keep_moves_nothing(served: Store) -> None:
    text = "ก\0ข"
    page = Page(1, "a.txt", "f" * 64, "plain", text, "กข", (Piece(0, 1, 0, 1), Piece(1, 1, 2, 1)))
    told = DocumentRecord("a", "t\0", {"k": "\0"}, [page], "1", [], split(page, [], "a"))
    assert served.replace(told)
    assert not served.replace(told), "the same again is no change"
    stored = served.page("a", 1)
    assert stored is not None
    assert len(stored.source_text) == 3
    assert served.document("a\0") is None
    assert [one.document_id for one in catalogue.documents(served, sort="newest").entries] == ["a"]


def test_a_whole_corpus_goes_into_a_file_and_back(served: Store, postgres: Server, tmp_path: Path) -> None:
    for number in range(3):
        served.replace(record(f"d{number}", text=f"เอกสารที่ {number}"))
    served.remove("d2")
    served.forget(served.change)
    write_file(served, tmp_path / "corpus.sqlite")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.sqlite"]
    with Store.open(tmp_path / "corpus.sqlite") as written:
        assert everything(written) == everything(served)
    with Store.of(Settings(server=DatabaseServer(postgres.url(), "returned"))) as again:
        with reading_file(tmp_path / "corpus.sqlite", again):
            pass
        assert everything(again) == everything(served)
        again.replace(record("d3"))
        assert list(again.row_numbers()) == [1, 2, 4], "the number of what was forgotten is given to nobody"
        with (
            pytest.raises(StoreError, match="KARANI_DATABASE_SCHEMA"),
            reading_file(tmp_path / "corpus.sqlite", again),
        ):
            pass


# -- a server's own troubles -------------------------------------------------------


def test_long_results_come_while_others_are_asked_for(served: Store) -> None:
    served.replace_many(record(f"d{number:04}", text=f"เอกสารที่ {number}") for number in range(300))
    for passage in served.passages():
        assert served.page(passage.document_id, passage.page) is not None
    half = served.passages()
    next(half)
    half.close()
    with served.writing():
        assert len(served.row_numbers()) == 300
    assert served.count("passages") == 300


def test_more_threads_than_connections(served: Store) -> None:
    served.replace(record())
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.extend(served.count("pages") for _ in range(20)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 240


def test_what_a_transaction_reads_is_its_own(served: Store) -> None:
    def records() -> Iterator[DocumentRecord]:
        for number in range(130):
            yield record(f"d{number}", text=f"เอกสารที่ {number}")
            if number == 100:
                inside.append(served.count("documents"))

    inside: list[int] = []
    served.replace_many(records())
    assert inside[0] >= 64


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"database": "nowhere"}, "no such database"),
        ({"user": "stranger"}, "no such database or user"),
        ({"user": "guest", "password": "hush%40hush"}, "refuses this user or password"),
    ],
)
def test_what_the_server_refuses_is_explained(postgres: Server, wrong: dict[str, str], says: str) -> None:
    if wrong.get("user") == "guest":
        postgres.sql(
            "DO $$ BEGIN CREATE ROLE guest LOGIN PASSWORD 'other'; EXCEPTION WHEN duplicate_object THEN END $$"
        )
        rules = postgres.folder / "data" / "pg_hba.conf"
        rules.write_text("local all guest scram-sha-256\nlocal all all trust\n", encoding="utf-8")
        postgres.sql("SELECT pg_reload_conf()")
    with pytest.raises(StoreError, match=says) as caught:
        Store.of(Settings(server=DatabaseServer(postgres.url(**wrong))))
    assert "hush" not in str(caught.value)
    assert " / " in str(caught.value)


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    server = DatabaseServer("postgresql://karani:hush@127.0.0.1:1/karani")
    assert "hush" not in repr(Settings(server=server))
    with pytest.raises(StoreError, match=r"cannot be reached.*KARANI_DATABASE") as caught:
        Store.of(Settings(server=server))
    assert "hush" not in str(caught.value)
    assert "127.0.0.1:1/karani" in str(caught.value)


def test_a_user_without_rights_is_told_which(postgres: Server, database: DatabaseServer) -> None:
    postgres.sql("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    mine = DatabaseServer(postgres.url(user="reader"), database.schema)
    with pytest.raises(StoreError, match="grant it CREATE"):
        Store.of(Settings(server=mine))
    Store.of(Settings(server=database)).close()
    postgres.sql(f"GRANT USAGE ON SCHEMA {database.schema} TO reader")
    postgres.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {database.schema} TO reader")
    with Store.of(
        Settings(server=mine), create=False
    ) as reading:  # a replica that only answers needs no more
        assert reading.documents() == []
        with pytest.raises(StoreError, match="may not do this"):
            reading.replace(record())


def test_a_read_only_server_answers_and_says_why_it_stores_nothing(
    postgres: Server, database: DatabaseServer
) -> None:
    with Store.of(Settings(server=database)) as store:
        store.replace(record())
    closed = DatabaseServer(f"{postgres.url()}&options=-cdefault_transaction_read_only%3Don", database.schema)
    with Store.of(Settings(server=closed)) as reading:
        assert reading.count("documents") == 1
        with pytest.raises(StoreError, match="name the primary"):
            reading.replace(record("other"))


def test_a_writer_does_not_wait_for_ever(
    served: Store, database: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.postgres.database.PATIENCE_SECONDS", 0.1)
    with (
        Store.of(Settings(server=database)) as other,
        other.writing(),
        pytest.raises(StoreError, match="too long"),
    ):
        served.replace(record())


def test_after_a_restart_reading_goes_on_and_what_was_being_written_is_not_there() -> None:
    with running() as server, Store.of(Settings(server=DatabaseServer(server.url()))) as store:
        store.replace(record())
        server.stop()
        server.start()
        assert store.count("documents") == 1
        store.replace(record("second", text="สอง"))

        def records() -> Iterator[DocumentRecord]:
            yield record("third", text="สาม")
            server.stop()
            yield record("fourth", text="สี่")

        with pytest.raises(StoreError, match="cannot be reached"):
            store.replace_many(records())
        with pytest.raises(StoreError, match="cannot be reached"):
            store.documents()
        server.start()
        assert [one.document_id for one in store.documents()] == ["report", "second"]
        assert len(list(store.passages())) == 2


def test_a_lock_that_was_lost_is_told_at_the_end(
    tmp_path: Path, database: DatabaseServer, postgres: Server
) -> None:
    mine = Settings(data=tmp_path, server=database)
    with pytest.raises(StoreError, match="cannot be reached"), corpus_lock(mine, "karani build"):
        postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'karani build%'"
        )


# -- several machines --------------------------------------------------------------

_HOLD = (
    "import sys\nfrom pathlib import Path\nfrom corpus.locking import corpus_lock\n"
    "from corpus.settings import DatabaseServer, Settings\n"
    "settings = Settings(data=Path(sys.argv[1]), server=DatabaseServer(sys.argv[2], sys.argv[3]))\n"
    "with corpus_lock(settings, 'karani ingest'):\n"
    "    print('held', flush=True)\n    sys.stdin.read()\n"
)
_OPEN = (
    "import sys\nfrom corpus.settings import DatabaseServer, Settings\nfrom corpus.store import Store\n"
    "print('ready', flush=True)\nsys.stdin.readline()\n"
    "print(Store.of(Settings(server=DatabaseServer(sys.argv[1], sys.argv[2]))).change)\n"
)


def _process(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def test_one_writer_over_all_machines(tmp_path: Path, database: DatabaseServer) -> None:
    with _process(_HOLD, str(tmp_path / "one"), database.url, database.schema) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        here = Settings(data=tmp_path / "two", server=database)
        waited: list[str] = []
        with (
            pytest.raises(
                CorpusLockedError, match=rf"karani ingest \(pid {holder.pid} on .*wait until it ends"
            ),
            corpus_lock(here, "karani build", patience_seconds=0.2, talk=waited.append),
        ):
            pass
        assert len(waited) == 1
        other = DatabaseServer(database.url, f"{database.schema}_other")
        with corpus_lock(Settings(data=tmp_path / "three", server=other), "karani build", patience_seconds=0):
            pass  # another corpus has a lock of its own
        holder.kill()
    with corpus_lock(here, "karani build", patience_seconds=10), corpus_lock(here, "again"):
        pass


def test_replicas_that_start_together_make_the_schema_once(database: DatabaseServer) -> None:
    with (
        _process(_OPEN, database.url, database.schema) as one,
        _process(_OPEN, database.url, database.schema) as two,
    ):
        for process in (one, two):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        said = [process.communicate("go\n")[0] for process in (one, two)]
    assert said == ["0\n", "0\n"]
    with Store.of(Settings(server=database)) as store:
        assert list(store.rows("SELECT number FROM migrations ORDER BY 1")) == [(1,), (2,), (3,)]


def test_a_newer_schema_is_refused_and_none_is_told(database: DatabaseServer, postgres: Server) -> None:
    mine = Settings(server=database)
    assert not Store.exists(mine)
    with pytest.raises(FileNotFoundError, match="karani ingest"):
        Store.of(mine, create=False)
    Store.of(mine).close()
    assert Store.exists(mine)
    postgres.sql(f"INSERT INTO {database.schema}.migrations (number) VALUES (99)")
    with pytest.raises(SchemaError, match="upgrade"):
        Store.of(mine)


# -- settings ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"KARANI_DATABASE": "mysql://localhost/karani"},
        {"KARANI_DATABASE": "postgresql://karani:hu@sh@localhost/karani"},
        {"KARANI_DATABASE": "postgresql://karani:hu/sh@localhost/karani"},
        {"KARANI_DATABASE": "postgresql://localhost/karani", "KARANI_DATABASE_SCHEMA": 'a"; DROP'},
        {"KARANI_DATABASE": "postgresql://localhost/karani", "KARANI_DATABASE_CONNECTIONS": "1"},
    ],
)
def test_settings_that_make_no_sense_are_refused_without_showing_them(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=f"{list(wrong)[-1]}: .* / must be") as caught:
        Settings.from_environment(wrong)
    assert "sh@" not in str(caught.value)


def test_settings_go_on_to_other_processes() -> None:
    environ = {
        "KARANI_DATABASE": "postgresql://u:p@h/n",
        "KARANI_DATABASE_SCHEMA": "x",
        "KARANI_DATABASE_CONNECTIONS": "3",
    }
    server = Settings.from_environment(environ).server
    assert server is not None
    assert server.variables == environ
