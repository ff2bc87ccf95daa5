from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index.generations import build

PAGES = {
    "banbueng.md": "---\norganisation: เทศบาลตำบลบ้านบึง\nkind: เทศบาลตำบล\nprovince: ชลบุรี\nyear_be: 2562\n---\n"
    "เทศบาลทำบันทึกข้อตกลง (MOU) กับโรงพยาบาล จึงเกิดศูนย์แพทย์ชุมชนในเขตเทศบาล",
    "chomphu.md": "---\norganisation: เทศบาลตำบลชมภู\nkind: เทศบาลตำบล\nprovince: เชียงใหม่\nyear_be: 2562\n---\n"
    "เทศบาลสร้างเครือข่ายได้มากถึง 50 เครือข่าย โดยใช้หลักห่วงโซ่ ส่วนร่วม บูรณาการ",
    "waste.md": "---\norganisation: อบต. บ้านสวน\nprovince: ชลบุรี\nyear_be: 2564\n---\n"
    "ชาวบ้านคัดแยกขยะที่ต้นทาง ทำให้ขยะลดลงครึ่งหนึ่งภายในสองปี\nรายได้จากการขายขยะเป็นสวัสดิการของหมู่บ้าน",
    "note.txt": "บันทึกทั่วไปเรื่องการปลูกต้นไม้ริมทางในฤดูฝน ไม่ได้เล่าเรื่องของหน่วยงานใด",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def build_from(settings: Settings) -> Callable[[Path], str]:
    """Ingest a path and publish a generation of all that is stored."""

    def run(path: Path) -> str:
        with Store.open(settings.database) as store:
            ingest(store, [path], settings)
            return build(store, settings)

    return run
