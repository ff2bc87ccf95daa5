"""A PDF as people have them: Thai, two pages, printed by chromium; and the service over it, originals kept."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index.generations import build

NAME = "รายงานธนาคารขยะ"
QUOTE = "ธนาคารขยะลดขยะได้ 30 ตัน"
_PAGE = """<html lang="th"><head><meta charset="utf-8"><title>รายงานธนาคารขยะตำบลน้ำใส</title><style>
@page {{ margin: 22mm }} body {{ font: 13pt/1.7 Loma, Garuda, "Noto Sans Thai", sans-serif }} div {{ break-after: page }}
</style></head><body><div><h1>รายงานธนาคารขยะตำบลน้ำใส</h1><p>เดิมชุมชนมีขยะวันละ ๓ ตัน เทศบาลตำบลน้ำใสทำบันทึกข้อตกลงกับ
โรงพยาบาลและโรงเรียนในพื้นที่ เพื่อรับซื้อขยะรีไซเคิลจากครัวเรือน</p></div><h2>ผลลัพธ์</h2><p>ภายในสองปี {quote} มีสมาชิก 431 ครัวเรือน
จาก 13 ชุมชน และน้ำเสียในคลองลดลงอย่างชัดเจน</p></body></html>"""


def printed(folder: Path) -> Path:
    """The PDF, printed into ``folder``."""
    program = (
        os.environ.get("KARANI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if program is None:
        pytest.skip("printing a PDF wants chromium (apt-get install chromium fonts-thai-tlwg)")
    folder.mkdir(parents=True, exist_ok=True)
    source, target = folder / "page.html", folder / f"{NAME}.pdf"
    source.write_text(_PAGE.format(quote=QUOTE), encoding="utf-8")
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}", source.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    source.unlink()
    shutil.rmtree(folder / "profile", ignore_errors=True)
    return target


def built(folder: Path) -> Settings:
    """A data directory with the PDF, an HTML page and a broken PDF's stand-in beside it."""
    files = folder / "files"
    printed(files)
    (files / "evil.html").write_text(
        "<html><head><title>หน้าเว็บของตำบล</title></head><body><article><p>เทศบาลจัดตลาดชุมชนริมคลองทุกวันเสาร์ "
        "มีผู้ขายจากห้าหมู่บ้านและมีดนตรีของเยาวชน</p></article><script>alert(1)</script></body></html>",
        encoding="utf-8",
    )
    settings = Settings(data=folder / "data")
    with Store.open(settings.database) as store:
        report = ingest(store, [files], settings)
        assert not report.failures
        build(store, settings)
    return settings
