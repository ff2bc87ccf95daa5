"""The year that a document's metadata state, for lists that go by it."""

from __future__ import annotations

import json
import re

_LEADING = re.compile(r"\s*([+-]?[0-9]{1,9})")
_BUDDHIST = re.compile(r"2[45][0-9][0-9]-")
_COMMON = re.compile(r"[12][90][0-9][0-9]-")
_LAST = re.compile(r"2[45][0-9][0-9]\Z")


def document_year(metadata: str) -> int | None:
    """The Buddhist year: ``year_be``, else that of ``date``, else ``None``. In SQL it has the same name.

    Args:
        metadata: the stored JSON object.

    >>> [document_year(f'{{"date": "{date}"}}') for date in ("2566-01-31", "2024-05-01", "31 มกราคม 2566", "?")]
    [2566, 2567, 2566, None]
    >>> document_year('{"year_be": "2560", "date": "2024-05-01"}')
    2560
    """
    try:
        stated = json.loads(metadata)
    except ValueError:
        return None
    year, date = str(stated.get("year_be", "")), str(stated.get("date", ""))
    if leading := _LEADING.match(year):
        return int(leading[1])
    if _BUDDHIST.match(date):
        return int(date[:4])
    if _COMMON.match(date):
        return int(date[:4]) + 543
    return int(date[-4:]) if _LAST.search(date) else None
