"""How much of a stranger's file is read at most: what is larger is refused with a clear message, never cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MB = 1 << 20
_GB = 1 << 30


class LimitsError(ValueError):
    """A limit in the environment is no whole number above zero; says which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of reading; each has its default here, five can be set in the environment.

    Attributes:
        file_bytes: size of a file that is read whole, which are all kinds but JSON lines (``KARANI_MAX_FILE_BYTES``).
        pages: pages of one document (``KARANI_MAX_PAGES``).
        unpacked_bytes: a file of JSON lines, unpacked (``KARANI_MAX_UNPACKED_BYTES``).
        reading_seconds: to read one PDF, web page or Word file (``KARANI_MAX_READING_SECONDS``).
        reading_memory_bytes: of the process that reads them (``KARANI_MAX_READING_MEMORY_BYTES``).
        page_chars: text of one page.
        document_chars: text of one document; also of a web page with its marks.
        package_bytes: a Word file, unpacked, as its own list of contents declares it.
        package_entries: files inside a Word file.
        part_bytes: one XML part of a Word file, unpacked.
        part_tags: opening and closing tags in such a part.
        line_bytes: one line of JSON lines; a longer one is skipped and reported.
        lines: lines of one file.
        bad_lines: bad lines after which the rest of a file is given up.
        json_values: lists and objects in one line of JSON.
        zst_window_bytes: memory that a packed ``.zst`` file may ask for; what ``zstd`` itself takes without being told.
        files_a_process: files after which the reading process is replaced, so that nothing piles up in it.
    """

    file_bytes: int = 512 * _MB
    pages: int = 5_000
    unpacked_bytes: int = 8 * _GB
    reading_seconds: int = 120
    reading_memory_bytes: int = 2 * _GB
    page_chars: int = 16_000_000
    document_chars: int = 20_000_000
    package_bytes: int = 512 * _MB
    package_entries: int = 10_000
    part_bytes: int = 64 * _MB
    part_tags: int = 4_000_000
    line_bytes: int = 64 * _MB
    lines: int = 20_000_000
    bad_lines: int = 10_000
    json_values: int = 1_000_000
    zst_window_bytes: int = 128 * _MB
    files_a_process: int = 500

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Limits:
        """The limits with what ``KARANI_MAX_*`` says.

        Raises:
            LimitsError: a value is no whole number above zero.
        """
        named = {name: f"KARANI_MAX_{name.upper()}" for name in SETTABLE}
        return cls(**{name: number(key, environ[key]) for name, key in named.items() if environ.get(key)})

    @property
    def text_bytes(self) -> int:
        """Size of a text file that could still hold a document: no encoding takes more than four bytes a character."""
        return min(self.file_bytes, 4 * self.document_chars)


#: What an operator may set, with its meaning for README's table.
SETTABLE: Mapping[str, str] = {
    "file_bytes": "largest file that is read whole (txt, md, html, pdf, docx), in bytes",
    "pages": "most pages of one document",
    "unpacked_bytes": "largest file of JSON lines, unpacked, in bytes",
    "reading_seconds": "longest time to read one PDF, web page or Word file",
    "reading_memory_bytes": "most memory of the process that reads PDF, web pages and Word files, in bytes",
}


def variables() -> tuple[tuple[str, str, str], ...]:
    """Name, default and meaning of every limit in the environment."""
    default = Limits()
    return tuple(
        (f"KARANI_MAX_{name.upper()}", str(getattr(default, name)), what) for name, what in SETTABLE.items()
    )


def number(key: str, value: str) -> int:
    """What the environment says for a variable, as a whole number.

    Raises:
        LimitsError: it is none, or not above zero.
    """
    text = value.strip()
    if not (text.isascii() and text.isdecimal() and int(text[:19]) > 0):
        raise LimitsError(
            f"{key}={value[:40]}: ต้องเป็นจำนวนเต็มที่มากกว่า 0 / must be a whole number above 0, such as 1000000"
        )
    return int(text[:19])
