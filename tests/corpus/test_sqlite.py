"""What the store promises when the disk is full, read only, or the process is killed."""

from __future__ import annotations

import contextlib
import errno
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.records import Page, Passage
from corpus.sqlite import StoreError, explained, store_error
from corpus.store import DocumentRecord, Store

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from corpus.store import Store
from tests.corpus.test_sqlite import record
with Store.open(Path(sys.argv[1])) as store:
    print("begun", flush=True)
    for version in range(1, 10_000):
        store.replace_many(record(f"d{n}", f"{version} " * 2000) for n in range(5))
        print(version, flush=True)
"""
FULL = """
set -e
mount -t tmpfs -o size=2m tmpfs "$1"
exec "$2" -c "$3" "$1"
"""
ON_A_SMALL_DISK = """
import json, sys
from pathlib import Path
from corpus.store import Store
from corpus.sqlite import StoreError
from tests.corpus.test_sqlite import record
with Store.open(Path(sys.argv[1], "corpus.sqlite")) as store:
    store.replace_many([record("kept", "ก")])
    before = store.change
    try:
        store.replace_many(record(f"d{n}", "ข" * 50_000) for n in range(100))
    except StoreError as error:
        message = str(error)
    documents = [info.document_id for info in store.documents()]
    store.replace_many([record("later", "ค")])
    with Store.open(Path(sys.argv[1], "corpus.sqlite")) as again:
        after = [info.document_id for info in again.documents()]
        whole = next(again.rows("PRAGMA integrity_check"))[0]
    print(json.dumps([before, message, documents, after, whole]))
"""


def record(document_id: str, text: str) -> DocumentRecord:
    page = Page(1, f"{document_id}.txt", "0" * 64, "text", text, text, ())
    passage = Passage(f"p-{document_id}", document_id, 1, None, "", text[:50], 0, len(text[:50]))
    return DocumentRecord(document_id, document_id, {}, [page], "1", [], [passage])


def ids(store: Store) -> list[str]:
    return [info.document_id for info in store.documents()]


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """On a real file system of two megabytes, where this user may mount one."""
    tried = subprocess.run(
        ["unshare", "-rm", "sh", "-c", FULL, "sh", str(tmp_path), sys.executable, ON_A_SMALL_DISK],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if "unshare" in tried.stderr or "mount" in tried.stderr:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.strip()}")
    assert tried.returncode == 0, tried.stderr
    _, message, documents, after, whole = json.loads(tried.stdout)
    assert "ดิสก์เต็ม" in message
    assert "the disk is full: free some space" in message
    assert (documents, after, whole) == (["kept"], ["kept", "later"], "ok")


@pytest.mark.parametrize("pages", [1, 3, 10])
def test_a_transaction_that_finds_no_room_is_undone(tmp_path: Path, pages: int) -> None:
    with Store.open(tmp_path / "corpus.sqlite") as store:
        store.replace(record("kept", "ก"))
        [used] = next(store.rows("PRAGMA page_count"))
        next(store.rows(f"PRAGMA max_page_count = {used + pages}"))
        before = store.change
        with pytest.raises(StoreError, match="the disk is full"):
            store.replace_many(record(f"d{n}", "ข" * 20_000) for n in range(50))
        assert (store.change, ids(store)) == (before, ["kept"])
        next(store.rows("PRAGMA max_page_count = 1000000"))
        assert store.replace(record("later", "ค"))
        assert ids(store) == ["kept", "later"]


def test_a_store_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / "corpus.sqlite") as store:
        next(store.rows("SELECT 1"))
        with contextlib.suppress(StopIteration):
            next(store.rows("PRAGMA query_only = 1"))
        with pytest.raises(StoreError, match="read only"):
            store.replace(record("a", "ก"))
        assert ids(store) == []


def test_a_file_that_is_no_store_says_so(tmp_path: Path) -> None:
    path = tmp_path / "corpus.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="karani restore with a backup"):
        Store.open(path)


def test_a_damaged_page_says_so_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "corpus.sqlite"
    with Store.open(path) as store:
        store.replace_many(record(f"d{n}", f"{n} " * 3000) for n in range(20))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(path).documents()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "read only"),
        (errno.EIO, "check the disk"),
    ],
)
def test_what_the_system_says_of_the_disk_is_explained(number: int, says: str) -> None:
    with pytest.raises(StoreError, match=says), explained(Path("var/files")):
        raise OSError(number, "from the system")


def test_other_errors_stay_as_they_are() -> None:
    for error in (OSError(errno.ENOENT, "gone"), sqlite3.IntegrityError("twice")):
        assert store_error(Path("a"), error) is None
        with pytest.raises(type(error)) as caught, explained(Path("a")):
            raise error
        assert caught.value is error


def test_a_writer_killed_at_any_moment_leaves_whole_changes(tmp_path: Path) -> None:
    path = tmp_path / "corpus.sqlite"
    chance = random.Random(6)
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
            time.sleep(chance.random() * 0.5)
            writer.send_signal(signal.SIGKILL)
            said = [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
        with Store.open(path) as store:
            assert next(store.rows("PRAGMA integrity_check"))[0] == "ok"
            assert next(store.rows("PRAGMA journal_mode"))[0] == "wal"
            assert next(store.rows("PRAGMA synchronous"))[0] == 2, (
                "FULL: what was said to be stored outlasts a power cut"
            )
            versions = {page.text.split()[0] for one in ids(store) for page in store.pages(one)}
            assert len(versions) <= 1, "five documents change together or not at all"
            assert len(ids(store)) in (0, 5)
            if said:
                assert int(versions.pop()) >= said[-1], "what was said to be stored is there"
