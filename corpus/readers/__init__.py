"""Files become source documents: one reader per kind of file, chosen by the suffix.

``read`` never returns a half-read file in silence: what cannot be read is a ``ReadError`` that
names the file, what is wrong and what to do. Kinds that foreign code parses are read in a process of
their own (`corpus.readers.apart`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from corpus.limits import Limits
from corpus.readers import apart, files
from corpus.readers.errors import ReadError
from corpus.readers.files import source_name
from corpus.records import SourceDocument

__all__ = ["SUFFIXES", "ReadError", "find_files", "read"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """The module and function of a kind of file, imported when the first such file comes."""

    module: str
    function: str
    apart: bool = False


_PLAIN = _Kind("corpus.readers.plain", "read_plain")
_MARKDOWN = _Kind("corpus.readers.markdown", "read_markdown")
_HTML = _Kind("corpus.readers.html", "read_html", apart=True)
_JSONL = _Kind("corpus.readers.jsonl", "read_jsonl")
_READERS = {
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".pdf": _Kind("corpus.readers.pdf", "read_pdf", apart=True),
    ".docx": _Kind("corpus.readers.docx", "read_docx", apart=True),
    ".jsonl": _JSONL,
    ".jsonl.gz": _JSONL,
    ".jsonl.zst": _JSONL,
}
SUFFIXES: tuple[str, ...] = tuple(_READERS)

Reader = Callable[..., Iterator[SourceDocument | ReadError]]


def read(
    path: Path,
    *,
    root: Path | None = None,
    name: str | None = None,
    limits: Limits | None = None,
    place: Callable[[int], None] | None = None,
) -> Iterator[SourceDocument | ReadError]:
    """Stream the documents of one file.

    ``root`` is the folder that citations name the file from; ``name`` is what they call it instead of its path, and
    what its kind is told by. A ReadError that is *yielded* means that one line of a JSON-lines file failed and the rest
    goes on; one that is *raised* means that nothing (more) can be had of the file: it is missing, empty, binary,
    broken, encrypted, larger than ``limits`` allow, no file at all (a pipe, a device), or of an unknown kind.
    ``place`` is told how many bytes of a file of JSON lines are read, packed ones where it is packed.
    """
    _check_kind(path)
    source = name or source_name(path, root)
    suffix = _suffix(source)
    if suffix is None:
        raise _unknown(path, source)
    kind, limits = _READERS[suffix], limits or Limits()
    if kind.apart:
        yield from apart.read(path, source, (kind.module, kind.function), limits)
        return
    reader: Reader = getattr(import_module(kind.module), kind.function)
    streamed = {"place": place} if kind is _JSONL and place else {}
    for found in reader(path, source, limits, **streamed):
        yield found if isinstance(found, ReadError) else files.check(path, found, limits)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List readable files, in the order given, those of a folder sorted by path, none twice.

    Folders are walked wholly; hidden entries, unknown suffixes and links that lead out of the folder are
    skipped. A path that is missing, or a folder without any readable file, is returned as it is, so that
    ``read`` reports it while the others go on.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for file in (files.is_folder(path) and _walk(path)) or [path]:
            found.setdefault(_place(file), file)
    return list(found.values())


def _place(file: Path) -> Path:
    """Where a file truly lies; a loop of links lies where it is."""
    try:
        return file.resolve()
    except (OSError, RuntimeError, ValueError):
        return file.absolute()


def _walk(folder: Path) -> list[Path]:
    inside = _place(folder)
    files = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(where, name)
            if name.startswith(".") or _suffix(name) is None:
                continue
            if path.is_file() and _place(path).is_relative_to(inside):
                files.append(path)
    return sorted(files)


def _suffix(name: str) -> str | None:
    """Find the readable suffix that a name ends with, the longest first."""
    name = name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), None)


def _check_kind(path: Path) -> None:
    """Refuse what is no file before anything opens it: a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise _missing(path) from error
    except OSError as error:
        raise files.unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        raise _nothing_in(path)
    if not stat.S_ISREG(mode):
        raise ReadError(
            path,
            "ไม่ใช่ไฟล์ธรรมดา (a pipe, a socket or a device, not a file)",
            "คัดลอกเนื้อหาลงไฟล์แล้วลองใหม่ (copy its content into a file)",
        )


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


def _unknown(path: Path, name: str) -> ReadError:
    return ReadError(
        path,
        f"ยังไม่รองรับไฟล์ชนิด {Path(name).suffix or 'ไม่มีนามสกุล'} (no reader for this kind of file)",
        f"แปลงเป็นชนิดใดชนิดหนึ่งใน {' '.join(SUFFIXES)} แล้วลองใหม่ (convert it to one of these kinds)",
    )
