"""Markdown: front matter as metadata, the body as text with its heading marks kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from corpus import front_matter
from corpus.limits import Limits
from corpus.readers import files
from corpus.readers.errors import ReadError, empty
from corpus.records import SourceDocument

_HEADING = re.compile(r"^ {0,3}# +(?P<title>[^\n]+)$", re.MULTILINE)


def read_markdown(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """One document; its title is the front matter's, else the first top-level heading's."""
    data = files.load(path, limits.text_bytes)
    found = files.decode(path, data)
    try:
        metadata, body = front_matter.split(found.text)
    except front_matter.FrontMatterError as error:
        raise ReadError(
            path,
            f"ส่วนหัว (front matter) ไม่ถูกต้อง (the front matter is not valid YAML: {error})",
            "แก้ส่วนระหว่าง --- ให้เป็นบรรทัดแบบ key: value "
            "(write the part between the --- lines as `key: value`; quote values that hold a colon)",
        ) from error
    body = body.lstrip("\n")
    pages = files.split_pages(path, plain(body), limits)
    if not pages:
        raise empty(path)
    heading = _HEADING.search(body)
    title = metadata.pop("title", None) or (heading and plain(heading["title"].rstrip(" #")).strip()) or None
    name = metadata.pop("id", None)
    yield SourceDocument(
        name, title, source, files.sha256(data), "markdown", pages, metadata | files.notes(found)
    )


_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)[^\n]*\n?", re.MULTILINE)
# Each looks no further than to where the next one could begin, so that time grows with the text, not with its square.
_IMAGE = re.compile(r"!\[([^\[\]\n]{0,500})\]\(((?:(?!\]\()[^)\n]){0,2000})\)")
_LINK = re.compile(r"(?<!!)\[([^\[\]\n]{1,500})\]\(((?:(?!\]\()[^)\n]){0,2000})\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)((?:(?!\1)[^\n]){1,2000})(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![*\\])\*(?=[^\s*])([^*\n]{1,2000})(?<=[^\s*])\*(?!\*)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


_BLOCK_START = re.compile(r"\s*(?:#|>|\||[-*+] |\d{1,3}[.)] |$)")
_ONE_LINE = re.compile(r"\s*(?:#|\||$)")


def plain(body: str) -> str:
    """Show the text as a reader sees it: inline marks, comments and link targets gone.

    ``#`` of headings and marks of lists stay, because they tell where a part begins.
    """
    text = _COMMENT.sub("", body)
    text = _FENCE.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(r"\1", text)
    return _ESCAPE.sub(r"\1", _join_soft_breaks(text))


def _join_soft_breaks(text: str) -> str:
    """A line break inside a paragraph is a space; headings, list items, tables and quotes keep their lines."""
    joined: list[list[str]] = []
    for line in text.split("\n"):
        hard = (
            not joined
            or _ONE_LINE.match(joined[-1][0])
            or _BLOCK_START.match(line)
            or joined[-1][-1].endswith("  ")
        )
        if hard:
            joined.append([line])
        else:
            joined[-1].append(line.strip())
    return "\n".join(" ".join(parts) for parts in joined)
