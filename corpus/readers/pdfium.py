"""PDF text by pypdfium2, with two repairs that Thai needs."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

from corpus.limits import Limits

# PDFium is not safe for use from several threads.
_LOCK = Lock()
_PASSWORD_CODE = 4
_CLUSTER = r"[ก-ะาๅ-ๆเ-ไ๏-๛][ัิ-ฺ็-๎]*ำ?"
_THAI_CLUSTER = re.compile(_CLUSTER)
# A page of ordinary Thai repeats the cluster before in about 1 of 100 places.
_DOUBLED_SHARE = 0.35
_SARA_AM_SPACE = re.compile(r"ำ (?=[ก-๎])")
# Ems between the ring of ำ and the next letter: its own stroke takes half an em, a space a quarter more.
_SPACE_EMS = 0.62


class PasswordError(ValueError):
    """The file cannot be opened without a password."""


class TooManyPagesError(ValueError):
    """The file has more pages than may be."""

    def __init__(self, pages: int) -> None:
        super().__init__(f"{pages} pages")
        self.pages = pages


class TooMuchTextError(ValueError):
    """The file's pages hold more text than may be."""


class BrokenError(ValueError):
    """The file is no PDF that can be repaired; the message says what PDFium found."""


def version() -> str:
    """Name pypdfium2's version."""
    from importlib.metadata import version as installed

    return installed("pypdfium2")


def read(path: Path, limits: Limits) -> tuple[list[str], str]:
    """Read the text of every page, and the title that the file states.

    Raises:
        PasswordError: it is locked.
        BrokenError: it is no PDF that can be repaired.
        TooManyPagesError: it has more pages than may be.
        TooMuchTextError: the same of its text.
    """
    import pypdfium2

    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == _PASSWORD_CODE or "password" in str(error).lower():
                raise PasswordError(str(error)) from error
            raise BrokenError(str(error)) from error
        try:
            return _pages(document, limits), str(document.get_metadata_dict().get("Title", ""))
        except pypdfium2.PdfiumError as error:
            raise BrokenError(str(error)) from error
        finally:
            document.close()


def _pages(document: Any, limits: Limits) -> list[str]:
    if len(document) > limits.pages:
        raise TooManyPagesError(len(document))
    texts = []
    left = limits.document_chars
    for number in range(len(document)):
        texts.append(_page(document, number))
        left -= len(texts[-1])
        if left < 0:
            raise TooMuchTextError
    return texts


def _page(document: Any, number: int) -> str:
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            text = str(text_page.get_text_range())
            if _SARA_AM_SPACE.search(text):
                text = _without_false_spaces(text_page)
            return undouble(text.replace("\r\n", "\n").replace("\r", "\n"))
        finally:
            text_page.close()
    finally:
        page.close()


def _without_false_spaces(text_page: Any) -> str:
    """Rebuild the text without the spaces that PDFium invents behind ำ, whose box it takes for the ring's."""
    import pypdfium2.raw as raw

    codes = [raw.FPDFText_GetUnicode(text_page, at) for at in range(text_page.count_chars())]
    kept = []
    for at, code in enumerate(codes):
        if code in (0, 0xFFFE, 0xFFFF):
            continue
        if code == 0x20 and 0 < at < len(codes) - 1 and codes[at - 1] == ord("ำ"):
            left, right = text_page.get_charbox(at - 1, loose=True), text_page.get_charbox(at + 1, loose=True)
            size = raw.FPDFText_GetFontSize(text_page, at - 1) or 1.0
            if raw.FPDFText_IsGenerated(text_page, at) == 1 and right[0] - left[2] < _SPACE_EMS * size:
                continue
        kept.append(chr(code))
    return "".join(kept)


def undouble(text: str) -> str:
    """Undo text drawn twice at the same place, which arrives as every cluster doubled (กกาา).

    Text in which only some clusters repeat is left as it is.

    >>> undouble("เทศบาล")
    'เทศบาล'
    """
    clusters = list(_THAI_CLUSTER.finditer(text))
    pairs = pairwise(clusters)
    doubled = sum(1 for one, two in pairs if one[0] == two[0] and one.end() == two.start())
    if len(clusters) < 8 or doubled < _DOUBLED_SHARE * len(clusters):
        return text
    return re.sub(rf"({_CLUSTER})\1", r"\1", text)
