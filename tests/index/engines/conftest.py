"""The same corpora on each engine; Milvus is Milvus Lite in a temporary folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.demo import CASES
from corpus.ingest import ingest
from corpus.settings import ENGINES, Settings
from corpus.store import Store
from index.engine import Engine
from index.generations import build

ODD = 'รางวัล "ดีเด่น" \\ ปี \'64'
SUBJECTS = (
    "คัดแยกขยะที่ต้นทางทำให้ขยะลดลงครึ่งหนึ่ง",
    "ตลาดน้ำริมคลองสร้างรายได้ให้ชาวบ้าน",
    "โรงเรียนผู้สูงอายุออกกำลังกายทุกสัปดาห์",
    "ธนาคารน้ำใต้ดินแก้ปัญหาน้ำท่วมและน้ำแล้ง",
)
PROVINCES = ("ชลบุรี", "เชียงใหม่", "ลำปาง")


def needs(engine: str) -> None:
    """Skip where an engine is not installed."""
    missing = [name for name in ("pymilvus", "milvus_lite") if importlib.util.find_spec(name) is None]
    if engine == "milvus" and missing:
        pytest.skip(f"{' and '.join(missing)} not installed: pip install 'karani[milvus]'")


def write(folder: Path, number: int, version: int = 0) -> Path:
    """One case of some hundred characters."""
    folder.mkdir(exist_ok=True)
    path = folder / f"doc{number}.md"
    subject = SUBJECTS[(number + version) % len(SUBJECTS)]
    award = ODD.replace("'", "''")
    path.write_text(
        f"---\ntitle: เรื่องที่ {number}\norganisation: เทศบาลตำบลทดสอบ{number}\nkind: เทศบาลตำบล\n"
        f"province: {PROVINCES[number % 3]}\nyear_be: {2560 + number % 5}\naward: '{award if number % 7 == 0 else ''}'\n---\n"
        f"เทศบาลตำบลทดสอบ{number} ทำเรื่อง{subject} ครั้งที่ {version} กับชุมชน {number} แห่ง งบประมาณ {number * 100} บาท\n",
        encoding="utf-8",
    )
    return path


def publish(settings: Settings, *paths: Path, remove: str = "") -> str:
    """Ingest, perhaps remove a document, and build; the generation's name."""
    with Store.open(settings.database) as store:
        if remove:
            assert store.remove(remove)
        assert not ingest(store, paths, settings).failures
        return build(store, settings)


@pytest.fixture(params=ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty data directory of each engine."""
    needs(request.param)
    return Settings(data=tmp_path / "data", engine=request.param, keep_originals=False, workers=1)


@pytest.fixture(scope="package")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to ingest."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(200):
        write(folder, number)
    return folder


@pytest.fixture(scope="package")
def engines(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Iterator[dict[str, Engine]]:
    """The demo cases and two hundred more on both engines, open."""
    needs("milvus")
    data = tmp_path_factory.mktemp("engines")
    opened = {}
    for name in ENGINES:
        settings = Settings(data=data / name, engine=name, keep_originals=False, workers=1)
        publish(settings, CASES, corpus)
        opened[name] = Engine.open(replace(settings, engine="embedded"))  # its manifest knows better
    yield opened
    for engine in opened.values():
        engine.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """Each engine over the same corpus."""
    return engines[request.param]
