"""Files become source documents: one reader per kind of file, chosen by the suffix.

``read`` never returns a half-read file in silence: what cannot be read is a ``ReadError`` that
names the file, what is wrong and what to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from corpus.readers.errors import ReadError
from corpus.readers.files import source_name
from corpus.records import SourceDocument

__all__ = ["SUFFIXES", "ReadError", "find_files", "read"]

# The module and function of each kind, imported when the first such file comes.
_READERS = {
    ".txt": ("corpus.readers.plain", "read_plain"),
    ".text": ("corpus.readers.plain", "read_plain"),
    ".md": ("corpus.readers.markdown", "read_markdown"),
    ".markdown": ("corpus.readers.markdown", "read_markdown"),
    ".html": ("corpus.readers.html", "read_html"),
    ".htm": ("corpus.readers.html", "read_html"),
    ".pdf": ("corpus.readers.pdf", "read_pdf"),
    ".docx": ("corpus.readers.docx", "read_docx"),
    ".jsonl": ("corpus.readers.jsonl", "read_jsonl"),
    ".jsonl.gz": ("corpus.readers.jsonl", "read_jsonl"),
    ".jsonl.zst": ("corpus.readers.jsonl", "read_jsonl"),
}
SUFFIXES: tuple[str, ...] = tuple(_READERS)

Reader = Callable[[Path, str], Iterator[SourceDocument | ReadError]]


def read(path: Path, *, root: Path | None = None) -> Iterator[SourceDocument | ReadError]:
    """Stream the documents of one file.

    ``root`` is the folder that citations name the file from. A ReadError that is *yielded* means
    that one line of a JSON-lines file failed and the rest goes on; one that is *raised* means that
    nothing (more) can be had of the file: it is missing, empty, binary, broken, encrypted or unknown.
    """
    if path.is_dir():
        raise _nothing_in(path)
    if not path.exists():
        raise _missing(path)
    suffix = _suffix(path)
    if suffix is None:
        raise _unknown(path)
    module, function = _READERS[suffix]
    reader: Reader = getattr(import_module(module), function)
    yield from reader(path, source_name(path, root))


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List readable files, in the order given, those of a folder sorted by path, none twice.

    Folders are walked wholly; hidden entries, unknown suffixes and links that lead out of the folder are
    skipped. A path that is missing, or a folder without any readable file, is returned as it is, so that
    ``read`` reports it while the others go on.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for file in (_walk(path) or [path]) if path.is_dir() else [path]:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _walk(folder: Path) -> list[Path]:
    inside = folder.resolve()
    files = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(where, name)
            if name.startswith(".") or _suffix(path) is None:
                continue
            if path.is_file() and path.resolve().is_relative_to(inside):
                files.append(path)
    return sorted(files)


def _suffix(path: Path) -> str | None:
    """Find the readable suffix that the name ends with, the longest first."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), None)


def _nothing_in(folder: Path) -> ReadError:
    return ReadError(
        folder,
        "ในโฟลเดอร์ไม่มีไฟล์ที่อ่านได้ (the folder holds no readable file)",
        f"ใส่ไฟล์ชนิด {' '.join(SUFFIXES)} (put files of these kinds there)",
    )


def _missing(path: Path) -> ReadError:
    return ReadError(
        path,
        "ไม่พบไฟล์ (there is no such file)",
        "ตรวจชื่อและที่อยู่ของไฟล์ (check the name and the path)",
    )


def _unknown(path: Path) -> ReadError:
    return ReadError(
        path,
        f"ยังไม่รองรับไฟล์ชนิด {path.suffix or 'ไม่มีนามสกุล'} (no reader for this kind of file)",
        f"แปลงเป็นชนิดใดชนิดหนึ่งใน {' '.join(SUFFIXES)} แล้วลองใหม่ (convert it to one of these kinds)",
    )
