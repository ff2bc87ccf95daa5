"""What is fuzzed, and what must hold of every input: one function a target, each takes bytes and raises when it does not.

``AssertionError`` is an invariant that broke, any other exception a crash. Documented refusals (`ReadError`,
`FrontMatterError`, `BinaryError`) are part of the contract and pass.
"""

from __future__ import annotations

import atexit
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import regex

from corpus import front_matter
from corpus.cases import find_cases
from corpus.cleaning import clean, clean_query
from corpus.demo import prepare
from corpus.limits import Limits
from corpus.passages import split
from corpus.readers import ReadError, encodings
from corpus.records import Citation, CleanedPage, Page, SourceDocument
from corpus.segment import default_segmenter, fold
from corpus.settings import Settings
from index.engine import Engine
from index.generations import build
from index.highlighting import highlights
from index.lexical import ngrams, skeleton
from index.present import highlighted
from index.queries import understand
from index.vocabulary import FUNCTION_WORDS, QUESTION_WORDS, without_fillers
from service.answering.sentences import MAX_CHARS, Sentences
from service.citing import STYLES, reference
from service.pages.fragments import text_fragment
from service.pages.marking import segments, whole_clusters, window
from service.questions import readable
from tests.reliability import fuzz_seeds
from tests.reliability.fuzz_seeds import text_of

_CLUSTER = regex.compile(r"\X")
_BAD = re.compile("[\x00\ud800-\udfff]")
_READERS = {
    ".txt": ("plain", "read_plain"),
    ".md": ("markdown", "read_markdown"),
    ".jsonl": ("jsonl", "read_jsonl"),
    ".html": ("html", "read_html"),
    ".docx": ("docx", "read_docx"),
    ".pdf": ("pdfium", "read"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """``share`` of all executions; ``seeds`` are bytes to begin with, ``slow`` ones bytes to try once; ``whole`` ones
    are files, of which a piece would be none."""

    name: str
    check: Callable[[bytes], None]
    share: float
    seeds: Callable[[], list[bytes]]
    slow: Callable[[], list[bytes]] = list
    whole: bool = False


# -- text -----------------------------------------------------------------------


def cleaning(data: bytes) -> None:
    """The map covers the text without gaps and stays inside the source; cleaning again changes nothing."""
    paged, source = bool(data[:1] < b"\xc0"), text_of(data)
    page = clean(source, paged=paged)
    _check_page(page, source)
    assert clean(page.text, paged=paged).text == page.text, "cleaning a cleaned text changes it"


def _check_page(page: CleanedPage, source: str) -> None:
    at = 0
    for piece in page.pieces:
        assert piece.start == at, "the pieces leave a gap"
        assert piece.length > 0, "an empty piece"
        assert 0 <= piece.source_start <= piece.source_start + piece.source_length <= len(source), "outside"
        at += piece.length
    assert at == len(page.text), "the pieces do not cover the text"
    assert page.blocks[0] == 0, "blocks begin at 0"
    assert all(a < b <= len(page.text) for a, b in pairwise(page.blocks)), "blocks ascend inside the text"
    assert not _BAD.search(page.text), "NUL or half a surrogate pair in a cleaned text"


def query(data: bytes) -> None:
    """A cleaned question is one line, and stays as it is."""
    cleaned = clean_query(text_of(data)[:1000])
    assert clean_query(cleaned) == cleaned, "cleaning a cleaned question changes it"
    assert "\n" not in cleaned, "a question has one line"
    shown = readable(text_of(data)[:1000])
    assert shown == shown.strip(), "a readable question is trimmed"
    assert readable(shown) == shown, "a readable question stays"


def passages(data: bytes) -> None:
    """Cases and passages lie inside the page, ascend, never overlap; passages slice and cut no cluster."""
    source = text_of(data)
    page = _page(clean(source), source)
    spans = find_cases("d", front_matter.clean(source[:80]), {}, [page])
    for span in spans:
        assert 0 <= span.start <= span.end <= len(page.text), "a case outside its page"
    assert all(a.end <= b.start for a, b in pairwise(spans)), "cases overlap"
    found = split(page, spans, "d", "หัวข้อ")
    edges = {0, *(cluster.end() for cluster in _CLUSTER.finditer(page.text))}
    for passage in found:
        assert page.text[passage.start : passage.end] == passage.text, "a passage is no slice of its page"
        assert passage.text.strip(), "an empty passage"
        assert passage.start in edges, "a passage begins inside a grapheme cluster"
        assert passage.end in edges, "a passage ends inside a grapheme cluster"
    assert all(a.end <= b.start for a, b in pairwise(found)), "passages overlap"
    assert len({passage.passage_id for passage in found}) == len(found), "two passages with one id"


def _page(cleaned: CleanedPage, source: str) -> Page:
    parts = (cleaned.text, cleaned.pieces, cleaned.blocks, cleaned.dropped)
    return Page(1, "a.txt", "0" * 64, "plain", source, *parts)


def cases(data: bytes) -> None:
    """Cases of a document of several pages, with metadata as a file may state it."""
    parts = text_of(data).split("\n\n")
    pages = [
        Page(number, "a", "0" * 64, "plain", text, clean(text).text, ())
        for number, text in enumerate(parts[1:6], start=1)
    ]
    names = ("organisation", "province", "year_be", "award", "district")
    stated = front_matter.flat(
        dict(zip(names, parts[0].split("\n"), strict=False))
    )  # as every reader gives it
    title = front_matter.clean(parts[0][:200])
    for metadata in ({}, stated):
        by_page = {page.number: page for page in pages}
        for span in find_cases("d", title, metadata, pages):
            assert 0 <= span.start <= span.end <= len(by_page[span.page].text), "a case outside its page"
            assert span.case.name.strip(), "a case without a name"


def segmenting(data: bytes) -> None:
    """Words joined give the text but for unsafe characters; folding keeps every offset."""
    text = text_of(data)
    cut = default_segmenter()
    assert len("".join(cut.words(text))) == len(text), "words joined are not the text"
    assert len(fold(text)) == len(text), "folding moved offsets"
    assert all(term.strip() for term in cut.terms(text)), "an empty term"
    plain = skeleton(text)
    assert skeleton(plain) == plain, "the skeleton of a skeleton differs"
    assert all(1 <= len(gram) <= 3 for gram in ngrams(text)), "an n-gram of another length"


def metadata(data: bytes) -> None:
    """Front matter is strings, or refused."""
    text = "---\n" + text_of(data)
    try:
        values, body = front_matter.split(text)
    except front_matter.FrontMatterError:
        return
    assert text.endswith(body), "the body is not the rest of the text"
    for name, value in values.items():
        assert isinstance(name, str) and isinstance(value, str), "metadata that is no text"  # noqa: PT018
        assert not _BAD.search(name + value), "metadata that cannot be stored"


# -- files ------------------------------------------------------------------------


def decoding(data: bytes) -> None:
    """Any bytes are text that can be stored, or refused."""
    try:
        found = encodings.decode(data)
    except encodings.BinaryError:
        return
    found.text.encode()
    assert "\r" not in found.text, "a carriage return is left"


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="karani-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _reader(suffix: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        module, name = _READERS[suffix]
        reader = import_module(f"corpus.readers.{module}")
        path = fuzz_seeds.scratch(_folder(), suffix)
        path.write_bytes(_package(data) if suffix == ".docx" and data[:2] != b"PK" else data)
        if suffix == ".pdf":  # poppler is a process of its own: what can break this one is pdfium
            _read_pdf(reader, path)
            return
        for found in _or_refusal(getattr(reader, name)(path, path.name, Limits())):
            _check_document(found)

    return check


def _package(document: bytes) -> bytes:
    """A Word file with ``document`` as its text: changed bytes inside a package only break its checksums."""
    [whole, *_] = fuzz_seeds.files(".docx")
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(made := io.BytesIO(), "w") as new:
        for name in old.namelist():
            new.writestr(name, document if name == "word/document.xml" else old.read(name))
    return made.getvalue()


def _read_pdf(reader: Any, path: Path) -> None:
    try:
        texts, title = reader.read(path, Limits())
    except (reader.PasswordError, reader.BrokenError, reader.TooManyPagesError, reader.TooMuchTextError):
        return
    assert all(isinstance(text, str) for text in (*texts, title)), "no text"


def _or_refusal(found: Iterator[Any]) -> Iterator[Any]:
    with suppress(ReadError):
        yield from found


def _check_document(found: SourceDocument | ReadError) -> None:
    if isinstance(found, ReadError):
        return
    assert found.pages, "a document without pages"
    numbers = [page.number for page in found.pages]
    assert numbers == sorted(set(numbers)), "pages out of order"
    for page in found.pages:
        cleaned = clean(page.text[:2000])
        assert not _BAD.search(cleaned.text), "a page that cannot be stored"
    assert not _BAD.search("".join((found.title or "", found.name or "", *found.metadata.values()))), (
        "bad title"
    )


# -- questions --------------------------------------------------------------------


@cache
def engine() -> Engine:
    """The demo cases, open; built anew by each process."""
    return Engine.open(
        prepare(Settings(data=Path(tempfile.mkdtemp(prefix="karani-fuzz-"))), build, lambda _: None)
    )


def asking(data: bytes) -> None:
    """Understanding keeps some content word wherever the question has one; highlights lie on whole clusters."""
    text = text_of(data)[:300]
    opened = engine().opened
    for speller in (opened.speller, None):
        asked = understand(text, opened.segmenter.terms, speller)
        told = opened.segmenter.terms(without_fillers(clean_query(text)))
        if any(term not in QUESTION_WORDS and term not in FUNCTION_WORDS for term in told):
            # A correction may take a lone scrap for nothing; as typed it is searched for all the same.
            assert asked.content or speller, "every content word was lost"
            assert asked.words, "nothing is left to search for"
        assert all(weight > 0 for weight in (*asked.words.values(), *asked.grams.values())), (
            "a term without weight"
        )
        _check_spans(text, highlights([text], highlighted(asked))[0])


def _check_spans(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    for start, end in spans:
        assert 0 <= start < end <= len(text), "a highlight outside the text"
    assert all(a[1] < b[0] for a, b in pairwise(spans)), "highlights touch or overlap"


def suggesting(data: bytes) -> None:
    """Suggestions mark whole clusters of their own text; none twice."""
    found = engine().suggest(text_of(data)[:250], 8, ("ใครทำเรื่องขยะ", "น้ำท่วมแก้อย่างไร"))
    assert len(found) <= 8, "more suggestions than asked for"
    for one in found:
        _check_spans(one.text, one.highlights)
    assert len({(one.text, one.kind, one.target) for one in found}) == len(found), "one suggestion twice"


def searching(data: bytes) -> None:
    """Every citation slices to what it quotes, the answer's too."""
    result = engine().search(text_of(data)[:300], k=3)
    places = [
        (hit.citation, hit.passage.text) for group in result.groups for hit in (group.best, *group.more)
    ]
    places += [(result.answer.citation, result.answer.evidence)] if result.answer else []
    for place, quoted in places:
        page = engine().store.page(place.document_id, place.page)
        assert page is not None, "a citation of a page that is not there"
        assert page.text[place.start : place.end] == quoted, "a citation that does not slice to its quote"
    for group in result.groups:
        _check_spans(group.best.passage.text, group.best.highlights)


# -- pages -----------------------------------------------------------------------


def _placed(data: bytes) -> tuple[str, int, int]:
    """A cleaned text and a span of it, from the first four bytes."""
    text = clean(text_of(data[4:])).text
    low, high = sorted(int.from_bytes(part, "big") % (len(text) + 9) for part in (data[:2], data[2:4]))
    return text, low, high


def fragments(data: bytes) -> None:
    """A text fragment is one line of ASCII whose terms are words of the page."""
    text, start, end = _placed(data)
    made = text_fragment(text, start, end, "หัวเรื่อง")
    assert made.isascii() and not re.search(r"\s", made), "not an address"  # noqa: PT018
    if made:
        terms = [unquote(term.strip("-")) for term in made.removeprefix(":~:text=").split(",")]
        assert all(term in text or term in "หัวเรื่อง" for term in terms), "words that the page does not have"


def marking(data: bytes) -> None:
    """Marked pieces joined are the text; windows and widened spans stay inside it."""
    text, start, end = _placed(data)
    cut = segments(text, {"a": [(start, end)], "b": [(end - 3, end + 9), (-2, 2)]})
    assert "".join(piece.text for piece in cut) == text, "marked pieces are not the text"
    low, high = window(text, [(min(start, len(text)), min(end, len(text)))], 60)
    assert 0 <= low <= high <= len(text), "a window outside the text"
    wide = whole_clusters(text, start, end)
    assert whole_clusters(text, *wide) == wide, "a widened span widens again"


def citing(data: bytes) -> None:
    """References are one line but for BibTeX, whose braces balance."""
    parts = (text_of(data).split("\n") + [""] * 5)[:5]
    place = Citation("เอกสาร", parts[0] or "a", 3, None, 0, 9, "a.pdf", parts[1], "1")
    stated = {"author": parts[2], "date": parts[3], "source": parts[4]}
    made = {name: style(reference("p", place, stated, "http://a/b?c=1")) for name, style in STYLES.items()}
    for name in ("plain", "apa"):
        assert not re.search("[\n\r\u2028\u2029\x85]", made[name]), f"{name} of several lines"
    assert made["bibtex"].count("{") == made["bibtex"].count("}"), "braces do not balance"


def sentences(data: bytes) -> None:
    """A written answer's sentences come without citations in them and are bounded, however its words arrive."""
    text, cut = text_of(data), Sentences()
    step = 1 + data[0] % 40 if data else 1
    parts = [text[at : at + step] for at in range(0, len(text), step)]
    found = [one for part in parts for one in cut.feed(part)] + list(cut.finish())
    for one in found:
        assert one.text, "an empty sentence"
        assert "\n" not in one.text, "a sentence of two lines"
        assert len(one.text) <= MAX_CHARS, "a sentence without end"
        assert list(one.citations) == sorted(set(one.citations)), "citations out of order"


def _spelled(texts: Callable[[], list[str]]) -> Callable[[], list[bytes]]:
    return lambda: [fuzz_seeds.bytes_of(text) for text in texts()]


_TEXTS, _QUERIES, _LONG = map(_spelled, (fuzz_seeds.texts, fuzz_seeds.queries, fuzz_seeds.long_texts))


def _raw_long() -> list[bytes]:
    return [text.encode("utf-8", "replace") for text in fuzz_seeds.long_texts()]


def _files(suffix: str) -> Callable[[], list[bytes]]:
    return lambda: fuzz_seeds.files(suffix)


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("cleaning", cleaning, 0.10, _TEXTS, _LONG),
        Target("query", query, 0.20, _TEXTS, _LONG),
        Target("passages", passages, 0.05, _TEXTS, _LONG),
        Target("cases", cases, 0.06, _TEXTS, _LONG),
        Target("segmenting", segmenting, 0.26, _TEXTS, _LONG),
        Target("metadata", metadata, 0.08, _TEXTS, _LONG),
        Target("decoding", decoding, 0.04, _TEXTS, _raw_long),
        Target("plain", _reader(".txt"), 0.002, _files(".txt"), _raw_long),
        Target("markdown", _reader(".md"), 0.01, _files(".md"), _raw_long, whole=True),
        Target("jsonl", _reader(".jsonl"), 0.001, _files(".jsonl"), _raw_long, whole=True),
        Target("html", _reader(".html"), 0.002, _files(".html"), _raw_long, whole=True),
        Target("docx", _reader(".docx"), 0.003, _files(".docx"), whole=True),
        Target("pdf", _reader(".pdf"), 0.02, _files(".pdf"), whole=True),
        Target("asking", asking, 0.015, _QUERIES, _LONG),
        Target("suggesting", suggesting, 0.03, _QUERIES, _LONG),
        Target("searching", searching, 0.005, _QUERIES),
        Target("fragments", fragments, 0.035, _TEXTS, _LONG),
        Target("marking", marking, 0.06, _TEXTS, _LONG),
        Target("citing", citing, 0.10, _TEXTS, _LONG),
        Target("sentences", sentences, 0.12, _TEXTS, _LONG),
    )
}
