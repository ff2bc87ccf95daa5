from __future__ import annotations

import gzip
import hashlib
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from corpus.ingest import ingest, remove
from corpus.originals import PDF, DrawingError, Original, draw, find, has_picture, keep, unreferenced
from corpus.pdf_worker import png
from corpus.settings import Settings
from corpus.store import Store
from tests.corpus.test_readers_pdf import tiny_pdf


def kept(tmp_path: Path, name: str, data: bytes) -> Original:
    path = tmp_path / "kept"
    path.write_bytes(data)
    return Original(path, "f" * 64, PDF, name)


def pixels(image: bytes) -> tuple[int, int, set[bytes]]:
    """Width, height and the colours of an unfiltered PNG."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, kind = struct.unpack(">IIBB", image[16:26])
    channels = {0: 1, 2: 3, 6: 4}[kind]
    at, data = 8, b""
    while at < len(image):
        size, name = struct.unpack(">I4s", image[at : at + 8])
        body = image[at + 8 : at + 8 + size]
        assert struct.unpack(">I", image[at + 8 + size : at + 12 + size])[0] == zlib.crc32(name + body)
        data += body if name == b"IDAT" else b""
        at += 12 + size
    rows = zlib.decompress(data)
    stride = width * channels + 1
    assert depth == 8
    assert len(rows) == stride * height
    return (
        width,
        height,
        {rows[y * stride + 1 + x * channels :][:channels] for y in range(height) for x in range(width)},
    )


def test_a_page_is_drawn_with_its_characters(tmp_path: Path) -> None:
    drawn = draw(kept(tmp_path, "a.pdf", tiny_pdf("Water bank")), 1, width=600)
    width, height, colours = pixels(drawn.png)
    assert (width, height) == (drawn.width, drawn.height) == (600, 400)
    assert len(colours) > 2, "paper, ink and the edges between"
    assert drawn.text.strip() == "Water bank"
    left, top, right, bottom = drawn.boxes[0]
    assert 60 <= left < right < 110  # 20 of 300 points
    assert 400 < top < bottom < 560  # 100 of 200 points up, the line above it


@pytest.mark.parametrize("page", [0, 2, 10**6])
def test_a_page_that_is_not_there(tmp_path: Path, page: int) -> None:
    with pytest.raises(DrawingError):
        draw(kept(tmp_path, "a.pdf", tiny_pdf()), page)


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.4\nnonsense", tiny_pdf(encrypted=True), tiny_pdf()[:200], bytes(range(256)) * 50],
    ids=["empty", "header-only", "locked", "cut", "noise"],
)
def test_what_cannot_be_drawn_is_an_error_and_nothing_worse(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DrawingError):
        draw(kept(tmp_path, "a.pdf", data), 1)


def test_a_page_as_large_as_a_field_is_drawn_small(tmp_path: Path) -> None:
    huge = tiny_pdf().replace(b"[0 0 300 200]", b"[0 0 9 90000]")
    drawn = draw(kept(tmp_path, "a.pdf", huge), 1)
    assert drawn.width * drawn.height <= 8_100_000


def test_too_little_memory_ends_the_drawing_not_this_process(tmp_path: Path) -> None:
    with pytest.raises(DrawingError):
        draw(kept(tmp_path, "a.pdf", tiny_pdf()), 1, memory=1 << 20)


def test_png_keeps_rows_apart_from_their_padding() -> None:
    image = png(bytes([1, 2, 3, 99, 4, 5, 6, 99]), width=1, height=2, stride=4, channels=3)
    assert pixels(image) == (1, 2, {b"\x01\x02\x03", b"\x04\x05\x06"})


def test_originals_are_found_by_hash_and_told_apart(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "รายงาน.pdf").write_bytes(tiny_pdf("Water bank of the town and its school"))
    (files / "จด.md").write_text("# หัวเรื่อง\n\nเทศบาลทำธนาคารน้ำใต้ดิน", encoding="utf-8")
    (files / "fake.txt").write_text("ข้อความธรรมดาของเทศบาล", encoding="utf-8")
    settings = Settings(data=tmp_path / "data")
    with Store.open(settings.database) as store:
        assert not ingest(store, [files], settings).failures
        pages = {info.document_id: store.page(info.document_id, 1) for info in store.documents()}
    types = {}
    for document_id, page in pages.items():
        assert page is not None
        original = find(settings.originals, page)
        assert original is not None
        types[document_id] = (original.media_type, original.name, has_picture(original, page))
        assert find(tmp_path / "nowhere", page) is None
    assert types["รายงาน"] == (PDF, "รายงาน.pdf", True)
    assert types["จด"] == ("text/markdown", "จด.md", False)
    assert types["fake"] == ("text/plain", "fake.txt", False)


def test_a_hash_that_is_none_is_no_path(tmp_path: Path) -> None:
    from corpus.records import Page

    (tmp_path / "secret").write_text("x")
    page = Page(1, "a.pdf", "../secret", "pdftotext 1", "", "", ())
    assert find(tmp_path / "files", page) is None


def packed_lines(*texts: str) -> bytes:
    return gzip.compress("".join(f'{{"text": "{text}"}}\n' for text in texts).encode(), mtime=0)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_kept_files_that_no_page_comes_from_are_listed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    files = {
        "a.txt": "เรื่องหนึ่ง".encode(),
        "b.txt": "เรื่องที่สอง".encode(),
        "c.jsonl.gz": packed_lines("ก", "ข"),
        "d.jsonl": b'{"id": "d", "text": "x"}\n',
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with Store.open(settings.database) as store:
        assert not ingest(store, [tmp_path / name for name in files], settings).failures
        assert unreferenced(settings, store) == []
        stray = settings.originals / sha256(b"stray")
        stray.write_bytes(b"stray")
        broken_off = settings.originals / "tmp1.partial"
        broken_off.write_bytes(b"half")
        (settings.originals / "README").write_text("somebody's own note")
        assert unreferenced(settings, store) == [broken_off, stray]
        before = store.change
        remove(store, ["a", "d"])
        assert unreferenced(settings, store) == [broken_off, stray], (
            "a generation may still read what was removed"
        )
        store.forget(before + 2)
        gone = {settings.originals / sha256(files[name]) for name in ("a.txt", "d.jsonl")}
        assert set(unreferenced(settings, store)) == {broken_off, stray, *gone}
        kept = settings.originals / sha256(files["c.jsonl.gz"])
        (line,) = [info.document_id for info in store.documents() if info.document_id.startswith("c-")][:1]
        remove(store, [line])
        store.forget(store.change)
        assert kept not in unreferenced(settings, store), "one of its lines is still there"


def test_an_original_is_whole_or_not_there(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    (tmp_path / "a.txt").write_bytes(b"x" * 5_000_000)
    program = (
        "import resource, sys; from pathlib import Path; from corpus.originals import keep; from corpus.settings import Settings\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "keep(Path(sys.argv[1]), Settings(data=Path(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.txt"), str(settings.data)],
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert b"File too large" in done.stderr
    assert list(settings.originals.iterdir()) == []
    keep(tmp_path / "a.txt", settings)
    keep(tmp_path / "a.txt", settings)
    assert [path.stat().st_size for path in settings.originals.iterdir()] == [5_000_000]
