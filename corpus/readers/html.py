"""Web pages: the main text without menus and footers, its headings marked, by trafilatura."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from html import unescape
from pathlib import Path
from typing import Any

from corpus.limits import Limits
from corpus.readers import files
from corpus.readers.errors import ReadError, too_much_text
from corpus.records import SourceDocument

_DECLARED = re.compile(r"<\?xml[^<>]{0,300}\?>|<meta[^<>]{1,300}?charset[^<>]{0,300}>", re.IGNORECASE)
_BLOCK_NAMES = """
address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li
main nav ol option p pre section table tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HIDDEN = frozenset({"script", "style", "noscript", "template", "head", "iframe", "svg", "object"})
_SCRIPT = re.compile(
    r"<(script|style|noscript|template|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")
_STRONG = re.compile(r"(?<!\\)(\*\*|__)(?=\S)((?:(?!\1)[^\n]){1,2000})(?<=[^\s\\])\1")
_EMPHASIS = re.compile(r"(?<![*\\])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*\\])\*(?!\*)")
_ESCAPES = re.compile(r"\\([*_#\[\]`~>|-])")


def read_html(path: Path, source: str, limits: Limits) -> Iterator[SourceDocument]:
    """One document on page 1; ``url`` and ``date`` where the page states them."""
    data = files.load(path, limits.text_bytes)
    found = files.decode(path, data)
    if len(found.text) > limits.document_chars:
        raise too_much_text(path, limits.document_chars, "หน้าเว็บ (the web page)")
    tree = _tree(found.text)
    text = "" if tree is None else _main_text(tree) or _all_text(tree)
    if files.is_blank(text):
        text = _without_tags(found.text)
    if files.is_blank(text):
        raise ReadError(
            path,
            "หน้าเว็บไม่มีข้อความ อาจสร้างด้วยสคริปต์ (the page holds no text; a script may have to draw it)",
            "เปิดในเบราว์เซอร์แล้วบันทึกเป็น PDF หรือ .txt (open it in a browser and save it as PDF or .txt)",
        )
    title, stated = (None, {}) if tree is None else _stated(tree)
    yield SourceDocument(
        None,
        title,
        source,
        files.sha256(data),
        f"trafilatura {_version()}",
        files.split_pages(path, text.replace("\f", "\n"), limits),
        stated | files.notes(found),
    )


def _version() -> str:
    from importlib.metadata import version

    return version("trafilatura")


def _tree(text: str) -> Any:
    """Parse decoded text; its own claim about the encoding is dropped, because the bytes are gone."""
    import trafilatura

    clean = _DECLARED.sub("", text.replace("\x00", ""))
    if "<html" not in clean[:4096].lower():
        clean = f"<html><body>{clean}</body></html>"  # a bare fragment is not taken for HTML
    return trafilatura.load_html(clean)


def _main_text(tree: Any) -> str:
    """Extract the main text as Markdown-like lines; empty when trafilatura finds none."""
    import trafilatura

    try:
        text = trafilatura.extract(
            deepcopy(tree),
            output_format="markdown",
            include_comments=False,
            include_formatting=True,
            favor_recall=True,
        )
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - any page that trips it still has its plain text
        return ""
    return _plain(text or "")


def _plain(markdown: str) -> str:
    """Drop the marks of bold and italic text, keep those of headings, lists and tables."""
    text = _STRONG.sub(r"\2", markdown)
    text = _EMPHASIS.sub(r"\1", text)
    return _ESCAPES.sub(r"\1", text)


def _all_text(tree: Any) -> str:
    """Take all visible text, a line for each block; for pages without any recognisable main part."""
    parts: list[str] = []
    # What is left to visit: elements, and the text that follows them. No recursion: pages nest thousands deep.
    left: list[Any] = [tree]
    while left:
        item = left.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        left.append(item.tail or "")
        if not isinstance(item.tag, str) or item.tag in _HIDDEN:
            continue
        around = "\n" if item.tag in _BLOCKS else ""
        parts.append(around + _SPACE.sub(" ", item.text or ""))
        left.append(around)
        left.extend(reversed(item))
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _without_tags(text: str) -> str:
    """Strip tags by hand: the last resort for pages nested deeper than the parser follows."""
    text = _SCRIPT.sub(" ", text)
    lines = (" ".join(unescape(line).split()) for line in _TAG.sub("\n", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _stated(tree: Any) -> tuple[str | None, dict[str, str]]:
    """Read what the page states of itself: title, address, date."""
    import trafilatura

    try:
        found = trafilatura.extract_metadata(deepcopy(tree))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a page is worth reading without them
        found = None
    if found is None:
        return None, {}
    kept = {"url": found.url, "date": found.date}
    title = " ".join((found.title or "").split()) or None
    return title, {key: value for key, value in kept.items() if value}
