"""Every error as RFC 9457 ``application/problem+json``, in Thai and English.

Handlers never echo a request's values: an error must be safe to show and to
log, and a value may hold what JSON cannot carry (a lone surrogate).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from itertools import takewhile
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from corpus.sqlite import StoreError
from index.interfaces import UnavailableError
from service.edge.current import CURRENT
from service.edge.headers import security_headers
from service.schemas import Problem

_log = logging.getLogger("karani.service")
MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: ("คำขออ่านไม่ได้", "The request cannot be read"),
    401: ("ต้องใช้กุญแจ API", "An API key is wanted"),
    403: ("ไม่ได้รับอนุญาต", "Not allowed"),
    404: ("ไม่พบสิ่งที่ขอ", "Not found"),
    405: ("ที่อยู่นี้ไม่รับวิธีเรียกแบบนี้", "This address does not take that method"),
    408: ("ส่งคำขอช้าเกินไป", "The request came too slowly"),
    413: ("คำขอใหญ่เกินไป", "The request is too large"),
    414: ("ที่อยู่ยาวเกินไป", "The address is too long"),
    415: ("ไม่รับเนื้อหาชนิดนี้", "This kind of content is not taken"),
    421: ("ชื่อเครื่องไม่ตรง", "This service is not known by that name"),
    422: ("คำขอไม่ถูกต้อง", "The request is not valid"),
    429: ("เรียกบ่อยเกินไป", "Too many requests"),
    431: ("ส่วนหัวของคำขอใหญ่เกินไป", "The request's headers are too large"),
    499: ("ผู้เรียกไปแล้ว", "The caller has gone"),
    500: ("ระบบขัดข้อง", "Something broke here"),
    507: ("ที่เก็บข้อมูลไม่พอ", "There is no room to store it"),
    503: ("ยังตอบไม่ได้ในขณะนี้", "Cannot answer at the moment"),
}
# pydantic's error types that deserve words of their own; the rest keep pydantic's message.
# The one value error is schemas' on half surrogate pairs.
_FAULTS = {
    "missing": ("ต้องระบุ", "is required"),
    "extra_forbidden": ("ไม่รู้จักพารามิเตอร์นี้", "unknown parameter"),
    "value_error": ("มีอักขระที่ไม่ถูกต้อง", "holds characters that are not valid Unicode"),
    "json_invalid": ("อ่าน JSON ไม่ได้", "the body is not valid JSON"),
}

_READING = "constrained-"  # in pydantic's paths: one of the types that a value may have

ErrorPage = Callable[[Request, "ProblemError"], Awaitable[Response]]


class ProblemError(HTTPException):
    """An error that the reader can act on.

    It is an ``HTTPException`` because FastAPI lets only those pass while it reads a body.
    ``kind`` becomes ``type`` as ``urn:karani:problem:KIND``; ``errors`` name
    the faulty parameters: ``{"in": "query", "name": "k", "detail": ...}``.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        thai: str,
        english: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, f"{thai} · {english}", dict(headers or {}))
        self.kind = kind
        self.details = (thai, english)
        self.errors = tuple(errors)

    @property
    def titles(self) -> tuple[str, str]:
        """What went wrong in general, in Thai and English; the same for every problem of this status."""
        known = _TITLES.get(self.status_code)
        if known is not None:
            return known
        phrase = HTTPStatus(self.status_code).phrase
        return phrase, phrase


def not_found(thai: str, english: str) -> ProblemError:
    """404 for a thing that is not in the corpus."""
    return ProblemError(404, "not-found", f"ไม่พบ{thai}", f"{english} not found")


def busy(*, close: bool = False) -> ProblemError:
    """503 for a call that is one too many at the moment; ``close`` ends its connection."""
    thai, english = "มีผู้ใช้งานมาก กรุณาลองใหม่ในอีกสักครู่", "too many requests wait: try again shortly"
    headers = {"Retry-After": "1", **({"Connection": "close"} if close else {})}
    return ProblemError(503, "busy", thai, english, headers=headers)


def store_away() -> ProblemError:
    """503 while a database is away or cannot be used; the log says more than a stranger needs to know."""
    thai, english = "ฐานข้อมูลยังใช้ไม่ได้ กรุณาลองใหม่", "a database cannot be used just now: try again"
    return ProblemError(503, "no-database", thai, english, headers={"Retry-After": "5"})


def unreachable() -> ProblemError:
    """503 while what holds the index does not answer; where it is, is not the caller's business."""
    thai, english = (
        "ที่เก็บดัชนีไม่ตอบสนอง กรุณาลองใหม่ในอีกสักครู่",
        "what holds the index does not answer: try again shortly",
    )
    return ProblemError(503, "index-unreachable", thai, english, headers={"Retry-After": "5"})


def invalid(place: str, name: str, thai: str, english: str) -> ProblemError:
    """422 for one parameter, by name."""
    errors = [{"in": place, "name": name, "detail": f"{thai} · {english}"}]
    return ProblemError(422, "invalid-parameter", f"{name}: {thai}", f"{name}: {english}", errors=errors)


def from_errors(errors: Sequence[Mapping[str, Any]], place: str | None = None) -> ProblemError:
    """422 for what pydantic found; ``place`` is put before each path where it is not there already."""
    # A value that may be one or a list is found faulty as both: it is told once.
    faults = list({fault[:2]: fault for fault in (_fault(error, place) for error in errors)}.values())
    thai, english = (
        "; ".join(f"{name}: {words[i]}" if name else words[i] for _, name, words in faults) for i in (0, 1)
    )
    named = [{"in": where, "name": name, "detail": " · ".join(words)} for where, name, words in faults]
    return ProblemError(422, "invalid-parameter", thai, english, errors=named)


def _fault(error: Mapping[str, Any], place: str | None) -> tuple[str, str, tuple[str, str]]:
    where, *path = (place, *error["loc"]) if place else error["loc"]
    if error["type"] == "json_invalid":
        path = []  # a byte offset, not a name
    steps = (str(step).encode("utf-8", "replace").decode() for step in path)
    # What follows a member's name is a place in a list, or pydantic's name for one reading of it.
    name = ".".join(takewhile(lambda step: not step.isdigit() and _READING not in step, steps))
    thai = error.get("ctx", {}).get("thai", "ค่าไม่ถูกต้อง")  # a check of one's own brings its words
    return str(where), name, _FAULTS.get(error["type"]) or (thai, str(error["msg"]))


def response(problem: ProblemError, instance: str) -> Response:
    """The problem as JSON; ``instance`` is the request's path, without its query."""
    body: dict[str, Any] = {
        "type": f"urn:karani:problem:{problem.kind}",
        "title": " · ".join(dict.fromkeys(problem.titles)),
        "status": problem.status_code,
        "detail": problem.detail,
        "instance": instance,
    }
    current = CURRENT.get()
    if current is not None:
        body["request_id"] = current.request_id
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors]
    headers = {"Cache-Control": "no-store", **(problem.headers or {})}
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, problem.status_code, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of problems with these statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _TITLES[status][1], "model": Problem, "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }


def install(
    app: FastAPI, error_page: ErrorPage
) -> Callable[[Request, Exception], Coroutine[Any, Any, Response]]:
    """Answer every error of ``app`` as a problem, or by ``error_page`` where a browser asks.

    Gives what answers, for those who refuse a request before it reaches the application.
    """

    async def answer(request: Request, error: Exception) -> Response:
        problem = _problem_of(request, error)
        answered = (
            await error_page(request, problem)
            if _wants_html(request)
            else response(problem, request.url.path)
        )
        if problem.status_code == 500:  # Starlette answers crashes outside all middleware
            answered.headers.update(security_headers(request.url.path))
            current = CURRENT.get()
            for name, value in current.headers if current else ():
                answered.headers[name.decode()] = value.decode("latin-1")
        return answered

    for kind in (RequestValidationError, HTTPException, StoreError, UnavailableError, Exception):
        app.add_exception_handler(kind, answer)
    return answer


def _problem_of(request: Request, error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return from_errors(error.errors())
    if isinstance(error, UnavailableError):
        _log.error("%s", error)
        return unreachable()
    if isinstance(error, HTTPException):
        return _from_http(error, request)
    if isinstance(error, StoreError):
        _log.error("a database cannot be used: %s", error)
        return store_away()
    # Starlette raises it again once this is sent, and the server logs it with its traceback.
    return ProblemError(
        500, "internal", "เกิดข้อผิดพลาดในระบบ กรุณาลองใหม่", "an internal error; it has been logged"
    )


def _wants_html(request: Request) -> bool:
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def _from_http(error: HTTPException, request: Request) -> ProblemError:
    if error.status_code == 404:
        return ProblemError(404, "not-found", "ไม่มีอะไรอยู่ที่ที่อยู่นี้", "there is nothing at this address")
    if error.status_code == 405:
        allowed = ", ".join(_allowed_methods(request))
        thai, english = f"ที่อยู่นี้รับเฉพาะ {allowed}", f"this address takes {allowed} only"
        return ProblemError(405, "method-not-allowed", thai, english, headers={"Allow": allowed})
    if error.status_code == 400:
        return ProblemError(
            400, "unreadable-body", "อ่านเนื้อหาของคำขอไม่ได้", "the request's body cannot be read"
        )
    phrase = HTTPStatus(error.status_code).phrase
    return ProblemError(error.status_code, "http-error", phrase, phrase, headers=error.headers)


def _allowed_methods(request: Request) -> list[str]:
    """All methods that any route takes at this path: a router's own 405 names only the first route's."""

    def taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    methods = [method for method in ("DELETE", "GET", "PATCH", "POST", "PUT") if taken(method)]
    return sorted([*methods, "HEAD"] if "GET" in methods else methods)
