"""Jinja2 and what every page shares: language, addresses of static files, who is served."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from index.engine import Engine
from service.documents import case_url, document_url, passage_url
from service.pages.addresses import permanent, with_parameter
from service.pages.marking import Segment, laid_out
from service.pages.refining import pairs
from service.pages.texts import Language, text
from service.pages.views import Corpus, corpus_of
from service.serving import Serving
from service.settings import ServiceSettings

T = TypeVar("T")
FOLDER = Path(__file__).parents[1]
STATIC = FOLDER / "static"
Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
_COOKIES = {"lang": "karani_language", "theme": "karani_theme"}
_YEAR_SECONDS = 365 * 24 * 3600


class Pages:
    """Renders templates; one for the application's life."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self._corpus: Corpus | None = None
        # Hashing the files once makes their addresses change when they do.
        self._versions = {
            path.name: sha256(path.read_bytes()).hexdigest()[:10]
            for path in STATIC.iterdir()
            if path.is_file()
        }
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            static=self._static,
            plain=_plain,
            case_url=case_url,
            document_url=document_url,
            passage_url=passage_url,
            pairs=pairs,
        )

    def warm(self) -> None:
        """Compile every template now, so that nobody's first page waits for it."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def corpus(self, engine: Engine) -> Corpus:
        """What the engine serves; counted once a generation."""
        if self._corpus is None or self._corpus.generation != engine.generation:
            self._corpus = corpus_of(engine)
        return self._corpus

    def language(self, request: Request) -> Language:
        """``?lang=``, else the cookie, else the setting."""
        for value in (request.query_params.get("lang"), request.cookies.get(_COOKIES["lang"])):
            if value in {"th", "en"}:
                return cast(Language, value)
        return self.settings.language

    def theme(self, request: Request) -> Theme:
        """``?theme=``, else the cookie, else as the reader's system is set."""
        for value in (request.query_params.get("theme"), request.cookies.get(_COOKIES["theme"])):
            if value in THEMES:
                return value
        return "auto"

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in the reader's language and colours; ``lang`` and ``theme`` in the address are remembered."""
        language, theme = self.language(request), self.theme(request)
        shared: dict[str, Any] = {
            "t": partial(text, language),
            "language": language,
            "switch_url": with_parameter(request, "lang", "en" if language == "th" else "th"),
            "theme": theme,
            "theme_urls": {name: with_parameter(request, "theme", name) for name in THEMES},
            "permanent": permanent(request),
            "thanks": "thanks" in request.query_params,
            "path": request.url.path,
            "search_values": {},
            "demo": request.app.state.serving.settings.demo,
            "writing": self.settings.answer_url is not None,
        }
        body = self._environment.get_template(template).render(shared | values)
        headers = {"Vary": "Cookie", "Cache-Control": "private, no-cache"}
        answer = HTMLResponse(body.encode("utf-8", "replace"), status, headers)
        for name, value in (("lang", language), ("theme", theme)):
            if request.query_params.get(name) == value:
                _remember(answer, _COOKIES[name], value, secure=request.url.scheme == "https")
        return answer

    def _static(self, name: str) -> str:
        return f"/static/{name}?v={self._versions[name]}"


def _plain(passage: str) -> list[Segment]:
    """A text without marks of its own, its headings told apart."""
    return laid_out(passage, {})


def _remember(answer: HTMLResponse, cookie: str, value: str, *, secure: bool) -> None:
    answer.set_cookie(cookie, value, max_age=_YEAR_SECONDS, httponly=True, samesite="lax", secure=secure)


async def _pages(request: Request) -> Pages:
    return cast(Pages, request.app.state.pages)


PagesDep = Annotated[Pages, Depends(_pages)]


async def made(serving: Serving, pages: Pages, make: Callable[[Engine, Corpus], T]) -> T:
    """What ``make`` gives of the engine and of what is being served, in one go on a worker thread.

    A page is rendered there too: a long one takes longer than all other requests may wait for the event loop.
    """
    return await serving.call(lambda engine: make(engine, pages.corpus(engine)))
