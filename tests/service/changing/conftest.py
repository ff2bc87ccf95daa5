"""A data directory with one document, built once and copied by every test that changes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.settings import Settings
from tests.service.conftest import add

FIRST = "เทศบาลตำบลทดสอบเปิดโรงเรียนผู้สูงอายุทุกวันพุธ และมีรถรับส่งถึงบ้าน"


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    (folder / "files").mkdir()
    (folder / "files" / "first.txt").write_text(FIRST, encoding="utf-8")
    settings = Settings(data=folder / "data")
    add(settings, folder / "files")
    return settings.data
