"""A client of Karani's HTTP interface, version 1: one file, the standard library only, Python 3.10 or newer.

    from karani_client import Karani

    karani = Karani("https://karani.example", key="krn_…")
    result = karani.search("ใครใช้ MOU กับโรงพยาบาล", province="ชลบุรี")
    if result.answer:
        print(result.answer.text, karani.url(result.answer.citation))
    for hit in karani.iter_hits("ผู้สูงอายุ", limit=50):
        print(hit.rank, hit.title, karani.verify_citation(hit))

Answers are frozen dataclasses. Members that a newer service adds are passed over; what an older one does not send
has its default. Every failure is a `KaraniError`, which carries the service's own words on what to do.
"""

from __future__ import annotations

import json
import random
import secrets
import time
import types
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from typing import Self

__all__ = [
    "Answer", "AnswerEvent", "Case", "CaseDetail", "CaseSummary", "Citation", "Document", "DocumentSummary", "Found",
    "Hit", "Job", "JobResult", "Karani", "KaraniError", "Page", "Passage", "SearchResult", "Suggestion",
]  # fmt: skip

T = TypeVar("T")
Sort = Literal["relevance", "newest", "oldest", "name"]
System = Literal["hybrid", "dense", "lexical", "words", "characters"]
Text = str | Sequence[str] | None
Year = int | Sequence[int] | None
_RETRIED = frozenset({429, 503})


class KaraniError(Exception):
    """A call that failed.

    Attributes:
        status: the HTTP status; 0 when no answer came at all.
        type: the problem's kind: ``invalid-parameter``, ``key-revoked``, ``busy`` …; ``unreachable``,
            ``unexpected`` and ``citation-moved`` are this client's own.
        detail: what is wrong and what to do, in Thai and English.
        request_id: names the call in the service's log.
        errors: the faulty parameters, each with ``in``, ``name`` and ``detail``.
    """

    def __init__(
        self, status: int, type: str, detail: str, request_id: str | None = None,  # noqa: A002 - the problem's own word
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:  # fmt: skip
        super().__init__(f"{status or 'no answer'} {type}: {detail}")
        self.status, self.type, self.detail = status, type, detail
        self.request_id, self.errors = request_id, tuple(errors)


# -- what the service answers with -------------------------------------------------


@dataclass(frozen=True)
class _Answered:
    """Reads itself from JSON by its fields' types."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The value that ``data`` says; unknown members are passed over."""
        kind: Any = cls
        hints = _hints(kind)
        known = {f.name: _read(hints[f.name], data[f.name]) for f in fields(cls) if f.name in data}
        return cls(**known)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _read(next(one for one in inner if one is not types.NoneType), value)
    if origin is tuple:
        return tuple(_read(inner[0], one) for one in value)
    if isinstance(kind, type) and is_dataclass(kind) and issubclass(kind, _Answered):
        return kind.from_dict(value)
    return value


@dataclass(frozen=True)
class Case(_Answered):
    """One organisation's story; ``None`` where no source says it. ``year_be`` is of the Buddhist era."""

    case_id: str
    name: str
    kind: str = ""
    province: str | None = None
    year_be: int | None = None
    award: str | None = None


@dataclass(frozen=True)
class Citation(_Answered):
    """Where a text stands: ``page.text[start:end]``, counted in code points, as Python counts."""

    document_id: str
    title: str
    page: int
    start: int
    end: int
    source: str = ""
    url: str = ""
    quote: str = ""
    cleaner: str = ""
    case: Case | None = None


@dataclass(frozen=True)
class Found(_Answered):
    """A passage that was found; ``highlights`` are ``[start, end)`` in ``text``."""

    score: float
    passage_id: str
    text: str
    citation: Citation
    heading: str = ""
    highlights: tuple[tuple[int, ...], ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The case's name, else the document's title."""
        return self.citation.case.name if self.citation.case else self.citation.title


@dataclass(frozen=True)
class Hit(Found):
    """The best passage of one case (or document) and, in ``more``, its further ones."""

    rank: int = 0
    more: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Answer(_Answered):
    """The short answer and the sentence that says it; ``confidence`` is 0 to 1."""

    text: str
    kind: str
    evidence: str
    passage_id: str
    confidence: float
    citation: Citation


@dataclass(frozen=True)
class SearchResult(_Answered):
    """Everything one question gives; ``answer`` is ``None`` when nothing in the corpus answers."""

    query: str
    hits: tuple[Hit, ...]
    answer: Answer | None = None
    suggestion: str | None = None
    total: int = 0
    offset: int = 0
    sort: str = "relevance"
    took_ms: float = 0.0
    generation: str = ""
    encoder: str = ""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggestion(_Answered):
    """A completion; ``kind`` is question, spelling, case, document, heading or place."""

    text: str
    kind: str = "question"
    url: str | None = None
    highlights: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Passage(_Answered):
    """One passage: ``page.text[start:end] == text``."""

    passage_id: str
    document_id: str
    page: int
    text: str
    start: int
    end: int
    case_id: str | None = None
    heading: str = ""
    url: str = ""


@dataclass(frozen=True)
class CaseSummary(Case):
    """A case, the document that tells it and how many passages it has."""

    document_id: str = ""
    passages: int = 0
    url: str = ""


@dataclass(frozen=True)
class CaseDetail(CaseSummary):
    """A case with its passages in reading order."""

    text: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class DocumentSummary(_Answered):
    """A document without its texts; ``pages`` are the numbers of those that are here."""

    document_id: str
    title: str
    pages: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True)
class Document(DocumentSummary):
    """A document with the cases it tells."""

    cases: tuple[CaseSummary, ...] = ()


@dataclass(frozen=True)
class Page(_Answered):
    """A page: the cleaned ``text`` that offsets count in, and the source's own text."""

    document_id: str
    number: int
    text: str
    source: str = ""
    sha256: str = ""
    reader: str = ""
    cleaner: str = ""
    source_text: str = ""
    pieces: tuple[tuple[int, ...], ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class JobResult(_Answered):
    """What became of a job: the documents it changed, what failed and why, the index that holds it."""

    changed: int = 0
    documents: tuple[str, ...] = ()
    failed: int = 0
    failures: tuple[Mapping[str, str], ...] = ()
    generation: str | None = None


@dataclass(frozen=True)
class Job(_Answered):
    """A change to the corpus; ``state`` is queued, running, done (searches find it) or failed."""

    id: str
    kind: str = ""
    state: str = "queued"
    stage: str | None = None
    progress: Mapping[str, int] = field(default_factory=dict)
    created: str = ""
    finished: str | None = None
    files: tuple[str, ...] = ()
    result: JobResult | None = None


@dataclass(frozen=True)
class AnswerEvent:
    """One event of a written answer's stream, as the service names it."""

    event: str
    data: Mapping[str, Any]


# -- the client --------------------------------------------------------------------


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect to another host would take the key along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Leave the redirect as the answer."""


class Karani:
    """One service. Safe to share by threads: it holds no connection.

    Args:
        endpoint: the service's address, ``https://karani.example``.
        key: an API key, where the service wants one.
        timeout: seconds to wait for an answer, and between two events of a stream.
        retries: how often a call is tried again that was refused with 429 or 503.
        max_wait: the longest that ``Retry-After`` is obeyed, in seconds; beyond it the error is raised.
    """

    def __init__(
        self, endpoint: str, key: str | None = None, *, timeout: float = 10.0, retries: int = 2, max_wait: float = 30.0
    ) -> None:  # fmt: skip
        if urlsplit(endpoint).scheme not in {"http", "https"}:
            raise ValueError(f"{endpoint!r} is no web address: write https://karani.example")
        self.endpoint = endpoint.rstrip("/")
        self.timeout = timeout
        self.retries = retries
        self.max_wait = max_wait
        self._headers = {"Accept": "application/json", "User-Agent": "karani-client/1"}
        if key:
            self._headers["X-API-Key"] = key
        self._opener = urllib.request.build_opener(_StayHere)

    def search(
        self, q: str, *, k: int | None = None, offset: int = 0, sort: Sort = "relevance", system: System = "hybrid",
        exact: bool = False, province: Text = None, year_be: Year = None, kind: Text = None, award: Text = None,
        document_id: Text = None, case_id: Text = None,
    ) -> SearchResult:  # fmt: skip
        """Ask a question. A filter takes one value or several, any of which passes; filters combine."""
        body: dict[str, Any] = {
            "q": q, "k": k, "province": province, "year_be": year_be, "kind": kind, "award": award,
            "document_id": document_id, "case_id": case_id, "offset": offset or None, "exact": exact or None,
            "sort": None if sort == "relevance" else sort, "system": None if system == "hybrid" else system,
        }  # fmt: skip
        one = (str, int)  # text is no sequence here
        given = {n: v if isinstance(v, one) else list(v) for n, v in body.items() if v is not None}
        return self._read(SearchResult, "/v1/search", body=given)

    def iter_hits(self, q: str, *, limit: int = 100, k: int = 20, **options: Any) -> Iterator[Hit]:
        """The first ``limit`` hits, asked for ``k`` at a time; ``options`` are those of `search`."""
        given, offset = 0, 0
        while given < limit:
            result = self.search(q, k=min(k, limit - given), offset=offset, **options)
            yield from result.hits
            given += len(result.hits)
            offset += len(result.hits)
            if not result.hits or offset >= result.total:
                return

    def suggest(self, q: str, *, limit: int = 8) -> tuple[Suggestion, ...]:
        """Completions of what has been typed so far."""
        found = self._json("/v1/suggest", {"q": q, "limit": limit})
        return tuple(_trusted(Suggestion.from_dict, one) for one in found.get("suggestions", ()))

    def cases(self, *, limit: int = 100, offset: int = 0) -> tuple[CaseSummary, ...]:
        """Part of the list of cases, by name."""
        found = self._json("/v1/cases", {"limit": limit, "offset": offset})
        return tuple(_trusted(CaseSummary.from_dict, one) for one in found.get("cases", ()))

    def iter_cases(self, *, at_once: int = 200) -> Iterator[CaseSummary]:
        """Every case, fetched ``at_once`` at a time."""
        return _all(lambda offset: self.cases(limit=at_once, offset=offset), at_once)

    def case(self, case_id: str) -> CaseDetail:
        """One case with its passages in reading order."""
        return self._read(CaseDetail, f"/v1/cases/{quote(case_id, safe='')}")

    def documents(self, *, limit: int = 100, offset: int = 0) -> tuple[DocumentSummary, ...]:
        """Part of the list of documents, by id."""
        found = self._json("/v1/documents", {"limit": limit, "offset": offset})
        return tuple(_trusted(DocumentSummary.from_dict, one) for one in found.get("documents", ()))

    def iter_documents(self, *, at_once: int = 200) -> Iterator[DocumentSummary]:
        """Every document, fetched ``at_once`` at a time."""
        return _all(lambda offset: self.documents(limit=at_once, offset=offset), at_once)

    def document(self, document_id: str) -> Document:
        """A document's title, pages and cases."""
        return self._read(Document, f"/v1/documents/{quote(document_id, safe='')}")

    def page(self, document_id: str, number: int) -> Page:
        """One page's texts."""
        return self._read(Page, f"/v1/documents/{quote(document_id, safe='')}/pages/{int(number)}")

    def passage(self, passage_id: str) -> Passage:
        """One passage and where it stands."""
        return self._read(Passage, f"/v1/passages/{quote(passage_id, safe='')}")

    def feedback(
        self, query: str, relevant: bool, *, passage_id: str | None = None, document_id: str | None = None,
        rank: int | None = None, reason: str | None = None, comment: str | None = None, receipt: str | None = None,
    ) -> str:  # fmt: skip
        """Say whether a hit helped; the receipt that comes back changes the judgement later."""
        body = {
            "query": query, "relevant": relevant, "passage_id": passage_id, "document_id": document_id,
            "rank": rank, "reason": reason, "comment": comment, "receipt": receipt,
        }  # fmt: skip
        kept = self._json("/v1/feedback", body={n: v for n, v in body.items() if v is not None})
        return str(kept.get("receipt", ""))

    def add_documents(
        self, documents: Sequence[Mapping[str, Any]], *, replace: bool = False, once: str | None = None
    ) -> Job:
        """Add documents, each with ``id`` and ``text`` or ``pages``; wants an admin's key.

        ``replace`` makes each exactly what is sent. The same ``once`` within a day gives the same job.
        """
        return self._add(
            json.dumps({"documents": list(documents)}).encode(), "application/json", replace, once
        )

    def add_files(self, *paths: str | PathLike[str], replace: bool = False, once: str | None = None) -> Job:
        """Add files (txt, md, html, pdf, docx, jsonl) in one call, else as `add_documents`."""
        boundary = secrets.token_hex(16)
        parts = b"".join(_part(boundary, Path(path)) for path in paths) + f"--{boundary}--\r\n".encode()
        return self._add(parts, f"multipart/form-data; boundary={boundary}", replace, once)

    def delete_document(self, document_id: str, *, once: str | None = None) -> Job:
        """Delete a document; wants an admin's key."""
        path, once = f"/v1/documents/{quote(document_id, safe='')}", once or secrets.token_hex(16)
        found = self._json(path, method="DELETE", headers={"Idempotency-Key": once})
        return _trusted(Job.from_dict, found)

    def job(self, job_id: str) -> Job:
        """How far a change is."""
        return self._read(Job, f"/v1/jobs/{quote(job_id, safe='')}")

    def wait_for_job(self, job: Job | str, *, timeout: float = 300.0) -> Job:
        """The job once it is done: from then on searches find its changes. Some of its files may have failed.

        Raises `KaraniError` ``job-failed`` where nothing went in, ``job-unfinished`` after ``timeout`` seconds.
        """
        job_id, until, pause = job if isinstance(job, str) else job.id, time.monotonic() + timeout, 0.05
        while (found := self.job(job_id)).state not in {"done", "failed"}:
            if time.monotonic() > until:
                raise KaraniError(200, "job-unfinished", f"job {job_id} still runs: {found.stage}")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
        if found.state == "failed":
            reasons = "; ".join(str(one.get("message")) for one in (found.result or JobResult()).failures)
            raise KaraniError(200, "job-failed", reasons or f"job {job_id} failed")
        return found

    def answer(self, q: str, **options: Any) -> Iterator[AnswerEvent]:
        """A written answer, event by event, where the operator has switched it on.

        ``options`` are further members of the request. The stream ends when the service closes it.
        """
        accept = {"Accept": "text/event-stream"}
        with self._open("/v1/answer", body={"q": q, **options}, headers=accept) as response:
            yield from _events(response)

    def verify_citation(self, cited: Found | Answer) -> str:
        """Fetch the cited page and cut the text out of it: what any reader could check.

        Returns the text, which equals the hit's ``text`` (the answer's ``evidence``).

        Raises:
            KaraniError: ``citation-moved``, the page says something else there by now.
        """
        place = cited.citation
        found = self.page(place.document_id, place.page).text[place.start : place.end]
        if found != (cited.evidence if isinstance(cited, Answer) else cited.text):
            where = f"{place.document_id} page {place.page} [{place.start}:{place.end}]"
            raise KaraniError(200, "citation-moved", f"{where} says something else by now: search again")
        return found

    def url(self, cited: Citation | Suggestion | CaseSummary | DocumentSummary | Passage) -> str:
        """The full address of the web page that ``cited.url`` names."""
        return f"{self.endpoint}{cited.url or '/'}"

    # -- one call ------------------------------------------------------------------

    def _read(self, kind: type[_A], path: str, *, body: Mapping[str, Any] | None = None) -> _A:
        return _trusted(kind.from_dict, self._json(path, body=body))

    def _add(self, data: bytes, kind: str, replace: bool, once: str | None) -> Job:
        headers = {
            "Content-Type": kind,
            "Idempotency-Key": once or secrets.token_hex(16),
        }  # safe to try again
        path = f"/v1/documents{'?replace=true' if replace else ''}"
        return _trusted(Job.from_dict, self._json(path, data=data, headers=headers))

    def _json(self, path: str, query: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        with self._open(f"{path}?{urlencode(query)}" if query else path, **options) as response:
            try:
                found = json.loads(response.read())
            except (ValueError, OSError) as error:
                raise KaraniError(response.status, "unexpected", f"the answer is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise KaraniError(200, "unexpected", "the answer is no JSON object: is this Karani's address?")
        return found

    def _open(
        self, path: str, *, body: Mapping[str, Any] | None = None, data: bytes | None = None,
        method: str | None = None, headers: Mapping[str, str] = types.MappingProxyType({}),
    ) -> HTTPResponse:  # fmt: skip
        if body is not None:
            data, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
        for attempt in range(self.retries + 1):
            request = urllib.request.Request(  # noqa: S310 - http(s) only, see __init__
                f"{self.endpoint}{path}", data, {**self._headers, **headers}, method=method
            )
            try:
                opened: HTTPResponse = self._opener.open(request, timeout=self.timeout)
            except urllib.error.HTTPError as error:
                with error:
                    wait = _wait(error, attempt)
                    if error.code not in _RETRIED or attempt == self.retries or wait > self.max_wait:
                        raise _problem(error) from None
                time.sleep(wait)
            except OSError as error:  # URLError and timeouts are OSErrors
                words = f"{self.endpoint}: {getattr(error, 'reason', error)}"
                raise KaraniError(0, "unreachable", words) from error
            else:
                return opened
        raise AssertionError("the loop above returns or raises")


_A = TypeVar("_A", bound=_Answered)


def _part(boundary: str, path: Path) -> bytes:
    name = path.name.replace('"', "%22")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + path.read_bytes() + b"\r\n"


def _trusted(read: Callable[[Mapping[str, Any]], T], data: Mapping[str, Any]) -> T:
    try:
        return read(data)
    except (TypeError, KeyError, AttributeError) as error:
        raise KaraniError(200, "unexpected", f"the answer lacks what version 1 has: {error}") from error


def _all(part: Callable[[int], Sequence[T]], size: int) -> Iterator[T]:
    offset = 0
    while found := part(offset):
        yield from found
        if len(found) < size:
            return
        offset += len(found)


def _wait(error: urllib.error.HTTPError, attempt: int) -> float:
    """Seconds until the next try: as the service says, else longer each time, never all clients at once."""
    said = error.headers.get("Retry-After", "")
    if said.isascii() and said.isdigit():
        return float(said)
    return (2.0**attempt) * random.uniform(0.25, 0.5)  # noqa: S311 - no secret


def _problem(error: urllib.error.HTTPError) -> KaraniError:
    request_id = error.headers.get("X-Request-ID")
    try:
        said = json.loads(error.read())
        kind = str(said["type"]).rpartition(":")[2]
        return KaraniError(error.code, kind, str(said["detail"]), request_id, said.get("errors", ()))
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        words = f"{error.reason}: no problem document came with it"
        return KaraniError(error.code, "unexpected", words, request_id)


def _events(response: HTTPResponse) -> Iterator[AnswerEvent]:
    """The events of a ``text/event-stream`` (HTML Living Standard, 9.2.6); comments keep the line open."""
    name, lines = "message", list[str]()
    try:
        for raw in response:
            line = raw.decode("utf-8").rstrip("\r\n")
            if not line:
                if lines:
                    yield _event(name, "\n".join(lines))
                name, lines = "message", []
                continue
            member, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if member == "event":
                name = value
            elif member == "data":
                lines.append(value)
    except OSError as error:
        raise KaraniError(0, "unreachable", f"the stream broke off: {error}") from error


def _event(name: str, data: str) -> AnswerEvent:
    try:
        found = json.loads(data)
    except ValueError:
        found = data
    return AnswerEvent(name, found if isinstance(found, dict) else {"value": found})
