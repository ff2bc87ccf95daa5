"""``POST /v1/answer``: the answer in sentences, as a stream of events or as one JSON object."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from service.answering.shapes import AnswerResponse
from service.answering.writing import Answering, Event
from service.parameters import no_repeats
from service.problems import documented
from service.questions import ask, checked
from service.schemas import SearchBody
from service.serving import Serving
from service.state import ServingDep

#: How long the stream may be silent, in seconds, before a comment says that it lives.
KEEP_ALIVE_SECONDS = 10.0
_EVENTS = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EXAMPLE = (
    'event: meta\ndata: {"query": "…", "writing": true, "answer": {"…": "…"}, "passages": [{"number": 1, "…": "…"}]}'
    '\n\nevent: sentence\ndata: {"number": 1, "text": "…", "citations": [1]}\n\n'
    'event: done\ndata: {"mode": "written", "reason": null, "sentences": 1, "dropped": 0}\n\n'
)
_EVENT = {
    "title": "Event",
    "description": "One event of the stream. Lines that begin with a colon only keep the connection alive.",
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["meta", "sentence", "error", "done"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}

T = TypeVar("T")

router = APIRouter(dependencies=[Depends(no_repeats)])


async def _answering(request: Request) -> Answering:
    return cast(Answering, request.app.state.answering)


AnsweringDep = Annotated[Answering, Depends(_answering)]


@router.post(
    "/v1/answer",
    tags=["search"],
    summary="An answer in sentences, each with its citations",
    response_model=AnswerResponse,
    responses={
        **documented(400, 413, 422, 503),
        200: {
            "description": "Events as they come, or one object for `Accept: application/json`",
            "content": {_EVENTS: {"schema": _EVENT, "example": _EXAMPLE}},
        },
    },
)
async def answer(
    request: Request, parameters: Annotated[SearchBody, Body()], serving: ServingDep, answering: AnsweringDep
) -> Response:
    """Takes a search. Answers from its first passages only, in sentences that were checked against them.

    Where none are written (off, no answer in the corpus, the endpoint away, slow or citing what is not
    there) `done` says `extractive` and why: `meta`'s `answer` is then what to show.
    """
    return await _answer(request, parameters, serving, answering)


@router.post("/answer", include_in_schema=False)
async def answer_for_page(
    request: Request, parameters: Annotated[SearchBody, Body()], serving: ServingDep, answering: AnsweringDep
) -> Response:
    """The same for the site's own pages, which hold no key; `service.edge.access` refuses other sites' pages."""
    return await _answer(request, parameters, serving, answering)


async def _answer(
    request: Request, parameters: SearchBody, serving: Serving, answering: Answering
) -> Response:
    search = checked(parameters, serving.settings, "body")
    result = await serving.call(lambda engine: ask(engine, search))
    if _wants_json(request.headers.get("accept", "")):
        found = await _while_read(request, _all(answering.events(result)))
        return Response() if found is None else JSONResponse(_gathered(found), headers=_HEADERS)
    return StreamingResponse(_stream(answering.events(result)), media_type=_EVENTS, headers=_HEADERS)


def _wants_json(accept: str) -> bool:
    """Whether JSON is asked for and events are not: events are what is given by default."""
    kinds = [kind.partition(";")[0].strip().lower() for kind in accept.split(",")]
    return "application/json" in kinds and _EVENTS not in kinds


async def _all(events: AsyncGenerator[Event, None]) -> list[Event]:
    async with aclosing(events):
        return [event async for event in events]


async def _while_read(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives, or ``None`` once the reader has gone: then it stops, and the request to the endpoint too."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    """Wait until the reader closes the connection; the body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stream(events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
    """Events as text. The work stops, and with it the request to the endpoint, when the reader goes away."""
    queue: asyncio.Queue[Event | None] = asyncio.Queue(maxsize=8)
    work = asyncio.create_task(_produce(events, queue))
    try:
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    event = await queue.get()
            except TimeoutError:
                yield ": keep-alive\n\n"
                continue
            if event is None:
                return
            yield f"event: {event.name}\ndata: {_json(event.data)}\n\n"
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _produce(events: AsyncGenerator[Event, None], queue: asyncio.Queue[Event | None]) -> None:
    try:
        async with aclosing(events):
            async for event in events:
                await queue.put(event)
    finally:
        # A reader that is gone leaves a full queue that nobody waits for.
        with suppress(asyncio.QueueFull):
            queue.put_nowait(None)


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode()


def _gathered(events: list[Event]) -> dict[str, Any]:
    """All events as one object; sentences only where they stand."""
    meta, done = events[0].data, events[-1].data
    written = done["mode"] == "written"
    sentences = [event.data for event in events if event.name == "sentence" and written]
    marked = [f"{s['text']} {''.join(f'[{number}]' for number in s['citations'])}" for s in sentences]
    shared = {name: value for name, value in meta.items() if name != "writing"}
    outcome = {"mode": done["mode"], "reason": done["reason"], "dropped": done["dropped"]}
    return {**shared, **outcome, "text": " ".join(marked) if written else None, "sentences": sentences}
