"""A disk that fills up while a file is closed: what FAISS and numpy by themselves do not notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.settings import Settings
from index.lexical import LexicalIndex
from index.lexical_writer import LexicalWriter
from index.writing import GenerationWriteError, making, save_array, save_vectors
from tests.reliability import faults
from tests.reliability.processes import run

pytestmark = pytest.mark.skipif(bool(faults.lacking()), reason=faults.lacking() or "-")


def vectors() -> Any:
    import faiss

    index = faiss.index_factory(32, "IDMap2,SQfp16", faiss.METRIC_INNER_PRODUCT)
    values = np.random.default_rng(0).random((99, 32), dtype=np.float32)
    index.train(values)
    index.add_with_ids(values, np.arange(99))
    return index


def write(folder: Path, kind: str, at: int) -> str:
    """In a process of its own: write while the disk is full at one write; what came of it."""
    content = vectors() if kind == "vectors" else np.arange(1300)
    log = folder.with_suffix(".log")
    full = faults.Fault("fail", at, "ENOSPC", kinds=frozenset({"create", "write"}))
    faults.arm(folder, full, log)
    try:
        if kind == "vectors":
            save_vectors(folder / "new", content)
        else:
            save_array(folder / "new", content)
    except OSError as error:
        return str(error)
    return "struck unnoticed" if any(call.struck for call in faults.calls(log)) else "whole"


def write_all(parent: Path, kind: str) -> list[str]:
    """In a process that has not run FAISS yet, and so may fork."""
    said = []
    for at in range(1, 9):
        folder = parent / f"{at}"
        folder.mkdir()
        said.append(run(write, folder, kind, at).result())
    return said


@pytest.mark.parametrize("kind", ["vectors", "array"])
def test_a_full_disk_is_noticed_at_every_write(tmp_path: Path, kind: str) -> None:
    said = run(write_all, tmp_path, kind, fresh=True).result()
    assert said[-1] == "whole"
    assert all("No space left" in one or one == "whole" for one in said)
    assert said[0] != "whole"


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    import faiss

    save_vectors(tmp_path / "v", vectors())
    assert faiss.read_index(str(tmp_path / "v")).ntotal == 99
    for shape in ((0, 5), (7,), (3, 5)):
        path = tmp_path / f"{len(shape)}-{shape[0]}.npy"
        save_array(path, np.ones(shape, dtype=np.int64))
        assert np.load(path, mmap_mode="r" if shape[0] else None).shape == shape


def open_read_only(folder: Path) -> str:
    """In a process of its own: open a lexical index where no file may be opened for writing, not even a lock."""
    LexicalWriter(folder).finish()
    faults.arm(folder, faults.Fault("fail", 1, "EROFS", lasting=True), folder.with_name("log"))
    try:
        LexicalIndex(folder)
    except OSError as error:
        return str(error)
    return "opened"


def test_what_tantivy_says_of_the_disk_is_an_error_of_the_disk(tmp_path: Path) -> None:
    assert "Read-only file system" in run(open_read_only, tmp_path / "lexical").result()


def test_the_message_names_the_place_the_reason_and_the_remedy(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with pytest.raises(GenerationWriteError, match="Permission denied") as caught, making(settings):
        raise PermissionError(13, "Permission denied", "manifest.json")
    said = str(caught.value)
    assert str(settings.generations) in said
    assert "manifest.json" in said
    assert "karani build" in said.split(" / ")[0]
    assert "karani build" in said.split(" / ")[1]
