"""``POST /v1/documents``, ``DELETE /v1/documents/{id}`` and ``/v1/jobs``: an admin changes the corpus while it serves."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import JSONResponse
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from service.changing import bodies
from service.changing.jobs import FullError, Job, Kind, new_id
from service.changing.keeper import Changing
from service.changing.multipart import Multipart
from service.changing.shapes import ChangeRequest, JobList, JobOut, JobsRequest, job_url, job_values
from service.changing.spool import Incoming
from service.documents import DocumentId, Nothing
from service.edge.current import CURRENT
from service.parameters import no_repeats
from service.problems import ProblemError, documented, not_found

PATH = "/v1/documents"
router = APIRouter(prefix="/v1", tags=["changing the corpus"], dependencies=[Depends(no_repeats)])
jobs_router = APIRouter(prefix="/v1/jobs", tags=["changing the corpus"], dependencies=[Depends(no_repeats)])
_log = logging.getLogger("karani.jobs")

_FED_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ACCEPTED: dict[str, Any] = {
    "description": "Accepted and stored: it survives a restart",
    "headers": {"Location": {"description": "the job's address", "schema": {"type": "string"}}},
}
T = TypeVar("T")
_JOB_ID = r"^[0-9a-f]{16}$"


async def _changing(request: Request) -> Changing:
    return cast(Changing, request.app.state.changing)


async def _able(request: Request) -> Changing:
    changing = await _changing(request)
    if changing.own is None:
        thai = "บริการนี้เปิดดัชนีที่ผู้อื่นดูแล จึงแก้ไขคลังที่นี่ไม่ได้ ใช้ karani serve --data DIR"
        english = (
            "this service was given an index to serve and changes none: start it with karani serve --data DIR"
        )
        raise ProblemError(503, "not-changeable", thai, english)
    return changing


ChangingDep = Annotated[Changing, Depends(_changing)]
AbleDep = Annotated[Changing, Depends(_able)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="the same key within 24 hours gives the same job, so that a call may be repeated safely",
    ),
]
JobId = Annotated[str, Path(pattern=_JOB_ID, description="a job's id")]


@router.post(
    "/documents",
    summary="Add or replace documents",
    status_code=202,
    response_model=JobOut,
    responses={202: _ACCEPTED, **documented(400, 413, 415, 422, 503, 507)},
    openapi_extra=bodies.DESCRIBED,
)
async def add(
    request: Request,
    wanted: Annotated[ChangeRequest, Query()],
    changing: AbleDep,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Files (multipart, each part named `files`: txt, md, html, pdf, docx, jsonl) or documents as JSON, one or several.

    The job that comes back is `done` once searches find what was sent.
    """
    kind: Kind = "replace" if wanted.replace else "add"
    key = _scoped(idempotency_key)
    with storing():
        before = await asyncio.to_thread(changing.jobs.repeated, key) if key else None
        if before is not None:
            return _accepted(changing.shown(before))
        async with _place(changing, request) as incoming:
            given = await _body_of(request, changing, incoming)
            job = await _to_the_end(_kept, changing, incoming, kind, given, key)
    changing.poke()
    return _accepted(job)


@router.delete(
    "/documents/{document_id}",
    summary="Delete a document",
    status_code=202,
    response_model=JobOut,
    responses={202: _ACCEPTED, **documented(404, 422, 503, 507)},
)
async def delete(
    document_id: DocumentId, _: Nothing, changing: AbleDep, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """The job that comes back is `done` once no search finds the document any more."""
    key = _scoped(idempotency_key)
    with storing():
        job = await asyncio.to_thread(changing.jobs.repeated, key) if key else None
        if job is None:
            if not await asyncio.to_thread(changing.knows, document_id):
                raise not_found("เอกสารนี้", "document")
            given = bodies.Given(documents=(document_id,))
            job = await asyncio.to_thread(_stored, changing, new_id(), "delete", given, key)
    changing.poke()
    return _accepted(changing.shown(job))


@jobs_router.get("", summary="All jobs", response_model=JobList, responses=documented(422))
async def jobs(wanted: Annotated[JobsRequest, Query()], changing: ChangingDep) -> JSONResponse:
    """Changes to the corpus, newest first, a part at a time. Those that ended over 30 days ago are forgotten."""
    total, found = await asyncio.to_thread(changing.jobs.listed, wanted.state, wanted.limit, wanted.offset)
    values = [job_values(changing.shown(job)) for job in found]
    return JSONResponse({"total": total, "offset": wanted.offset, "jobs": values})


@jobs_router.get("/{job_id}", summary="One job", response_model=JobOut, responses=documented(404, 422))
async def job(job_id: JobId, _: Nothing, changing: ChangingDep) -> JSONResponse:
    """How far a change is, and what became of it."""
    found = await asyncio.to_thread(changing.jobs.get, job_id)
    if found is None:
        raise not_found("งานนี้", "job")
    return JSONResponse(job_values(changing.shown(found)))


# -- accepting ----------------------------------------------------------------------------


@asynccontextmanager
async def _place(changing: Changing, request: Request) -> AsyncIterator[Incoming]:
    """Room for one more job, and its folder; what is not kept is deleted."""
    _work, opening = await asyncio.to_thread(changing.jobs.unfinished)
    if _work + len(opening) + changing.uploads >= changing.settings.max_jobs:
        raise _busy()
    declared = request.headers.get("content-length", "0")
    expected = int(declared) if declared.isdecimal() and len(declared) < 16 else 0
    changing.uploads += 1
    try:
        with changing.spool().incoming(expected) as incoming:
            yield incoming
    finally:
        changing.uploads -= 1


async def _body_of(request: Request, changing: Changing, incoming: Incoming) -> bodies.Given:
    """What the request's body brings, written to the spool."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        return await _files_of(request, options[b"boundary"], changing, incoming)
    if kind == b"application/json":
        return await _documents_of(request, changing, incoming)
    raise ProblemError(
        415,
        "unknown-content-type",
        "ส่งไฟล์เป็น multipart/form-data หรือเอกสารเป็น application/json",
        "send files as multipart/form-data (with a boundary), or documents as application/json",
    )


async def _files_of(
    request: Request, boundary: bytes, changing: Changing, incoming: Incoming
) -> bodies.Given:
    reader = Multipart(boundary, incoming, changing.settings.max_upload_files)
    try:
        async for part in _parts(request):
            await _to_the_end(reader.feed, part)
        return bodies.Given(files=tuple(reader.close()))
    finally:
        reader.drop()


async def _documents_of(request: Request, changing: Changing, incoming: Incoming) -> bodies.Given:
    limit = min(bodies.MAX_JSON_BYTES, changing.settings.max_upload_bytes)
    data = bytearray()
    async for part in _parts(request):
        data += part
        if len(data) > limit:
            raise bodies.too_large(limit)
    return await _to_the_end(bodies.write_documents, bytes(data), incoming)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces worth a thread's while."""
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _FED_BYTES:
                yield bytes(waiting)
                waiting.clear()
    except ClientDisconnect:
        thai, english = "การส่งขาดตอน กรุณาส่งใหม่", "the body broke off: send it again"
        raise ProblemError(400, "unreadable-body", thai, english) from None
    if waiting:
        yield bytes(waiting)


async def _to_the_end(work: Callable[..., T], *arguments: Any) -> T:
    """Run what writes on a thread; a call that is given up waits for it, so that it can be cleaned up after."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _kept(changing: Changing, incoming: Incoming, kind: Kind, given: bodies.Given, key: str | None) -> Job:
    """The job, its files safe on the disk before it is stored."""
    incoming.sync()
    job = _stored(changing, incoming.job_id, kind, given, key)
    if job.job_id == incoming.job_id:
        incoming.keep()
    return job


def _stored(changing: Changing, job_id: str, kind: Kind, given: bodies.Given, key: str | None) -> Job:
    most = changing.settings.max_jobs
    return changing.jobs.add(job_id, kind, given.files, given.documents, idempotency=key, most=most)


@contextmanager
def storing() -> Iterator[None]:
    """What the disk says, as problems."""
    try:
        yield
    except FullError:
        raise _busy() from None
    except OSError as error:
        _log.error("an upload could not be stored: %s", errno.errorcode.get(error.errno or 0, "OSError"))
        raise _disk_full() if error.errno in _FULL else _unwritable() from error
    except sqlite3.OperationalError as error:
        # A `corpus.sqlite.StoreError` says what SQLite said by its cause.
        code = getattr(error.__cause__ or error, "sqlite_errorname", "")
        _log.error("a job could not be stored: %s", code or type(error).__name__)
        raise _disk_full() if code == "SQLITE_FULL" else _unwritable() from error


def _busy() -> ProblemError:
    thai = "มีงานรออยู่มาก กรุณาส่งใหม่เมื่อเสร็จบางส่วน"
    english = "too many jobs wait already: send it again when some are done"
    return ProblemError(503, "busy", thai, english, headers={"Retry-After": "5"})


def _disk_full() -> ProblemError:
    thai = "ดิสก์ของคลังข้อมูลเหลือที่ไม่พอ ไม่มีอะไรถูกเก็บ เพิ่มที่ว่างแล้วส่งใหม่"
    english = (
        "the data directory's disk has too little room and nothing was kept: make room, then send it again"
    )
    return ProblemError(507, "disk-full", thai, english)


def _unwritable() -> ProblemError:
    thai = "เขียนลงคลังข้อมูลไม่ได้ ไม่มีอะไรถูกเก็บ ให้ผู้ดูแลตรวจสิทธิ์เขียนในโฟลเดอร์ข้อมูล (--data)"
    english = (
        "the data directory cannot be written and nothing was kept: the operator checks that the service may write "
        "to --data"
    )
    return ProblemError(503, "cannot-store", thai, english, headers={"Retry-After": "60"})


def _scoped(key: str | None) -> str | None:
    """An idempotency key for this caller alone, and without its own text."""
    current = CURRENT.get()
    caller = (current.key_id if current else None) or ""
    return None if key is None else sha256(f"{caller}\n{key}".encode()).hexdigest()


def _accepted(job: Job) -> JSONResponse:
    return JSONResponse(job_values(job), 202, {"Location": job_url(job.job_id)})
