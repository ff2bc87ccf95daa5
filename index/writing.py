"""Writing the files of a generation so that a disk that is full, failing or read-only is always noticed.

FAISS and numpy write to files through C's stdio, which keeps the last few kilobytes until the file is closed; neither
looks whether closing it worked. On a full disk both would report success and leave a file that is cut short. So both
write through Python's files here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.settings import Settings

_AT_ONCE_BYTES = 1 << 20


class GenerationWriteError(RuntimeError):
    """A new generation could not be written; says where, why and what to do. The one before still serves."""


class _Plain:
    """Only a file's ``write``: numpy would take a real file's descriptor and write past it."""

    def __init__(self, write: Callable[[Any], int]) -> None:
        self.write = write


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as a new ``.npy`` file.

    Raises:
        OSError: it could not be written whole.
    """
    with path.open("xb") as stream:
        np.save(_Plain(stream.write), array, allow_pickle=False)


def save_vectors(path: Path, index: Any) -> None:
    """Write a FAISS index as a new file; one that a process may have mapped is never overwritten.

    Raises:
        FileExistsError: the file is there already.
        OSError: it could not be written whole.
    """
    import faiss

    library: Any = faiss  # its stub lacks the writer
    with path.open("xb") as stream:
        faiss.write_index(index, library.PyCallbackIOWriter(stream.write, _AT_ONCE_BYTES))


@contextmanager
def tantivy_files() -> Iterator[None]:
    """While tantivy opens or writes files: it says `ValueError` whatever fails, and what fails then is the disk."""
    try:
        yield
    except ValueError as error:
        raise OSError(str(error)) from error


@contextmanager
def making(settings: Settings) -> Iterator[None]:
    """While a generation is written and published.

    Raises:
        GenerationWriteError: instead of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        place = f" ({error.filename})" if error.filename else ""
        free = _free(settings.generations)
        raise GenerationWriteError(
            f"เขียนดัชนีรุ่นใหม่ใน {settings.generations} ไม่สำเร็จ: {reason}{place} {free[0]}ดัชนีรุ่นเดิมยังใช้ได้ ตรวจพื้นที่ว่าง โควตา "
            f"และสิทธิ์เขียนของดิสก์ แล้วสั่ง karani build อีกครั้ง / the new generation could not be written in "
            f"{settings.generations}: {reason}{place}; {free[1]}the one before still serves: look whether the disk is full, over "
            "quota, read-only or failing, then run karani build again"
        ) from error


def _free(folder: Path) -> tuple[str, str]:
    with suppress(OSError):
        free = shutil.disk_usage(folder).free // 2**20
        return f"ดิสก์เหลือ {free:,} MiB ", f"{free:,} MiB are free; "
    return "", ""
