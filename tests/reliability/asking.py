"""Clients of a running service, which check whatever they are answered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

#: A search is asked again where its pages come from a newer generation than its hits: this often at most.
_AGAIN = 20


@dataclass(slots=True)
class Tally:
    """What the clients of one run met; shared by them.

    Attributes:
        requests: searches and pages asked for.
        failures: answers of another status than 200, and broken connections.
        mixed: answers that hold texts of more than one generation.
        wrong: other things that must not be.
        sliced: citations cut out of their pages and found to be what was quoted.
        seconds: how long each search took, by when it ended.
    """

    requests: int = 0
    failures: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    sliced: int = 0
    seconds: list[tuple[float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def all_failures(self) -> list[str]:
        """Everything that went wrong."""
        return [*self.failures, *self.mixed, *self.wrong]


class Asker:
    """One client: asks, and checks that every citation is what its page says at the place that it names."""

    def __init__(self, client: httpx.Client, tally: Tally) -> None:
        self._client = client
        self._tally = tally

    def get(self, path: str, **parameters: Any) -> dict[str, Any] | None:
        """A JSON answer; ``None``, and a failure, where there is none."""
        try:
            answer = self._client.get(path, params=parameters)
        except httpx.HTTPError as error:
            return self._failed(f"{path} {parameters}: {type(error).__name__} {error}")
        with self._tally.lock:
            self._tally.requests += 1
        if answer.status_code != 200:
            return self._failed(f"{path} {parameters}: {answer.status_code} {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    def _failed(self, what: str) -> None:
        with self._tally.lock:
            self._tally.failures.append(what)

    def search(self, question: str, **parameters: Any) -> dict[str, Any] | None:
        """Ask once, and note how long that took."""
        began = time.monotonic()
        found = self.get("/v1/search", q=question, **parameters)
        with self._tally.lock:
            self._tally.seconds.append((time.monotonic(), time.monotonic() - began))
        return found

    def checked(self, question: str, **parameters: Any) -> dict[str, Any] | None:
        """Ask, and slice every citation out of pages of the generation that the answer names."""
        for _ in range(_AGAIN):
            found = self.search(question, **parameters)
            if found is None or self._slices(question, found):
                return found
        with self._tally.lock:
            self._tally.wrong.append(
                f"{question}: the generation changed between hits and pages {_AGAIN} times"
            )
        return None

    def _slices(self, question: str, found: Mapping[str, Any]) -> bool:
        """Whether the pages were of the same generation, so that all could be compared."""
        cited = [(hit["citation"], hit["text"]) for first in found["hits"] for hit in (first, *first["more"])]
        if found["answer"] is not None:
            cited.append((found["answer"]["citation"], found["answer"]["evidence"]))
        pages: dict[tuple[str, int], str] = {}
        for citation, text in cited:
            place = (citation["document_id"], citation["page"])
            if place not in pages:
                page = self._page(*place, found["generation"])
                if page is None:
                    return False
                pages[place] = page
            good = pages[place][citation["start"] : citation["end"]] == text and text.startswith(
                citation["quote"]
            )
            with self._tally.lock:
                self._tally.sliced += good
                if not good:
                    self._tally.mixed.append(f"{question}: {place} does not slice to {text[:80]!r}")
        return True

    def _page(self, document_id: str, number: int, generation: str) -> str | None:
        """A page's text as the generation has it; ``None`` where another one answers already."""
        try:
            answer = self._client.get(f"/v1/documents/{document_id}/pages/{number}")
        except httpx.HTTPError as error:
            self._failed(f"page {document_id} {number}: {type(error).__name__} {error}")
            return None
        with self._tally.lock:
            self._tally.requests += 1
        if answer.status_code == 404:
            # Gone with a newer generation, which asking again will tell; else it is missing where it was cited.
            return None
        if answer.status_code != 200:
            self._failed(f"page {document_id} {number}: {answer.status_code} {answer.text[:200]}")
            return None
        page = answer.json()
        text: str = page["text"]
        return text if page["generation"] == generation else None


def together(
    address: str,
    clients: int,
    tally: Tally,
    until: Callable[[], bool],
    ask: Callable[[Asker, random.Random], None],
    seed: int,
) -> list[threading.Thread]:
    """Start clients that ask on and on while ``until`` is false."""

    def one(number: int) -> None:
        draw = random.Random(f"client {number} {seed}")
        with httpx.Client(base_url=address, timeout=60) as client:
            asker = Asker(client, tally)
            try:
                while not until():
                    ask(asker, draw)
            except Exception as error:  # noqa: BLE001 - a client that breaks down is a failure, too
                with tally.lock:
                    tally.wrong.append(f"client {number}: {error!r}")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    return threads


def quantile(values: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
