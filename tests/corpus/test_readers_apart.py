from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docx
import pytest

from corpus.limits import Limits
from corpus.readers import ReadError, apart, read
from corpus.readers import docx as docx_reader
from corpus.readers import html as html_reader
from corpus.readers import pdf as pdf_reader
from corpus.readers.apart import Apart
from corpus.records import SourceDocument
from tests.corpus.test_readers_html import PAGE
from tests.corpus.test_readers_pdf import tiny_pdf

ROOT = Path(__file__).parents[2]
STRANGE = "tests.corpus.strange_readers"
QUICK = Limits(reading_seconds=1)


@pytest.fixture(scope="module")
def process() -> Iterator[Apart]:
    """A reading process of these tests' own."""
    own = Apart()
    yield own
    own.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.strange"
    path.write_bytes(b"x")
    return path


def number(process: Apart, file: Path, limits: Limits = QUICK) -> int:
    """The number of the process that read the file."""
    [document] = process.read(file, "a.strange", (STRANGE, "plain"), limits)
    return int(document.pages[0].text)


def ended(condition: Callable[[], bool], patience_seconds: float = 30.0) -> bool:
    """Whether something comes to its end, given time."""
    deadline = time.monotonic() + patience_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    """Whether no process of this number runs; one that waits to be collected by its parent counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_one_process_reads_many_files_and_it_is_another(process: Apart, file: Path) -> None:
    numbers = {number(process, file) for _ in range(5)}
    assert len(numbers) == 1
    assert numbers != {os.getpid()}


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("crash", "SIGSEGV"),
        ("leave", "exit 3"),
        ("sleep", "over 1 seconds"),
        ("spin", "over 1 seconds"),
        ("eat", "MB of memory"),
        ("write", "Errno"),
        ("chatter", "more than 1000 characters"),
        ("gibberish", "broke off"),
        ("forge", "broke off"),
        ("stumble", "LookupError: a parser's own mistake"),
    ],
)
def test_whatever_a_parser_does_the_file_is_refused_and_the_next_one_read(
    process: Apart, file: Path, behaviour: str, reason: str
) -> None:
    limits = replace(QUICK, document_chars=1000, reading_memory_bytes=300 << 20)
    with pytest.raises(ReadError) as caught:
        process.read(file, "a.strange", (STRANGE, behaviour), limits)
    assert caught.value.path == file
    assert reason in caught.value.reason
    assert caught.value.advice
    assert number(process, file, limits) != os.getpid()
    assert list(file.parent.iterdir()) == [file]


def test_what_a_parser_started_ends_with_it(process: Apart, tmp_path: Path) -> None:
    file = tmp_path / "left-behind-7f3a.strange"
    file.write_bytes(b"x")
    with pytest.raises(ReadError, match="over 1 seconds"):
        process.read(file, "a", (STRANGE, "spin"), QUICK)

    def running() -> bool:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if b"left-behind-7f3a" in line.read_bytes():
                    return True
        return False

    assert ended(lambda: not running())


def test_a_process_killed_between_two_files_costs_none_of_them(process: Apart, file: Path) -> None:
    first = number(process, file)
    os.kill(first, signal.SIGKILL)
    assert ended(lambda: is_gone(first))
    assert number(process, file) not in (first, os.getpid())


def test_a_process_killed_at_a_file_costs_that_one(process: Apart, file: Path) -> None:
    victim = number(process, file, Limits())
    thread = threading.Timer(0.3, os.kill, (victim, signal.SIGKILL))
    thread.start()
    with pytest.raises(ReadError, match="SIGKILL"):
        process.read(file, "a", (STRANGE, "sleep"), Limits())
    thread.join()
    assert number(process, file, Limits()) != victim


def test_a_worn_process_is_replaced(process: Apart, file: Path) -> None:
    limits = replace(QUICK, files_a_process=2)
    process.close()
    numbers = [number(process, file, limits) for _ in range(5)]
    assert len(set(numbers)) == 3
    assert all(ended(lambda pid=pid: is_gone(pid)) for pid in set(numbers[:4]))


def test_threads_take_turns(process: Apart, file: Path) -> None:
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.append(number(process, file))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 8
    assert len(set(numbers)) == 1


def test_no_memory_to_begin_with_is_an_error_and_no_loop(process: Apart, file: Path) -> None:
    with pytest.raises(ReadError, match="broke off"):
        number(process, file, replace(QUICK, reading_memory_bytes=1 << 20))


@pytest.mark.parametrize("behaviour", ["plain", "spin"])
def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path, behaviour: str) -> None:
    """Also when that one is killed, idle or at work."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom corpus.limits import Limits\nfrom corpus.readers.apart import Apart\n"
        f"own, file = Apart(), Path({str(tmp_path / 'a')!r})\n"
        f"own.read(file, 'a', ({STRANGE!r}, 'plain'), Limits())\nprint(own.pid, flush=True)\n"
        f"own.read(file, 'a', ({STRANGE!r}, {behaviour!r}), Limits())\nprint('read', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        if behaviour == "plain":
            assert parent.stdout.readline() == "read\n"
        assert not is_gone(pid)
        parent.kill()
    assert ended(lambda: is_gone(pid))


def test_closing_leaves_nothing_behind(file: Path) -> None:
    own = Apart()
    pid = number(own, file)
    own.close()
    own.close()
    assert is_gone(pid)
    assert own.pid is None


def test_a_fork_reads_with_a_process_of_its_own(process: Apart, file: Path) -> None:
    before = number(process, file)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(number(process, file)).encode())
        process.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 100)) not in (before, os.getpid(), child)
    os.close(reading)
    os.close(writing)
    assert number(process, file) == before


def ordinary(folder: Path) -> list[tuple[Path, Callable[..., Iterator[SourceDocument]]]]:
    (folder / "a.html").write_text(PAGE.format(charset="utf-8"), encoding="utf-8")
    (folder / "b.htm").write_bytes(PAGE.format(charset="tis-620").encode("cp874"))
    (folder / "c.pdf").write_bytes(tiny_pdf(title="Water \\\\ \x9f bank"))
    word = docx.Document()
    word.core_properties.title = "ธนาคารขยะ"
    word.add_heading("กำลังคน", 2)
    word.add_paragraph('\ttab, "quotes" and \\u0e01 😀 \u2028 \x85 end')
    word.add_page_break()
    word.add_paragraph("หน้าสอง")
    word.save(str(folder / "d.docx"))
    readers = {".html": html_reader.read_html, ".htm": html_reader.read_html}
    readers |= {".pdf": pdf_reader.read_pdf, ".docx": docx_reader.read_docx}
    return [(path, readers[path.suffix]) for path in sorted(folder.iterdir())]


def test_files_read_apart_are_as_read_here(tmp_path: Path) -> None:
    for path, reader in ordinary(tmp_path):
        assert list(read(path)) == list(reader(path, path.name, Limits())), path.name


def test_errors_read_apart_are_as_read_here(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(tiny_pdf(text=""))
    with pytest.raises(ReadError) as here:
        list(pdf_reader.read_pdf(path, path.name, Limits()))
    with pytest.raises(ReadError) as there:
        list(read(path))
    assert str(there.value) == str(here.value)


def test_a_name_that_is_no_utf8_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xa1\xa2.html"))
    path.write_text(PAGE.format(charset="utf-8"), encoding="utf-8")
    assert len(list(read(path))) == 1


def test_text_files_need_no_other_process(tmp_path: Path) -> None:
    apart.close()
    (tmp_path / "a.txt").write_text("ข้อความ", encoding="utf-8")
    assert len(list(read(tmp_path / "a.txt"))) == 1
    assert apart._APART.pid is None
