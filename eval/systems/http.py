"""A search behind HTTP: a running Karani, or another portal's search that answers in JSON."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.datasets import CorpusText, Query
from eval.errors import DataError, UsageError
from eval.systems.interfaces import Found, Timed
from eval.units import page_id

# The most groups that a service with default settings returns.
KARANI_LIMIT = 50
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a search is and how its JSON is read.

    Attributes:
        url: the address of a running Karani (``http://host:port``), or any search's address with ``{query}``
            and optionally ``{k}`` in it.
        hits: dotted path to the list of hits in the response.
        document_id: dotted path to the document's id in a hit.
        score: dotted path to the score in a hit; where it leads nowhere, ranks count.
        page: dotted path to the page's number in a hit, where pages are judged; empty where documents are.
        system: which of Karani's systems to ask for.
        headers: sent with every request, such as an API key.
        body: JSON to send by POST, with ``{query}`` inside a string and optionally ``{k}``; empty asks by GET.

    """

    url: str
    hits: str = "hits"
    document_id: str = "citation.document_id"
    score: str = "score"
    page: str = ""
    system: str = "hybrid"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def __post_init__(self) -> None:
        if self.body:
            _check_body(self.body, self.posted('"', 1) or b"")
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"{self.url!r} is no address; expected http://… or https://…")

    def address(self, question: str, k: int) -> str:
        """Make the address that asks one question."""
        quoted = urllib.parse.quote(question, safe="")
        if self.body or "{query}" in self.url:
            return self.url.replace("{query}", quoted).replace("{k}", str(k))
        limit = min(k, KARANI_LIMIT)
        asked = f"q={quoted}&k={limit}&system={self.system}&everything=true"
        return f"{self.url.rstrip('/')}/v1/search?{asked}"

    def posted(self, question: str, k: int) -> bytes | None:
        """Make the body that asks one question; ``None`` where the address alone asks."""
        if not self.body:
            return None
        inside = json.dumps(question, ensure_ascii=False)[1:-1]
        return self.body.replace("{k}", str(k)).replace("{query}", inside).encode()


def _check_body(template: str, filled: bytes) -> None:
    try:
        json.loads(filled)
    except ValueError as error:
        raise UsageError(f"--body {template!r} makes no JSON ({error})") from None
    if "{query}" not in template:
        raise UsageError(f"--body {template!r} has no {{query}}")


class HttpSystem:
    """Documents as an endpoint ranks them; times include the network."""

    def __init__(self, endpoint: Endpoint, name: str | None = None) -> None:
        self._endpoint = endpoint
        self._name = name or urllib.parse.urlsplit(endpoint.url).netloc

    @property
    def name(self) -> str:
        """The name given, else the host."""
        return self._name

    def describe(self) -> Mapping[str, Any]:
        """Name the address and how it was read; keys in headers are left out."""
        one = self._endpoint
        return {"kind": "http", "url": one.url, "system": one.system, "hits": one.hits, "id": one.document_id}

    def cache_key(self) -> str | None:
        """Forbid keeping: what is behind an address may change at any time."""
        return None

    def retrieve(self, query: Query, depth: int) -> Timed:
        """Ask once; documents keep the order of their first hit."""
        address = self._endpoint.address(query.text, depth)
        started = time.perf_counter()
        body = self._endpoint.posted(query.text, depth)
        response = get_json(address, self._endpoint.headers, body)
        took_ms = (time.perf_counter() - started) * 1000
        hits = _follow(response, self._endpoint.hits)
        if not isinstance(hits, list):
            raise DataError(
                address, f"no list at {self._endpoint.hits!r}", expected="the path to the hits (--hits)"
            )
        return Timed(tuple(self._documents(hits, address))[:depth], took_ms)

    def _documents(self, hits: Sequence[Any], address: str) -> Iterator[Found]:
        seen: set[str] = set()
        for rank, hit in enumerate(hits, start=1):
            document_id = _follow(hit, self._endpoint.document_id)
            if not isinstance(document_id, str | int):
                reason = f"hit {rank} has no id at {self._endpoint.document_id!r}"
                raise DataError(address, reason, expected="the path to a document's id (--id)")
            name, number = str(document_id), None
            if self._endpoint.page:
                number = _page(hit, self._endpoint.page, rank, address)
                name = page_id(name, number)
            score = _follow(hit, self._endpoint.score)
            if name not in seen:
                seen.add(name)
                value = float(score) if isinstance(score, int | float) else 1.0 / rank
                title = _string(hit, "citation.title", "title")
                yield Found(name, value, title, _string(hit, "text"), number)

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        """Give none."""
        del document_ids
        return ()

    def close(self) -> None:
        """Hold nothing open."""


class HttpAsker:
    """Whole answers of a running Karani, with its pages."""

    def __init__(self, url: str, system: str = "hybrid", headers: Mapping[str, str] | None = None) -> None:
        self._endpoint = Endpoint(url, system=system, headers=headers or {})
        self._pages: dict[tuple[str, int], str | None] = {}

    @property
    def name(self) -> str:
        """The host."""
        return urllib.parse.urlsplit(self._endpoint.url).netloc

    def ask(self, question: str) -> Mapping[str, Any]:
        """Search over HTTP, ten groups."""
        response: Mapping[str, Any] = get_json(self._endpoint.address(question, 10), self._endpoint.headers)
        return response

    def page_text(self, document_id: str, number: int) -> str | None:
        """Fetch a page once."""
        key = document_id, number
        if key not in self._pages:
            name = urllib.parse.quote(document_id, safe="")
            address = f"{self._endpoint.url.rstrip('/')}/v1/documents/{name}/pages/{number}"
            try:
                self._pages[key] = str(get_json(address, self._endpoint.headers)["text"])
            except DataError:
                self._pages[key] = None
        return self._pages[key]


def get_json(address: str, headers: Mapping[str, str], body: bytes | None = None) -> Any:
    """Fetch JSON, by POST where there is a body; any failure is a DataError that says what came instead."""
    known = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {})}
    request = urllib.request.Request(address, data=body, headers={**known, **headers})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(300).decode("utf-8", "replace")
        raise DataError(address, f"status {error.code}: {said}", expected="status 200") from error
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            address, f"no JSON answer ({error})", expected="a search that answers in JSON"
        ) from error


def _follow(value: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _page(hit: Any, path: str, rank: int, address: str) -> int:
    found = _follow(hit, path)
    if not isinstance(found, int | str) or not str(found).isdecimal():
        reason = f"hit {rank} has no page at {path!r}"
        raise DataError(address, reason, expected="the path to a page's number (--page)")
    return int(found)


def _string(hit: Any, *paths: str) -> str:
    found = (_follow(hit, path) for path in paths)
    return next((value for value in found if isinstance(value, str)), "")
