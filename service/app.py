"""The application: routes, errors, middleware and the engine's life, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from os import PathLike, stat_result
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from index.engine import Engine
from service import apidocs, case_pages, documents, health, original_pages, pages, problems, reading, search
from service.database import Database
from service.headers import HeadAsGet, SecurityHeaders
from service.limits import BodyLimit
from service.page_images import PageImages
from service.rendering import STATIC, Pages
from service.serving import OpenEngine, Serving
from service.settings import ServiceSettings

_DESCRIPTION = (
    "Questions in Thai, answered from case texts with the sentence and the page to cite. Offsets count code "
    "points of the cited page's `text`. Errors are RFC 9457 problems. Unknown parameters are refused by name."
)


def create_app(
    settings: ServiceSettings,
    engine: Engine | None = None,
    *,
    open_engine: OpenEngine | None = None,
    database: Path | None = None,
) -> FastAPI:
    """The ASGI application.

    Args:
        settings: the HTTP edge's settings.
        engine: an open engine; whoever opened it closes it.
        open_engine: called at start and then every ``settings.reload_seconds`` until it gives an
            engine, when ``engine`` is ``None``. Until then searches answer 503 and ``/readyz`` says why.
        database: the file of keys, feedback and questions asked; ``None`` keeps them while the application lives.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await serving.start()
        yield
        await serving.stop()
        app.state.database.close()
        app.state.page_images.close()

    serving = Serving(settings, engine, open_engine)
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
    app.state.database = Database(database)
    app.state.pages = Pages(settings)
    app.state.page_images = PageImages()
    for module in (search, documents, health, pages, reading, case_pages, original_pages):
        app.include_router(module.router)
    app.include_router(original_pages.pages_router)
    app.mount("/static", _Static(directory=STATIC), name="static")
    apidocs.install(app, settings)
    problems.install(app, pages.error_page)
    app.add_middleware(BodyLimit, limit_bytes=settings.max_body_bytes)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    return app


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
