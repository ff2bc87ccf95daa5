"""`karani backup` and `karani restore`: the same rankings, while others write, never over anything, nothing trusted."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.sqlite import SchemaError
from corpus.store import Store
from index.care.archive import ABOUT, BackupError
from index.care.backup import backup
from index.care.restore import restore
from index.checking import check
from index.engine import SYSTEMS, Engine
from index.generations import build
from tests.index.care.conftest import change, generations

QUESTIONS = ("ใครใช้ MOU กับโรงพยาบาล", "คัดแยกขยะที่ต้นทาง", "ห้องสมุดลอยน้ำ", "เครือข่าย 50 เครือข่าย")


def rankings(settings: Settings) -> dict[tuple[str, str], list[tuple[str, float]]]:
    engine = Engine.open(settings)
    try:
        assert engine.fault == ""
        return {
            (question, system): [
                (hit.passage_id, hit.score) for hit in engine.retrieve(question, system=system)
            ]
            for question in QUESTIONS
            for system in SYSTEMS
        }
    finally:
        engine.close()


@pytest.fixture(scope="session")
def saved(used: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("backups") / "whole.tar.zst"
    backup(used, out)
    return out


def test_a_restored_directory_is_whole_and_ranks_alike(used: Settings, saved: Path, tmp_path: Path) -> None:
    target = Settings(data=tmp_path / "new" / "data")
    restored = restore(saved, target)
    assert restored.index_fault == ""
    assert restored.about.counts == {"documents": 5, "pages": 5, "cases": 3, "passages": 5, "originals": 6}
    assert rankings(target) == rankings(used)
    assert check(target) == []
    assert sorted(path.name for path in target.originals.iterdir()) == sorted(
        p.name for p in used.originals.iterdir()
    )
    with closing(sqlite3.connect(target.service_database)) as connection:
        assert connection.execute("SELECT question, askers FROM questions").fetchall() == [("ขยะ", 3)]
    with closing(sqlite3.connect(target.data / "judgements.sqlite")) as connection:
        assert connection.execute("SELECT query_id, grade FROM grades").fetchall() == [("q1", 2)]
    assert [path.name for path in target.data.parent.iterdir()] == ["data"]


def test_backing_up_leaves_nothing_behind_and_only_its_owner_reads_it(used: Settings, saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    assert saved.stat().st_mode & 0o777 == 0o600
    assert not list(used.data.glob(".backup-*"))


def test_other_programs_read_it(saved: Path) -> None:
    with zstandard.open(saved, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        names = [member.name for member in archive]
    assert names[0] == ABOUT
    assert {"corpus.sqlite", "service.sqlite", "judgements.sqlite"} < set(names)


def test_originals_and_index_can_be_left_out(used: Settings, tmp_path: Path) -> None:
    out = tmp_path / "small.tar.zst"
    about = backup(used, out, originals=False, index=False)
    assert set(about.members) == {"corpus.sqlite", "service.sqlite", "judgements.sqlite"}
    target = Settings(data=tmp_path / "data")
    assert "karani build" in restore(out, target).index_fault
    with Store.open(target.database) as store:
        build(store, target)
    found = {key: {passage for passage, _ in hits} for key, hits in rankings(target).items()}
    assert found == {key: {passage for passage, _ in hits} for key, hits in rankings(used).items()}


def test_uploads_that_wait_for_their_job_go_along(room: Settings, tmp_path: Path) -> None:
    waiting = room.data / "spool" / "0123abcd"
    waiting.mkdir(parents=True)
    (waiting / "0001.md").write_text("รออยู่")
    (room.data / "spool" / "worker.lock").write_text("")
    (room.data / "spool" / ".partial-dead").mkdir()
    (room.data / "spool" / ".partial-dead" / "0001.md").write_text("ไม่ครบ")
    about = backup(room, tmp_path / "b.tar.zst")
    assert [name for name in about.members if name.startswith("spool")] == ["spool/0123abcd/0001.md"]
    restore(tmp_path / "b.tar.zst", Settings(data=tmp_path / "restored"))
    assert (tmp_path / "restored/spool/0123abcd/0001.md").read_text() == "รออยู่"


def test_a_backup_is_of_one_moment_while_documents_come(room: Settings, tmp_path: Path) -> None:
    stop, count = threading.Event(), 0

    def write() -> None:
        nonlocal count
        with Store.open(room.database) as store:
            while not stop.is_set():
                count += 1
                (tmp_path / f"come{count}.txt").write_text(f"เอกสารที่ {count} เข้ามาระหว่างสำรอง")
                ingest(store, [tmp_path / f"come{count}.txt"], room)
                if count % 3 == 0:
                    build(store, room)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup(room, tmp_path / f"{number}.tar.zst")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        target = Settings(data=tmp_path / f"restored{number}")
        assert restore(tmp_path / f"{number}.tar.zst", target).index_fault == ""
        assert check(target) == []


def test_it_never_overwrites(used: Settings, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there already"):
        backup(used, saved)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BackupError, match="there already"):
        backup(used, tmp_path / "link")
    for name in ("full", "file", "link"):
        target = tmp_path / name
        if name == "full":
            target.mkdir()
            (target / "mine.txt").write_text("mine")
        elif name == "file":
            target.write_text("mine")
        with pytest.raises(BackupError, match="is not empty"):
            restore(saved, Settings(data=target))
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "link"]


def test_an_empty_folder_and_a_fresh_file_system_are_filled(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "fresh" / "lost+found").mkdir(parents=True)
    for name in ("empty", "fresh"):
        restore(saved, Settings(data=tmp_path / name))
        assert check(Settings(data=tmp_path / name)) == []


def test_nothing_there_nothing_backed_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        backup(Settings(data=tmp_path / "data"), tmp_path / "b.tar.zst")
    with pytest.raises(BackupError, match="no such file"):
        restore(tmp_path / "b.tar.zst", Settings(data=tmp_path / "data"))
    assert list(tmp_path.iterdir()) == []


DAMAGE: dict[str, Callable[[Settings], object]] = {
    "vectors.faiss": lambda s: (s.generations / generations(s)[0] / "vectors.faiss").write_bytes(b"x"),
    "manifest.json": lambda s: (s.generations / generations(s)[0] / "manifest.json").write_bytes(b"{}"),
    "files/": lambda s: next(s.originals.iterdir()).write_bytes(b"x"),
    "corpus.sqlite": lambda s: s.database.write_bytes(b"x" * 10_000),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_not_backed_up_in_silence(room: Settings, tmp_path: Path, what: str) -> None:
    DAMAGE[what](room)
    with pytest.raises(BackupError, match=what):
        backup(room, tmp_path / "b.tar.zst")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert not list(room.data.glob(".backup-*"))


def test_leftovers_of_killed_ones_are_cleaned(used: Settings, saved: Path, tmp_path: Path) -> None:
    (tmp_path / ".data.restore-dead" / "data").mkdir(parents=True)
    (tmp_path / ".b.tar.zst.partial").write_bytes(b"half a backup")
    backup(used, tmp_path / "b.tar.zst", index=False)
    restore(saved, Settings(data=tmp_path / "data"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar.zst", "data"]


def test_an_index_of_another_encoder_is_restored_with_advice(saved: Path, tmp_path: Path) -> None:
    from tests.index.test_generations import CountingEncoder

    target = Settings(data=tmp_path / "data")
    assert "karani build" in restore(saved, target, encoder=CountingEncoder()).index_fault
    assert check(target) == []


# -- hostile and damaged files


@given(data=st.data())
@configured(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_bit_or_truncation_of_a_backup_is_refused_or_harmless(
    saved: Path, data: st.DataObject
) -> None:
    whole = saved.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 8))
    broken = (
        whole[:place] if bit == 8 else whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
    )
    folder = saved.parent / "broken"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        (folder / "b.tar.zst").write_bytes(broken)
        target = Settings(data=folder / "data")
        try:
            restore(folder / "b.tar.zst", target)
        except BackupError:
            assert [path.name for path in folder.iterdir()] == ["b.tar.zst"]
        else:  # what does not carry data: bits of zstandard's frame header or of its last checksum
            assert check(target) == []
    finally:
        shutil.rmtree(folder)


def unpacked(saved: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with zstandard.open(saved, "rb") as stream, tarfile.open(fileobj=io.BytesIO(stream.read())) as archive:
        found = []
        for member in archive:
            file = archive.extractfile(member)
            found.append((member, file.read() if file else b""))
        return found


def packed(members: list[tuple[tarfile.TarInfo, bytes]], path: Path, tail: bytes = b"") -> Path:
    with zstandard.open(path, "wb") as stream:
        for member, data in members:
            stream.write(member.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512))
        stream.write(bytes(1024) + tail)
    return path


def about(members: list[tuple[tarfile.TarInfo, bytes]], edit: Callable[[dict], object]) -> None:  # type: ignore[type-arg]
    member, data = members[0]
    value = json.loads(data)
    edit(value)
    written = json.dumps(value).encode()
    member.size = len(written)
    members[0] = (member, written)


def renamed(name: str) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        def listed(value: dict) -> None:  # type: ignore[type-arg]
            value["members"][name] = value["members"].pop("service.sqlite")

        about(members, listed)
        next(member for member, _ in members if member.name == "service.sqlite").name = name

    return change


def typed(kind: bytes, link: str = "") -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        place = next(i for i, (member, _) in enumerate(members) if member.name == "service.sqlite")
        member, _ = members[place]
        member.type, member.linkname, member.size = kind, link, 0
        members[place] = (member, b"")
        about(members, lambda value: value["members"]["service.sqlite"].update(bytes=0))

    return change


def added(name: str) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]:
    return lambda members: members.append((tarfile.TarInfo(name), b""))


def listed(**values: object) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]:
    return lambda members: about(members, lambda value: value.update(values))


def sized(size: object) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]:
    return lambda members: about(members, lambda value: value["members"]["corpus.sqlite"].update(bytes=size))


HOSTILE: dict[str, Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]] = {
    "a name above": renamed("../service.sqlite"),
    "a name above in between": renamed("generations/../service.sqlite"),
    "an absolute name": renamed("/tmp/service.sqlite"),  # noqa: S108
    "a name of ours that no backup holds": renamed("CURRENT"),
    "a hidden name": renamed(".bashrc"),
    "a name with a line break": renamed("service.sqlite\n"),
    "another generation": renamed("generations/other/manifest.json"),
    "a link": typed(tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": typed(tarfile.LNKTYPE, "corpus.sqlite"),
    "a device": typed(tarfile.CHRTYPE),
    "a pipe": typed(tarfile.FIFOTYPE),
    "a folder": typed(tarfile.DIRTYPE),
    "a long name's header": typed(tarfile.GNUTYPE_LONGNAME),
    "extended headers": typed(tarfile.XHDTYPE),
    "a member that is not listed": added("files/" + "0" * 64),
    "a member twice": lambda members: members.append(members[1]),
    "a member less": lambda members: members.pop(),
    "a size below": sized(1),
    "a size beyond": sized(1 << 30),
    "a size beyond every disk": sized(1 << 60),
    "a negative size": sized(-1),
    "a size that is none": sized("1"),
    "a format to come": listed(format=2),
    "no members": listed(members=None),
    "a generation with a path": listed(generation="../x"),
    "further fields": listed(evil=True),
    "no list": lambda members: members.pop(0),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_archives_are_refused_and_leave_nothing(saved: Path, tmp_path: Path, what: str) -> None:
    members = unpacked(saved)
    HOSTILE[what](members)
    file = packed(members, tmp_path / "b.tar.zst")
    with pytest.raises(BackupError):
        restore(file, Settings(data=tmp_path / "x" / "data"))
    assert list((tmp_path / "x").iterdir()) == []


def test_a_bomb_is_not_unpacked(saved: Path, tmp_path: Path) -> None:
    members = unpacked(saved)
    file = packed(members, tmp_path / "tail.tar.zst", tail=bytes(1 << 20))
    with pytest.raises(BackupError, match="something follows"):
        restore(file, Settings(data=tmp_path / "data"))
    member = tarfile.TarInfo(ABOUT)
    member.size = 1 << 40
    with zstandard.open(tmp_path / "head.tar.zst", "wb") as stream:
        stream.write(member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 26))
    with pytest.raises(BackupError):
        restore(tmp_path / "head.tar.zst", Settings(data=tmp_path / "data"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.tar.zst", "tail.tar.zst"]


def test_a_database_with_what_is_not_ours_or_from_the_future_is_refused(
    room: Settings, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(room.database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    backup(room, tmp_path / "future.tar.zst")
    with pytest.raises(SchemaError, match="upgrade Karani"):
        restore(tmp_path / "future.tar.zst", Settings(data=tmp_path / "new"))
    with closing(sqlite3.connect(room.database)) as connection:
        connection.execute("PRAGMA user_version = 2")
    change(room, "CREATE TRIGGER evil AFTER INSERT ON pages BEGIN DELETE FROM documents; END")
    backup(room, tmp_path / "trigger.tar.zst")
    with pytest.raises(BackupError, match="evil"):
        restore(tmp_path / "trigger.tar.zst", Settings(data=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


# -- the commands


def karani(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    command = [sys.executable, str(root / "karani.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=root, check=False, timeout=120)


def test_the_commands_say_what_they_did_and_exit_as_documented(room: Settings, tmp_path: Path) -> None:
    data, new = str(room.data), str(tmp_path / "new")
    (room.generations / generations(room)[0] / "words.txt").write_text("x")
    done = karani("check", "--data", data, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"][0]["kind"] == "generation"
    done = karani("check", "--data", data, "--repair")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "เรียบร้อย / all checks passed")
    done = karani("backup", str(tmp_path / "b.tar.zst"), "--data", data)
    assert done.returncode == 0, done.stderr
    assert "5 เอกสาร / documents" in done.stdout
    again = karani("backup", str(tmp_path / "b.tar.zst"), "--data", data)
    assert (again.returncode, again.stdout) == (1, "")
    assert "there already" in again.stderr
    assert karani("restore", str(tmp_path / "b.tar.zst"), "--data", new).returncode == 0
    refused = karani("restore", str(tmp_path / "b.tar.zst"), "--data", new)
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    assert "Traceback" not in refused.stderr
    os.remove(tmp_path / "new" / "corpus.sqlite")  # noqa: PTH107
    done = karani("ask", "ขยะ", "--data", new)
    assert done.returncode == 1
    assert "karani restore" in done.stderr
