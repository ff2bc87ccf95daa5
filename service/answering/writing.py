"""One question's answer as a stream of events: what it is written from, its checked sentences, how it ended.

Search and the extractive answer come first and always. Only where that answer exists is the endpoint asked,
and only what has passed the check leaves this module.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal

from index.engine import Engine
from index.hits import SearchResult, as_dict, citation_as_dict
from service.answering.checking import Checker
from service.answering.prompt import messages
from service.answering.sentences import Sentence, Sentences
from service.answering.sources import Source, sources_of
from service.answering.upstream import Endpoint, UpstreamError
from service.problems import ProblemError
from service.serving import Serving
from service.settings import ServiceSettings
from service.workers.board import Board, Field

_log = logging.getLogger("karani.answering")
Mode = Literal["written", "extractive"]
#: Sentences of one answer; an endpoint that goes on is cut off.
MAX_SENTENCES = 12
#: So many sentences that fail the check show that nothing is to be expected.
_MAX_DROPPED = 12


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event: ``meta``, ``sentence``, ``error`` or ``done``, and its JSON."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended, for whoever counts. ``reason`` is ``""`` for a written one; times in ms."""

    mode: Mode
    reason: str
    sentences: int
    dropped: int
    first_ms: float | None
    took_ms: float


@dataclass(slots=True)
class _Tally:
    """What has been written so far."""

    started: float
    kept: int = 0
    uncited: int = 0
    unsupported: int = 0
    first_ms: float | None = None
    declined: bool = False


class _OutsideError(Exception):
    """The endpoint cites what it was not given."""


class Answering:
    """Answers in sentences for one application; works while `running` is entered.

    Attributes:
        count: told of every outcome, where somebody counts.
    """

    def __init__(self, serving: Serving, settings: ServiceSettings, board: Board | None = None) -> None:
        self._settings = settings
        self._serving = serving
        self._endpoint = Endpoint(settings)
        self._board = board or Board()
        self.count: Callable[[Outcome], None] | None = None

    def running(self) -> AbstractAsyncContextManager[None]:
        """Hold the connections to the endpoint while entered."""
        return self._endpoint.running()

    async def events(self, result: SearchResult) -> AsyncGenerator[Event, None]:
        """``meta``, then checked sentences, then ``done``. Raises nothing: an internal fault is an ``error`` event."""
        sources = sources_of(result, self._settings.answer_passages)
        refusal = self._refusal(result)
        yield Event("meta", _meta(result, sources, refusal == ""))
        tally = _Tally(time.perf_counter())
        if refusal:
            yield self._done(tally, refusal)
            return
        self._writes(1)
        reason = ""
        try:
            async with aclosing(self._sentences(result, sources, tally)) as sentences:
                async for sentence in sentences:
                    yield sentence
        except UpstreamError as error:
            reason = error.fault
            _log.warning("no written answer: %s", error)
        except _OutsideError:
            reason = "cites-outside"
        except ProblemError as problem:
            reason = problem.kind
        except Exception:  # noqa: BLE001 - whatever it is, the extractive answer stands
            _log.exception("writing an answer failed")
            reason = "internal"
            yield Event("error", _INTERNAL)
        finally:
            self._writes(-1)
        yield self._done(tally, reason or _verdict(tally))

    def _refusal(self, result: SearchResult) -> str:
        """Why the endpoint is not asked at all, or ``""``."""
        if result.answer is None:
            return "no-answer"
        if not self._settings.answer_url:
            return "off"
        return "busy" if self._board.sum(Field.WRITING) >= self._settings.answer_at_once else ""

    def _writes(self, more: int) -> None:
        self._board.put(Field.WRITING, self._board.mine(Field.WRITING) + more)

    async def _sentences(
        self, result: SearchResult, sources: Sequence[Source], tally: _Tally
    ) -> AsyncGenerator[Event, None]:
        asked = result.suggestion or result.query
        cut = Sentences()
        checker = await self._serving.call(lambda engine: _checker(engine, sources, asked))
        async with aclosing(self._endpoint.write(messages(asked, sources))) as words:
            async for word in words:
                if tally.first_ms is None:
                    tally.first_ms = _since(tally.started)
                for sentence in cut.feed(word):
                    async for event in self._checked(sentence, checker, tally):
                        yield event
                    if tally.kept >= MAX_SENTENCES or tally.uncited + tally.unsupported > _MAX_DROPPED:
                        return
        for sentence in cut.finish():
            async for event in self._checked(sentence, checker, tally):
                yield event

    async def _checked(
        self, sentence: Sentence, checker: Checker, tally: _Tally
    ) -> AsyncGenerator[Event, None]:
        fault = await self._serving.call(lambda _: checker.fault(sentence))
        if fault == "outside":
            raise _OutsideError
        if fault == "uncited":
            tally.uncited += 1
            tally.declined = tally.declined or sentence.text.strip(" .") == "NONE"
        elif fault:
            tally.unsupported += 1
            _log.info("a written sentence was dropped: %s", fault)
        else:
            tally.kept += 1
            data = {"number": tally.kept, "text": sentence.text, "citations": list(sentence.citations)}
            yield Event("sentence", data)

    def _done(self, tally: _Tally, reason: str) -> Event:
        mode: Mode = "extractive" if reason else "written"
        dropped = tally.uncited + tally.unsupported
        if self.count is not None:
            outcome = Outcome(mode, reason, tally.kept, dropped, tally.first_ms, _since(tally.started))
            self.count(outcome)
        kept = 0 if reason else tally.kept
        return Event("done", {"mode": mode, "reason": reason or None, "sentences": kept, "dropped": dropped})


_INTERNAL = {
    "type": "urn:karani:problem:internal",
    "title": "ระบบขัดข้อง · Something broke here",
    "status": 500,
    "detail": "เขียนคำตอบไม่สำเร็จ ใช้คำตอบจากข้อความแทน · no answer could be written; the extractive one stands",
}


def _verdict(tally: _Tally) -> str:
    """Why what was written is not worth showing, or ``""``."""
    if tally.kept == 0:
        return "declined" if tally.declined else "unsupported"
    return "unsupported" if tally.unsupported > tally.kept else ""


def _checker(engine: Engine, sources: Sequence[Source], asked: str) -> Checker:
    return Checker(sources, asked, engine.opened.segmenter.terms)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def _meta(result: SearchResult, sources: Sequence[Source], written: bool) -> dict[str, Any]:
    found = as_dict(replace(result, groups=(), facets={}))
    shared = ("query", "suggestion", "generation", "answer")
    passages = [
        {
            "number": source.number,
            "passage_id": source.found.passage.passage_id,
            "heading": source.found.passage.heading,
            "text": source.text,
            "citation": citation_as_dict(source.found.citation),
        }
        for source in sources
    ]
    return {**{name: found[name] for name in shared}, "writing": written, "passages": passages}
