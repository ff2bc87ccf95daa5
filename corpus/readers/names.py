"""Names that strangers give their files, made safe to show, to cite and to make ids of."""

from __future__ import annotations

import re
import unicodedata

MOST_CHARS = 120
MOST_BYTES = 240
_NAMELESS = "document"
_DRIVE = re.compile(r"^[A-Za-z]:")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Names that mean devices to Windows, whatever suffix they carry.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_BEFORE_DOT = re.compile(r"[. ]+\.")
_SUFFIX = re.compile(r"(?:\.[A-Za-z0-9]{1,8}){1,2}\Z")


def display_name(name: str) -> str:
    r"""The last part of an uploaded file's name, without what could mislead a person or a file system.

    Folders, drive letters, control characters, marks that turn the direction of writing, and leading and trailing dots
    and spaces go; letters of every script stay. A long name keeps its beginning and its suffix. The result is never
    empty, has at most `MOST_CHARS` characters and `MOST_BYTES` bytes in UTF-8, and giving it again changes nothing.

    >>> display_name("../../etc/รายงาน ปี 2562.pdf")
    'รายงาน ปี 2562.pdf'
    >>> display_name("C:\\Users\\me\\con.txt")
    '_con.txt'
    """
    parts = name.replace("\\", "/").split("/")
    found = next(filter(None, map(_cleaned, reversed(parts))), _NAMELESS)
    short = _shortened(found)
    return f"_{short}" if _DEVICE.fullmatch(short) else short


def _cleaned(part: str) -> str:
    """One part of a path without what may not stand in a name."""
    visible = "".join(map(_shown, unicodedata.normalize("NFC", _DRIVE.sub("", part))))
    words = " ".join(_FORBIDDEN.sub("-", unicodedata.normalize("NFC", visible)).split())
    words = _BEFORE_DOT.sub(".", words).rstrip(". ")
    # Marks need a letter to stand on.
    start = next((at for at, sign in enumerate(words) if not _leads_nowhere(sign)), len(words))
    return words[start:]


def _shown(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Zs", "Zl", "Zp") or sign in "\t\n\r":
        return " "
    return "" if kind[0] == "C" else sign


def _leads_nowhere(sign: str) -> bool:
    return sign in ". " or unicodedata.category(sign)[0] == "M"


def _shortened(name: str) -> str:
    """As much of the name's beginning as fits before its suffix."""
    suffix = _SUFFIX.search(name)
    ending = suffix[0] if suffix else ""
    stem = name[: len(name) - len(ending)][: MOST_CHARS - len(ending)]
    stem = stem.encode()[: MOST_BYTES - len(ending)].decode(errors="ignore")
    return stem.rstrip(". ") + ending
