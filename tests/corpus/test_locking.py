from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.locking import CorpusLockedError, corpus_lock
from corpus.settings import Settings

_HOLD = (
    "import sys\nfrom pathlib import Path\nfrom corpus.locking import corpus_lock\nfrom corpus.settings import Settings\n"
    "with corpus_lock(Settings(data=Path(sys.argv[1])), 'karani ingest reports'):\n"
    "    print('held', flush=True)\n    sys.stdin.read()\n"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock of ``tmp_path`` until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_writer_is_told_who_writes_and_what_to_do(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    settings = Settings(data=tmp_path)
    waited: list[str] = []
    expected = rf"karani ingest reports \(pid {holder.pid}, .*wait until it ends"
    with (
        pytest.raises(CorpusLockedError, match=expected),
        corpus_lock(settings, "karani build", patience_seconds=0.2, talk=waited.append),
    ):
        pass
    assert len(waited) == 1
    assert str(holder.pid) in waited[0]


def test_the_lock_of_a_killed_writer_is_free_at_once(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()
    with corpus_lock(Settings(data=tmp_path), "karani build", patience_seconds=0):
        pass


def test_a_patient_writer_gets_the_lock_when_the_other_ends(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    timer = threading.Timer(0.3, holder.kill)
    timer.start()
    with corpus_lock(Settings(data=tmp_path), "karani build", patience_seconds=20):
        assert not timer.is_alive()


def test_a_thread_may_take_it_again_and_other_threads_may_not(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    refused: list[Exception] = []

    def other() -> None:
        try:
            with corpus_lock(settings, "other", patience_seconds=0):
                pass
        except CorpusLockedError as error:
            refused.append(error)

    with corpus_lock(settings, "outer"):
        with corpus_lock(settings, "inner"):
            pass
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(refused) == 1
    with corpus_lock(settings, "again", patience_seconds=0):
        pass
