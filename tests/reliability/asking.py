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
        """Whether the pages were of the answer's generation, so that all could be compared.

        A page does not say which generation it is of. But generations follow each other: where the answer's still
        serves after the pages were read, they are of it.
        """
        cited = [(hit["citation"], hit["text"]) for first in found["hits"] for hit in (first, *first["more"])]
        if found["answer"] is not None:
            cited.append((found["answer"]["citation"], found["answer"]["evidence"]))
        places = dict.fromkeys((citation["document_id"], citation["page"]) for citation, _ in cited)
        pages = {place: self._page(*place) for place in places}
        serving = self.get("/readyz")
        if serving is None or serving["generation"] != found["generation"]:
            return False
        for citation, text in cited:
            place = (citation["document_id"], citation["page"])
            page = pages[place] or ""
            good = page[citation["start"] : citation["end"]] == text and text.startswith(citation["quote"])
            with self._tally.lock:
                self._tally.sliced += good
                if not good:
                    what = f"{question}: {found['generation']}: {place} does not slice to {text[:80]!r}"
                    self._tally.mixed.append(what)
        return True

    def _page(self, document_id: str, number: int) -> str | None:
        """A page's text; ``None`` where there is none (any more)."""
        path = f"/v1/documents/{document_id}/pages/{number}"
        try:
            answer = self._client.get(path)
        except httpx.HTTPError as error:
            return self._failed(f"{path}: {type(error).__name__} {error}")
        with self._tally.lock:
            self._tally.requests += 1
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            return self._failed(f"{path}: {answer.status_code} {answer.text[:200]}")
        text: str = answer.json()["text"]
        return text


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
