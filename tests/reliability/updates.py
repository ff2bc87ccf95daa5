"""Documents come, change and go while eight clients ask: no failed request, no answer out of two generations.

A document whose job is done is found; one whose deletion is done is in no answer that was asked for afterwards. Two
documents are always changed by the same job: an answer that shows them of different versions mixes generations.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from corpus.settings import Settings
from service.database import Database
from service.edge.keys import Keys
from tests.reliability import history, processes
from tests.reliability.asking import Asker, Tally, quantile, together
from tests.reliability.driving import Plan
from tests.reliability.questions import QUESTIONS
from tests.reliability.report import Outcome
from tests.service.process import Served, process

CLIENTS = 8
_JOB_SECONDS = 60.0
UNLIMITED = {f"rate_{policy}": "off" for policy in ("search", "suggest", "answer", "write", "read")}
_PAIR = ("pair-left", "pair-right")
_PAIR_QUESTION = "ฝาแฝดสองหมู่บ้านทำบันทึกร่วมกัน"


def updates(plan: Plan) -> Outcome:
    """Serve for ``plan.seconds`` while documents come and go."""
    began = time.monotonic()
    folder = plan.folder / "updates"
    data: Path = processes.run(prepare, folder).result()
    key = admin_key(data)
    with process(folder, data, **UNLIMITED) as served:
        tally, writer = _run(served, key, plan)
    outcome = Outcome("updates under load", trials=tally.requests, failures=tally.all_failures())
    outcome.figures = {
        "requests": tally.requests,
        "failed": len(tally.failures),
        "mixed": len(tally.mixed),
        "slices checked": tally.sliced,
        "updates": len(writer.took),
        "seconds per update, median": round(quantile(writer.took, 0.5), 2),
        "95%": round(quantile(writer.took, 0.95), 2),
        "longest": round(max(writer.took, default=0.0), 2),
        "search ms, median": round(1000 * quantile([s for _, s in tally.seconds], 0.5), 1),
        "search ms, 99%": round(1000 * quantile([s for _, s in tally.seconds], 0.99), 1),
    }
    outcome.seconds = time.monotonic() - began
    return outcome


def prepare(folder: Path) -> Path:
    """A data directory with documents of its own."""
    history.write_sources(folder / "sources")
    data = folder / "data"
    for step in history.HISTORY[:2]:
        history.perform(step, data, folder / "sources")
    return data


def admin_key(data: Path) -> str:
    """A key that may change the corpus."""
    database = Database(Settings(data=data).service_database)
    try:
        return Keys(database).create("reliability", "admin")[1]
    finally:
        database.close()


def _run(served: Served, key: str, plan: Plan) -> tuple[Tally, Writer]:
    tally, end = Tally(), time.monotonic() + plan.seconds
    with writing(served.address, key, tally) as writer:
        writer.pair()
        threads = together(
            served.address,
            CLIENTS,
            tally,
            lambda: time.monotonic() > end,
            lambda asker, draw: _ask(asker, draw, writer, tally),
            plan.seed,
        )
        draw = plan.random("updates")
        with tqdm(total=int(plan.seconds), desc="updates under load", unit="s", disable=None) as bar:
            while time.monotonic() < end:
                writer.change(draw)
                bar.n = int(plan.seconds - max(0.0, end - time.monotonic()))
                bar.set_postfix(updates=len(writer.took), requests=tally.requests, refresh=True)
        for thread in threads:
            thread.join()
    return tally, writer


def _ask(asker: Asker, draw: random.Random, writer: Writer, tally: Tally) -> None:
    """One checked question: about what stays, what changes, or what has gone."""
    gone = dict(writer.gone)
    kind = draw.choice(["stays", "stays", "changes", "gone"])
    if kind == "stays" or (kind == "gone" and not gone):
        found = asker.checked(draw.choice(QUESTIONS))
    elif kind == "gone":
        found = asker.checked(writer.question(draw.choice(sorted(gone))), exact="true")
    else:
        found = asker.checked(_PAIR_QUESTION)
    if found is None:
        return
    hits = [hit for first in found["hits"] for hit in (first, *first["more"])]
    back = {hit["citation"]["document_id"] for hit in hits} & set(gone)
    versions = {version_of(hit["text"]) for hit in hits if hit["citation"]["document_id"] in _PAIR}
    with tally.lock:
        if back:
            tally.wrong.append(f"deleted, and found again: {sorted(back)} in {found['generation']}")
        if len(versions) > 1:
            tally.mixed.append(f"one answer of {found['generation']} shows versions {sorted(versions)}")


def version_of(text: str) -> str:
    """The version that a text of the pair tells."""
    return text.partition("ฉบับที่ ")[2].partition(" ")[0]


@dataclass(slots=True)
class Writer:
    """An admin: one change after another, each checked once its job is done.

    Attributes:
        there: documents added and not deleted.
        gone: documents whose deletion is done, with when it was.
        took: seconds of each change, from the call to its being found.
    """

    client: httpx.Client
    asker: Asker
    tally: Tally
    there: list[str] = field(default_factory=list)
    gone: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    version: int = 0
    _number: int = 0

    def change(self, draw: random.Random) -> None:
        """One change, drawn: a document comes or goes, or the pair changes."""
        what = draw.choice(["add", "add", "pair", "delete"])
        if what == "add" or (what == "delete" and not self.there):
            self.add()
        elif what == "pair":
            self.pair()
        else:
            self.delete(draw.choice(self.there))

    def add(self) -> None:
        """A new document, found by its own word."""
        self._number += 1
        document_id = f"new-{self._number}"
        text = f"โครงการรหัส {_word(document_id)} ของชุมชนปลูกป่าชายเลนและเลี้ยงปูม้า"
        if self._done(self._send([{"id": document_id, "text": text}])):
            self.there.append(document_id)
            self._expect(document_id, there=True)

    def pair(self) -> None:
        """Both of the pair in another version, by one job."""
        self.version += 1
        text = f"ฝาแฝดสองหมู่บ้านทำบันทึกร่วมกัน ฉบับที่ {self.version} ว่าด้วยน้ำและป่า"
        self._done(self._send([{"id": one, "text": f"{text} ของ {one}"} for one in _PAIR], replace="true"))
        found = self.asker.search(_PAIR_QUESTION, exact="true")
        shown = {
            version_of(hit["text"])
            for hit in (found or {"hits": []})["hits"]
            if hit["citation"]["document_id"] in _PAIR
        }
        if shown != {str(self.version)}:
            self._wrong(f"the job of version {self.version} is done, but {shown} is found")

    def delete(self, document_id: str) -> None:
        """A document goes."""
        began = time.monotonic()
        if self._done((self.client.delete(f"/v1/documents/{document_id}"), began)):
            self.there.remove(document_id)
            self._expect(document_id, there=False)
            self.gone[document_id] = time.monotonic()

    def question(self, document_id: str) -> str:
        """What finds a document that was added, and no other."""
        return f"โครงการรหัส {_word(document_id)}"

    def _expect(self, document_id: str, *, there: bool) -> None:
        found = self.asker.checked(self.question(document_id), exact="true")
        ids = {hit["citation"]["document_id"] for hit in (found or {"hits": []})["hits"]}
        if (document_id in ids) != there:
            self._wrong(f"{document_id} is {'not ' if there else ''}found although its job is done")

    def _send(self, documents: list[dict[str, str]], **parameters: str) -> tuple[httpx.Response, float]:
        began = time.monotonic()
        body = json.dumps({"documents": documents}).encode()
        headers = {"content-type": "application/json"}
        return self.client.post("/v1/documents", content=body, headers=headers, params=parameters), began

    def _done(self, sent: tuple[httpx.Response, float]) -> bool:
        answer, began = sent
        if answer.status_code != 202:
            self._wrong(f"refused: {answer.status_code} {answer.text[:200]}")
            return False
        url = answer.headers["location"]
        while time.monotonic() < began + _JOB_SECONDS:
            job: dict[str, Any] = self.client.get(url).json()
            if job["state"] == "done":
                self.took.append(time.monotonic() - began)
                return True
            if job["state"] == "failed":
                break
            time.sleep(0.02)
        self._wrong(f"job not done: {job}")
        return False

    def _wrong(self, what: str) -> None:
        with self.tally.lock:
            self.tally.wrong.append(what)


def _word(document_id: str) -> str:
    """A word that stands in one document alone."""
    return f"zq{int(document_id.rpartition('-')[2]):05d}x"


@contextmanager
def writing(address: str, key: str, tally: Tally) -> Iterator[Writer]:
    """An admin's connection."""
    with httpx.Client(base_url=address, headers={"X-API-Key": key}, timeout=60) as client:
        yield Writer(client, Asker(client, tally), tally)
