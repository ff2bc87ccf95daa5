"""Every format that was ever released is read, brought up to date, or refused with the command that helps."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from corpus.schema import MIGRATIONS
from corpus.settings import Settings
from corpus.sqlite import DamagedError, SchemaError
from corpus.store import Store
from index.care.archive import FORMAT as BACKUP_FORMAT
from index.care.restore import restore
from index.checking import check
from index.dense import DenseIndex
from index.encoders import load_lexicon
from index.engine import Engine
from index.generations import build
from index.manifest import FORMAT, READ_FORMATS, GenerationError, Manifest, verify
from index.publish import complete_generations
from service.changing.jobs import Jobs
from service.database import MIGRATIONS as SERVICE_MIGRATIONS
from service.database import Database
from tests.index.test_generations import CountingEncoder

FORMATS = Path(__file__).parent / "fixtures" / "formats"


def loaded(script: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def opened(name: str, folder: Path) -> Settings:
    data = zstandard.ZstdDecompressor().decompress((FORMATS / name).read_bytes(), 1 << 24)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    return Settings(data=folder)


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """A data directory with a generation of the present format, by the encoder of the tests."""
    return opened(f"generation-{FORMAT}.tar.zst", tmp_path / "data")


def test_every_released_format_has_its_file() -> None:
    names = {path.name for path in FORMATS.iterdir()}
    assert {f"corpus-{number}.sql" for number in range(1, len(MIGRATIONS) + 1)} <= names
    assert {f"service-{number}.sql" for number in range(1, len(SERVICE_MIGRATIONS) + 1)} <= names
    assert {f"generation-{number}.tar.zst" for number in range(1, FORMAT + 1)} <= names
    assert {f"backup-{number}.tar.zst" for number in range(1, BACKUP_FORMAT + 1)} <= names
    assert sum(path.stat().st_size for path in FORMATS.iterdir()) < 150_000


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS) + 1))
def test_a_store_of_any_schema_reads_the_same(tmp_path: Path, number: int) -> None:
    path = loaded(FORMATS / f"corpus-{number}.sql", tmp_path / "data" / "corpus.sqlite")
    assert version(path) == number
    with Store.open(path) as store:
        assert version(path) == len(MIGRATIONS)
        assert [info.document_id for info in store.documents()] == ["banbueng", "note", "waste"]
        assert "chomphu" in {info.document_id for info in store.at(2).documents()} | {
            info.document_id for info in store.at(4).documents()
        }
        assert {info.case.name for info in store.cases()} >= {"เทศบาลตำบลบ้านบึง"}
        for passage in store.passages():
            page = store.page(passage.document_id, passage.page)
            assert page is not None
            assert page.text[passage.start : passage.end] == passage.text
        build(store, Settings(data=tmp_path / "data"))
    assert check(Settings(data=tmp_path / "data")) == []


def test_two_processes_may_bring_a_store_up_to_date_at_once(tmp_path: Path) -> None:
    for number in range(5):
        path = loaded(FORMATS / "corpus-1.sql", tmp_path / f"{number}.sqlite")
        with ThreadPoolExecutor(4) as pool:
            for store in pool.map(lambda _, path=path: Store.open(path), range(4)):
                assert store.count("documents") == 3
                store.close()
        assert version(path) == len(MIGRATIONS)


@pytest.mark.parametrize("number", range(1, len(SERVICE_MIGRATIONS) + 1))
def test_a_service_database_of_any_schema_keeps_what_it_holds(tmp_path: Path, number: int) -> None:
    path = loaded(FORMATS / f"service-{number}.sql", tmp_path / "service.sqlite")
    with closing(Database(path)) as database:
        assert version(path) == len(SERVICE_MIGRATIONS)
        assert [row[0] for row in database.rows("SELECT name FROM keys")] == ["portal"]
        assert [row[0] for row in database.rows("SELECT query FROM feedback")] == ["ขยะ"]
        assert [row[0] for row in database.rows("SELECT askers FROM questions")] == [3]
        jobs = [(job.kind, job.state, job.changed) for job in Jobs(database).listed(None, 10, 0)[1]]
        assert jobs == ([("delete", "queued", ()), ("replace", "done", ("d",))] if number > 1 else [])


@pytest.mark.parametrize("name", ["corpus.sqlite", "service.sqlite"])
def test_a_newer_database_is_refused_with_advice_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    path = loaded(FORMATS / f"{name.removesuffix('.sqlite')}-1.sql", tmp_path / name)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    opener = Store.open if name == "corpus.sqlite" else Database
    with pytest.raises(SchemaError, match=rf"{name} has schema 99.*upgrade Karani"):
        opener(path)
    assert version(path) == 99


def test_a_file_that_is_no_database_says_how_to_get_one_back(tmp_path: Path) -> None:
    (tmp_path / "corpus.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DamagedError, match="karani restore"):
        Store.open(tmp_path / "corpus.sqlite")


def same_lexicon(manifest: Manifest) -> bool:
    """Whether the built-in encoder is still the one whose tokens a kept generation holds."""
    return manifest.lexicon == load_lexicon(CountingEncoder()).revision


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_a_generation_of_any_format_opens_or_is_refused_and_built_anew(tmp_path: Path, number: int) -> None:
    data = opened(f"generation-{number}.tar.zst", tmp_path / "data")
    encoder = CountingEncoder()
    folder = complete_generations(data)[0]
    if number in READ_FORMATS:
        manifest = Manifest.read(folder)
        verify(folder, manifest)
        with Store.open(data.database) as store:
            assert sorted(DenseIndex(folder).rows().tolist()) == list(store.row_numbers())
        assert check(data) == []
    if number not in READ_FORMATS or not same_lexicon(manifest):
        with pytest.raises(GenerationError, match="run karani build"):
            Engine.open(data, encoder=encoder)
        with Store.open(data.database) as store:
            build(store, data, encoder=encoder)
    engine = Engine.open(data, encoder=encoder)
    assert engine.fault == ""
    assert [hit.passage_id for hit in engine.retrieve("ขยะ", system="words")]
    engine.close()
    assert check(data) == []


@pytest.mark.parametrize("number", [0, 99, "2", None])
def test_a_generation_of_an_unknown_format_is_refused_and_built_anew(old: Settings, number: object) -> None:
    import json

    path = complete_generations(old)[0] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": number}))
    with pytest.raises(GenerationError, match=rf"format {number}.*run karani build"):
        Engine.open(old, encoder=CountingEncoder())
    with Store.open(old.database) as store:
        name = build(store, old, encoder=CountingEncoder())
    engine = Engine.open(old, encoder=CountingEncoder())
    assert (engine.generation, engine.fault) == (name, "")
    assert engine.manifest.format == FORMAT
    engine.close()


def test_another_encoder_is_refused_and_built_anew(old: Settings) -> None:
    with pytest.raises(GenerationError, match="run karani build"):
        Engine.open(old)
    with Store.open(old.database) as store:
        name = build(store, old)
    engine = Engine.open(old)
    assert (engine.generation, engine.fault) == (name, "")
    engine.close()
    assert check(old) == []


@pytest.mark.parametrize("number", range(1, BACKUP_FORMAT + 1))
def test_a_backup_of_any_format_is_restored_and_brought_up_to_date(tmp_path: Path, number: int) -> None:
    target = Settings(data=tmp_path / "data")
    restored = restore(FORMATS / f"backup-{number}.tar.zst", target, encoder=CountingEncoder())
    try:
        same = same_lexicon(Manifest.read(target.generations / str(restored.about.generation)))
    except GenerationError:  # its index has a format of its own, which may be older
        same = False
    assert restored.index_fault == "" if same else "karani build" in restored.index_fault
    assert restored.about.counts["documents"] == 4
    assert version(target.database) == len(MIGRATIONS)
    with Store.open(target.database) as store:
        build(store, target, encoder=CountingEncoder())
    engine = Engine.open(target, encoder=CountingEncoder())
    assert engine.search("ขยะ").groups
    engine.close()
    assert check(target) == []


def test_a_backup_with_an_older_store_is_brought_up_to_date(tmp_path: Path) -> None:
    from index.care.backup import backup

    loaded(FORMATS / "corpus-1.sql", tmp_path / "old" / "corpus.sqlite")
    loaded(FORMATS / "service-1.sql", tmp_path / "old" / "service.sqlite")
    backup(Settings(data=tmp_path / "old"), tmp_path / "b.tar.zst")
    assert version(tmp_path / "old" / "corpus.sqlite") == 1
    restore(tmp_path / "b.tar.zst", Settings(data=tmp_path / "new"))
    assert version(tmp_path / "new" / "corpus.sqlite") == len(MIGRATIONS)
    with closing(Database(tmp_path / "new" / "service.sqlite")) as database:
        assert len(database.rows("SELECT * FROM keys")) == 1
    shutil.rmtree(tmp_path / "old")
