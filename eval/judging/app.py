"""Grading in the browser: one page, a few JSON calls, grades kept at once.

A judge sees neither ranks nor systems nor other judges' grades. The application is for this machine or a trusted
network: judges give their names, not passwords.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from eval.agreement import agreement
from eval.errors import UsageError
from eval.judgements import Judgements, as_qrels
from eval.pool import Pool, PoolQuery
from eval.report.content import content_words
from eval.report.marking import pieces

_FOLDER = Path(__file__).parent
_MAX_BODY_BYTES = 16_384
_MAX_NAME_CHARS, _MAX_NOTE_CHARS = 60, 2000
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class _Judging:
    """The calls over one pool."""

    def __init__(self, pool: Pool, judgements: Judgements, guidelines: str) -> None:
        self._pool = pool
        self._judgements = judgements
        self._guidelines = guidelines
        self._page = (_FOLDER / "page.html").read_text(encoding="utf-8")
        self._script = (_FOLDER / "page.js").read_text(encoding="utf-8")
        self._queries = {query.query_id: query for query in pool.queries}
        self._pairs = {(q.query_id, d.document_id) for q in pool.queries for d in q.documents}

    async def page(self, _: Request) -> Response:
        """Show the page."""
        return HTMLResponse(self._page, headers=_HEADERS)

    async def script(self, _: Request) -> Response:
        """Give the page's script."""
        return Response(self._script, media_type="text/javascript", headers=_HEADERS)

    async def overview(self, request: Request) -> Response:
        """List the questions with how many documents of each the judge has graded."""
        judge = _judge(request.query_params.get("judge"))
        given = await asyncio.to_thread(self._judgements.of, self._pool.name, judge)
        done: dict[str, int] = {}
        for query_id, _ in given.keys() & self._pairs:
            done[query_id] = done.get(query_id, 0) + 1
        queries = [
            {
                "query_id": q.query_id,
                "text": q.text,
                "documents": len(q.documents),
                "done": done.get(q.query_id, 0),
            }
            for q in self._pool.queries
        ]
        return _json({"pool": self._pool.name, "guidelines": self._guidelines, "queries": queries})

    async def query(self, request: Request) -> Response:
        """Give one question's documents, its words marked, with the judge's own grades."""
        query = self._queries.get(request.query_params.get("id", ""))
        if query is None:
            return _problem(404, "ไม่มีคำถามนี้ในชุด (no such question in the pool)")
        judge = _judge(request.query_params.get("judge"))
        given = await asyncio.to_thread(self._judgements.of, self._pool.name, judge)
        return _json(_shown(query, given))

    async def grade(self, request: Request) -> Response:
        """Keep or take back one grade."""
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return _problem(415, "ต้องส่งเป็น JSON (expected application/json)")
        body = await _body(request)
        if body is None:
            return _problem(400, "อ่านคำตัดสินไม่ได้ (expected a small JSON object)")
        judge, note = _judge(body.get("judge")), body.get("note", "")
        key = str(body.get("query_id")), str(body.get("document_id"))
        grade = body.get("grade")
        valid = isinstance(note, str) and len(note) <= _MAX_NOTE_CHARS and type(grade) in (int, type(None))
        if key not in self._pairs or not judge or not valid:
            return _problem(
                400, "ต้องมีชื่อผู้ตัดสิน คำถามและเอกสารในชุด (expected a judge, and a document of the pool)"
            )
        try:
            if grade is None:
                await asyncio.to_thread(self._judgements.take_back, self._pool.name, judge, *key)
            else:
                await asyncio.to_thread(self._judgements.give, self._pool.name, judge, *key, grade, note)
        except UsageError as error:
            return _problem(400, str(error))
        return _json({"grade": grade})

    async def agreement(self, _: Request) -> Response:
        """Say how far judges agree so far."""
        by_judge = await asyncio.to_thread(self._judgements.by_judge, self._pool.name)
        found = agreement(by_judge)
        pairs = [
            {"judges": [p.first, p.second], "documents": p.documents, "same": p.same, "kappa": p.kappa}
            for p in found.pairs
        ]
        return _json({"judges": found.judges, "shared": found.shared, "fleiss": found.fleiss, "pairs": pairs})

    async def qrels(self, _: Request) -> Response:
        """Export the majority's grades as a BEIR table."""
        by_judge = await asyncio.to_thread(self._judgements.by_judge, self._pool.name)
        rows = [
            f"{query_id}\t{document_id}\t{grade}\n"
            for query_id, grades in as_qrels(by_judge).items()
            for document_id, grade in grades.items()
        ]
        return PlainTextResponse("query-id\tcorpus-id\tscore\n" + "".join(rows), headers=_HEADERS)


def create_app(
    pool: Pool,
    judgements: Judgements,
    guidelines: str = "",
    hosts: Sequence[str] = ("127.0.0.1", "localhost"),
) -> Starlette:
    """Make the application; only requests for ``hosts`` are answered, so that no foreign page can reach it."""
    judging = _Judging(pool, judgements, guidelines)
    routes = [
        Route("/", judging.page),
        Route("/page.js", judging.script),
        Route("/api/pool", judging.overview),
        Route("/api/query", judging.query),
        Route("/api/grade", judging.grade, methods=["PUT"]),
        Route("/api/agreement", judging.agreement),
        Route("/qrels.tsv", judging.qrels),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))])


def _shown(query: PoolQuery, given: dict[tuple[str, str], tuple[int, str]]) -> dict[str, Any]:
    words = content_words(query.text)
    documents = []
    for document in query.documents:
        grade, note = given.get((query.query_id, document.document_id), (None, ""))
        documents.append(
            {
                "document_id": document.document_id,
                "title": pieces(document.title, words),
                "passages": [pieces(passage, words) for passage in document.passages],
                "text": pieces(document.text, words),
                "grade": grade,
                "note": note,
            }
        )
    return {"query_id": query.query_id, "text": query.text, "documents": documents}


def _judge(given: object) -> str:
    return given.strip()[:_MAX_NAME_CHARS] if isinstance(given, str) else ""


async def _body(request: Request) -> dict[str, Any] | None:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_BODY_BYTES:
            return None
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _json(value: object) -> Response:
    return JSONResponse(value, headers=_HEADERS)


def _problem(status: int, detail: str) -> Response:
    problem = {"type": "about:blank", "status": status, "title": detail}
    return JSONResponse(problem, status, headers=_HEADERS, media_type="application/problem+json")
