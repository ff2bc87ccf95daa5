"""Every damaged byte of a generation is noticed before a hit is served, named, and the older generation serves."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from corpus.settings import Settings
from index.engine import Engine, Opener
from index.manifest import GenerationError, Manifest, verify
from index.opening import NoIndexError
from index.publish import read_current
from tests.index.care.conftest import generations

QUESTION = "คัดแยกขยะที่ต้นทาง"


@contextmanager
def serving(settings: Settings) -> Iterator[Engine]:
    engine = Engine.open(settings)
    try:
        yield engine
    finally:
        engine.close()


@given(data=st.data())
@configured(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_bit_and_any_truncation_is_noticed(used: Settings, data: st.DataObject) -> None:
    folder = used.generations / generations(used)[0]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1)) if whole else 0
    bit = data.draw(st.integers(0, 8)) if whole else 8
    broken = (
        whole[:place] if bit == 8 else whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
    )
    if broken == whole:
        return
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)  # the file may be the older generation's, too
    try:
        path.write_bytes(broken)
        shutil.move(aside, used.data / "aside")
        with pytest.raises(GenerationError, match=rf"(?s){folder.name}.*{path.name}"):
            verify(folder, Manifest.read(folder))
    finally:
        os.replace(used.data / "aside", path)  # noqa: PTH105


@given(bit=st.integers(0, 7), place=st.integers(0, 23), cut=st.booleans())
@configured(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_of_current_is_noticed(used: Settings, bit: int, place: int, cut: bool) -> None:
    whole = used.current.read_bytes()
    place = min(place, len(whole) - 1)
    broken = whole[:place] if cut else whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
    try:
        used.current.write_bytes(broken)
        assert read_current(used)[1].startswith("CURRENT: ")
    finally:
        used.current.write_bytes(whole)


def flipped(path: Path, place: int = -2) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(bytes(data))


def manifest_value(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"created": "2', '"created": "3'), encoding="utf-8"
    )


def linked(folder: Path) -> None:
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(folder.parent.parent / "elsewhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_link(path: Path) -> None:
    path.rename(path.parent.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent.parent / "elsewhere")


DAMAGE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a bit of the vectors": ("vectors.faiss", lambda g: flipped(g / "vectors.faiss")),
    "a value in the manifest": ("manifest.json", manifest_value),
    "no manifest": ("manifest.json", lambda g: (g / "manifest.json").unlink()),
    "a pipe for a manifest": ("manifest.json", lambda g: pipe(g / "manifest.json")),
    "a pipe for a file": ("words.txt", lambda g: pipe(g / "words.txt")),
    "a folder for a file": ("words.txt", lambda g: as_folder(g / "words.txt")),
    "a link for a file": ("words.txt", lambda g: as_link(g / "words.txt")),
    "a link for the folder": ("not a folder", linked),
    "an extra file": ("stray.bin", lambda g: (g / "lexical" / "stray.bin").write_bytes(b"")),
    "an extra folder": ("stray", lambda g: (g / "stray").mkdir()),
    "an extra pipe": ("stray", lambda g: os.mkfifo(g / "stray")),
    "an extra manifest": ("manifest.json", lambda g: (g / "forward" / "manifest.json").write_text("{}")),
    "an extra lock with something in it": (
        "evil.lock",
        lambda g: (g / "lexical" / "evil.lock").write_text("x"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_older_generation_serves_and_says_what_is_wrong(room: Settings, damage: str) -> None:
    current, older = generations(room)
    named, break_it = DAMAGE[damage]
    break_it(room.generations / current)
    with serving(room) as engine:
        assert engine.generation == older
        assert named in engine.fault
        assert current in engine.fault
        assert "karani check --repair" in engine.fault
        assert engine.search(QUESTION).groups


@pytest.mark.parametrize(
    "what", ["missing", "empty", "names nothing that is there", "folder", "pipe", "link"]
)
def test_a_damaged_current_is_told_and_the_newest_serves(room: Settings, what: str) -> None:
    newest, _ = generations(room)
    room.current.unlink()
    if what == "empty":
        room.current.write_bytes(b"")
    elif what.startswith("names"):
        room.current.write_text("20990101T000000000-abcd\n")
    elif what == "folder":
        room.current.mkdir()
    elif what == "pipe":
        os.mkfifo(room.current)
    elif what == "link":
        room.current.symlink_to(room.data / "build.lock")
    with serving(room) as engine:
        assert engine.generation == newest
        assert "CURRENT" in engine.fault


def test_a_generation_damaged_before_a_reload_is_not_swapped_to(room: Settings) -> None:
    current, older = generations(room)
    room.current.write_text(older + "\n")
    with serving(room) as engine:
        assert (engine.generation, engine.fault) == (older, "")
        flipped(room.generations / current / "vectors.faiss")
        room.current.unlink()
        room.current.write_text(current + "\n")
        assert not engine.reload()
        assert engine.generation == older
        assert "vectors.faiss" in engine.fault
        assert not engine.reload()
        flipped(room.generations / current / "vectors.faiss")
        room.current.touch()
        assert engine.reload()
        assert (engine.generation, engine.fault) == (current, "")


def test_an_open_generation_goes_on_serving_when_all_files_are_gone(room: Settings) -> None:
    with serving(room) as engine:
        name = engine.generation
        shutil.rmtree(room.generations)
        assert not engine.reload()
        assert engine.generation == name
        assert engine.fault
        assert engine.search(QUESTION).groups


def test_the_database_of_another_day_is_refused(room: Settings) -> None:
    """A store put back from an older copy does not hold the texts that the index finds."""
    from tests.index.care.conftest import change

    change(room, "DELETE FROM passages WHERE removed IS NULL AND document_id = 'later'")
    with serving(room) as engine:
        assert engine.generation == generations(room)[1]
        assert "corpus.sqlite does not hold" in engine.fault
    change(room, "UPDATE state SET value = 1")
    with pytest.raises(GenerationError, match=r"corpus\.sqlite does not hold"):
        Engine.open(room)


def test_an_index_without_its_database_asks_for_a_backup(room: Settings) -> None:
    room.database.unlink()
    with pytest.raises(GenerationError, match="karani restore"):
        Engine.open(room)


def test_an_opener_reads_only_after_something_changed(room: Settings) -> None:
    opener = Opener(Settings(data=room.data / "nothing"))
    with pytest.raises(NoIndexError):
        opener()
    for name in generations(room):
        manifest_value(room.generations / name)
    opener = Opener(room)
    with pytest.raises(GenerationError, match=r"manifest\.json") as first:
        opener()
    with pytest.raises(GenerationError) as again:
        opener()
    assert again.value is first.value


def test_a_manifest_has_one_text_only(room: Settings) -> None:
    folder = room.generations / generations(room)[0]
    path = folder / "manifest.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(GenerationError, match=r"manifest\.json: checksum"):
        Manifest.read(folder)


def test_an_index_of_another_version_is_refused(room: Settings) -> None:
    """Tokens of another built-in encoder would point at the wrong words."""
    from dataclasses import replace

    for name in generations(room):
        folder = room.generations / name
        replace(Manifest.read(folder), lexicon="another").write(folder)
    with pytest.raises(GenerationError, match=r"another version of Karani; run karani build"):
        Engine.open(room)


def test_a_file_that_is_written_to_while_it_serves_is_noticed(room: Settings) -> None:
    current, older = generations(room)
    with serving(room) as engine:
        assert not engine.reload()
        flipped(room.generations / current / "words.txt")
        assert engine.reload()
        assert engine.generation == older
        assert "words.txt" in engine.fault
        flipped(room.generations / current / "words.txt")
        assert engine.reload()
        assert (engine.generation, engine.fault) == (current, "")
