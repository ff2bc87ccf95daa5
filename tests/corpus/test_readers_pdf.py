from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.limits import Limits
from corpus.readers import ReadError, apart, pdfium, read
from corpus.records import SourceDocument

THAI_PAGE = """<html lang="th"><head><meta charset="utf-8"><title>รายงานธนาคารขยะ</title>
<style>body {{ font-family: "Loma", "Garuda", "Noto Sans Thai", "Noto Serif Thai", sans-serif; }}
div {{ break-after: page; }}</style></head>
<body><div><p>{first}</p></div><div></div><p>{third}</p></body></html>"""
FIRST = "เทศบาลตำบลน้ำใสทำบันทึกข้อตกลงกับโรงพยาบาล กำลังคนทำงานที่ชุมชน"
THIRD = "ธนาคารขยะลดขยะได้ ๓๐ ตัน และน้ำเสียลดลง"


def tiny_pdf(text: str = "Water bank of Namsai", title: str = "", encrypted: bool = False) -> bytes:
    """A hand-written PDF of one page; without text it draws a filled box, as a scan would."""
    drawing = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET" if text else "0 0 100 100 re f"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({title}) >>",
    ]
    if encrypted:
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /P -64 /O <{'41' * 32}> /U <{'42' * 32}> >>")
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    lock = f" /Encrypt {len(objects)} 0 R /ID [<00> <00>]" if encrypted else ""
    body += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R{lock} >>\nstartxref\n"
    )
    return f"{body}{body.index('xref')}\n%%EOF\n".encode("latin-1")


@pytest.fixture(params=["pdftotext", "pypdfium2"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Each of the two readers in turn."""
    if request.param == "pypdfium2":
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    elif not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    apart.close()  # the next reading process is told of this PATH
    yield str(request.param)
    apart.close()


def one(path: Path) -> SourceDocument:
    [document] = list(read(path))
    assert isinstance(document, SourceDocument)
    return document


@pytest.fixture(scope="session")
def thai_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real Thai PDF of three pages, the second one blank."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium here to print a Thai PDF")
    folder = tmp_path_factory.mktemp("pdf")
    page = folder / "page.html"
    page.write_text(THAI_PAGE.format(first=FIRST, third=THIRD), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    done = subprocess.run(
        [*command, f"--print-to-pdf={folder / 'page.pdf'}", str(page)],
        capture_output=True,
        timeout=120,
        check=False,
    )
    if not (folder / "page.pdf").exists():
        pytest.skip(f"chromium could not print: {done.stderr[-200:]!r}")
    return folder / "page.pdf"


def test_thai_pages_are_read_by_both_readers(thai_pdf: Path, reader: str) -> None:
    document = one(thai_pdf)
    assert document.reader.startswith(reader + " ")
    assert document.title == "รายงานธนาคารขยะ"
    assert [page.number for page in document.pages] == [1, 3]
    first, third = ("".join(page.text.split()) for page in document.pages)
    assert first == FIRST.replace(" ", "")
    assert third == THIRD.replace(" ", "")


def test_no_false_space_stands_behind_sara_am(thai_pdf: Path, reader: str) -> None:
    text = " ".join(page.text for page in one(thai_pdf).pages)
    assert "ำ " not in text, reader
    assert "กำลังคน" in text


def test_a_tiny_pdf(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(tiny_pdf())
    document = one(path)
    assert document.reader.startswith(reader)
    assert [page.text.strip() for page in document.pages] == ["Water bank of Namsai"]
    assert document.title is None


@pytest.mark.parametrize("title", ["Microsoft Word - draft.doc", "untitled", "scan001.pdf"])
def test_titles_that_programs_put_there_are_not_believed(tmp_path: Path, reader: str, title: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(tiny_pdf(title=title))
    assert one(path).title is None, reader


def test_a_scan_without_text_is_refused_with_the_remedy(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(tiny_pdf(text=""))
    with pytest.raises(ReadError, match="OCR") as caught:
        list(read(path))
    assert "1 pages" in caught.value.reason, reader


@pytest.mark.parametrize(
    "content", [b"hello", b"%PDF-1.4 nothing else", tiny_pdf()[:150], b"%PDF-1.7\n" + b"\x00" * 500]
)
def test_a_broken_pdf_is_refused(tmp_path: Path, reader: str, content: bytes) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        list(read(path))
    assert "PDF" in str(caught.value), reader


def test_an_encrypted_pdf_is_refused(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(tiny_pdf(encrypted=True))
    with pytest.raises(ReadError, match="encrypted"):
        list(read(path))
    assert reader


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pdftotext that never ends; it writes its number into the file given back."""
    program = tmp_path / "bin" / "pdftotext"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 600.125\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    (program.parent / "pdfinfo").symlink_to("/bin/true")
    apart.close()
    yield program
    apart.close()


def test_a_reader_that_hangs_is_stopped_with_what_it_started(tmp_path: Path, hanging: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(tiny_pdf())
    with pytest.raises(ReadError, match="over 1 seconds"):
        list(read(path, limits=Limits(reading_seconds=1)))
    assert not running("sleep\0600.125")
    assert hanging.exists()


def running(words: str) -> bool:
    """Whether a process with this command line is there."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(process.read_bytes())
    return any(words.encode() in line for line in lines)


def test_text_drawn_twice_is_undoubled() -> None:
    text = "เทศบาลตำบลน้ำใส ทำงานกับชุมชนที่ดี"
    doubled = "".join(cluster[0] * 2 for cluster in pdfium._THAI_CLUSTER.finditer(text))
    assert pdfium.undouble(doubled) == text.replace(" ", "")
    assert pdfium.undouble(text) == text
    assert pdfium.undouble("กกน้ำใส รรมว่า นนท์ ททท.") == "กกน้ำใส รรมว่า นนท์ ททท."
