"""The application: routes, errors, middleware and the engine's life, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from os import PathLike, stat_result
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from index.engine import Engine
from service import apidocs, citations, documents, health, problems, search, suggest, voting
from service.answering import routes as answers
from service.answering.writing import Answering
from service.asked import Asked
from service.changing import routes as change_routes
from service.changing.keeper import Changing
from service.corpora import Corpora
from service.database import Database
from service.edge import metrics
from service.edge.headers import HeadAsGet
from service.edge.limits import BodyLimit
from service.edge.middleware import Edge
from service.edge.upkeep import Upkeep
from service.feedback import Receipts
from service.mcp.http import McpEndpoint
from service.pages import case_pages, original_pages, reading, sharing
from service.pages import search_page as pages
from service.pages.page_images import PageImages
from service.pages.rendering import STATIC, Pages
from service.portals import embed, opensearch, portal, widget
from service.serving import OpenEngine, Serving
from service.settings import ServiceSettings
from service.workers.board import Board

_DESCRIPTION = (
    "Questions in Thai, answered from case texts with the sentence and the page to cite. Offsets count code "
    "points of the cited page's `text`. Errors are RFC 9457 problems. Unknown parameters are refused by name."
)


def create_app(
    settings: ServiceSettings,
    engine: Engine | None = None,
    *,
    open_engine: OpenEngine | None = None,
    corpora: Corpora | None = None,
    database: Path | None = None,
    board: Board | None = None,
    warm: bool = False,
) -> FastAPI:
    """The ASGI application.

    Args:
        settings: the HTTP edge's settings.
        engine: an open engine; whoever opened it closes it.
        open_engine: called at start and then every ``settings.reload_seconds`` until it gives an
            engine, when ``engine`` is ``None``. Until then searches answer 503 and ``/readyz`` says why.
        corpora: the data directory to open instead, and to change while it serves; without it the corpus cannot be
            changed here.
        database: the file of keys, feedback and questions asked; ``None`` is the one of
            ``corpora``, else they are kept while the application lives.
        board: what the processes of the service share; ``None`` where this is the only one.
        warm: make the pages' templates and the interface's description as soon as questions are answered, so that
            nobody's first page, and no first refused call, waits for them.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await serving.start()
        async with AsyncExitStack() as running:
            for part in (mcp, answering, upkeep, changing):
                await running.enter_async_context(part.running())
            warming = asyncio.create_task(asyncio.to_thread(_make_once, app)) if warm else None
            yield
            if warming is not None:
                await warming
        await serving.stop()
        kept.close()
        app.state.page_images.close()

    board = board or Board()
    serving = Serving(settings, engine, open_engine, corpora, board)
    kept = Database(database or (corpora.own.service_database if corpora is not None else None))
    asked = Asked(kept, settings, lambda: serving.settings.shown_examples, board.askers)
    app = FastAPI(
        title="Karani",
        version="1",
        summary="Answers Thai questions from case texts, with citations.",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.serving = serving
    app.state.database = kept
    app.state.asked = asked
    app.state.board = board
    app.state.receipts = Receipts(board.secret)
    app.state.pages = Pages(settings)
    app.state.page_images = PageImages()
    for module in (search, suggest, documents, citations, sharing, voting, health, pages, reading, metrics):
        app.include_router(module.router)
    for one in (case_pages.router, original_pages.router, original_pages.pages_router):
        app.include_router(one)
    for module in (widget, embed, portal, opensearch):  # what other sites and browsers put into themselves
        app.include_router(module.router)
    mcp = McpEndpoint(serving, settings)
    if settings.mcp:
        app.router.routes.append(mcp.route)
    answering = Answering(serving, settings, board)
    app.state.answering = answering
    app.state.mcp = mcp
    app.include_router(answers.router)
    app.include_router(change_routes.router)
    app.include_router(change_routes.jobs_router)
    app.mount("/static", _Static(directory=STATIC), name="static")
    apidocs.install(app, settings)
    answer = problems.install(app, pages.error_page)
    upkeep = Upkeep(app, settings, serving, kept, asked, answer, board)
    answering.count = app.state.metrics.written
    changing = app.state.changing = Changing(settings, corpora, kept, serving, app.state.metrics, board)
    app.add_middleware(
        BodyLimit,
        limit_bytes=settings.max_body_bytes,
        own_limits={("POST", change_routes.PATH): settings.max_upload_bytes},
        body_seconds=settings.body_seconds,
        answer_seconds=settings.request_seconds,
    )
    app.add_middleware(Edge, parts=upkeep.parts)
    app.add_middleware(HeadAsGet)
    return app


def _make_once(app: FastAPI) -> None:
    app.state.pages.warm()
    app.openapi()


class _Static(StaticFiles):
    """Files whose addresses carry their version, so that browsers may keep them."""

    def file_response(
        self, full_path: PathLike[str] | str, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """One file, kept by the browser for good when its version was asked for."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        keep = "public, max-age=31536000, immutable" if scope.get("query_string") else "no-cache"
        answer.headers.setdefault("Cache-Control", keep)
        return answer
