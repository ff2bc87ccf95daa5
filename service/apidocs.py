"""``/docs`` from files on this machine, and the OpenAPI document's last touches.

FastAPI's own ``/docs`` loads Swagger UI from elsewhere. The files come from the package
``fastapi-offline`` (MIT; Swagger UI itself is Apache-2.0), of which no code runs here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse

from service import problems
from service.edge.access import scope_for
from service.questions import SOMETHING
from service.schemas import FILTERS
from service.settings import ServiceSettings

_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Karani · HTTP API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript. The same description is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/static/apidocs.js"></script>
</body>
</html>
"""


def install(app: FastAPI, settings: ServiceSettings) -> None:
    """Add ``/docs`` and its files, and state the settings' limits in ``/openapi.json``."""
    folder = _swagger_folder()

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    for name, media_type in _FILES.items():
        _serve_file(app, folder / name, media_type)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _swagger_folder() -> Path:
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package fastapi-offline is missing: pip install fastapi-offline")
    return Path(spec.origin).parent / "static"


def _serve_file(app: FastAPI, path: Path, media_type: str) -> None:
    @app.get(f"/docs/{path.name}", include_in_schema=False)
    async def file() -> FileResponse:
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})


def _describe(app: FastAPI, settings: ServiceSettings) -> dict[str, Any]:
    """The OpenAPI document, with the limits that are settings and problems' own media type."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    limits: dict[str, dict[str, Any]] = {
        "q": {"minLength": 1, "maxLength": settings.max_query_chars, "pattern": SOMETHING},
        "k": {"maximum": settings.max_k, "default": settings.default_k},
    }
    request = document["components"]["schemas"]["SearchBody"]["properties"]
    places = [(name, schema) for name, schema in request.items()]
    places += [(p["name"], p["schema"]) for p in document["paths"]["/v1/search"]["get"]["parameters"]]
    for name, schema in places:
        for target in _concrete(schema) if name in limits else ():
            target.update(limits[name])
    for parameter in document["paths"]["/v1/search"]["get"]["parameters"]:
        if parameter["name"] in FILTERS:
            parameter["schema"]["anyOf"] = _alone_or_several(parameter["schema"])
    document["components"]["schemas"]["FeedbackBody"]["properties"]["query"].update(limits["q"])
    _describe_access(document, settings)
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                if "application/problem+json" in answer.get("content", {}):
                    answer["content"].pop("application/json", None)
    return document


_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API key: `Authorization: Bearer krn_…`",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "the same key by another name",
    },
}
_RATE_HEADERS = {
    "RateLimit": {
        "description": "what is left of each quota: `r` calls, `t` seconds until it is whole again"
    },
    "RateLimit-Policy": {"description": "the quotas: `q` calls in `w` seconds"},
}


def _describe_access(document: dict[str, Any], settings: ServiceSettings) -> None:
    """What `service.edge.middleware` does to every operation of the interface: keys, limits, and how they refuse."""
    document["components"]["securitySchemes"] = _SCHEMES
    keyed: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            scope = scope_for(method.upper(), path)
            if scope is None:
                continue
            closed = settings.require_key or scope == "admin"
            operation["security"] = keyed if closed else [{}, *keyed]
            operation["description"] = (
                f"{operation.get('description', '')}\n\nScope of keys: `{scope}`.".strip()
            )
            for status, answer in problems.documented(401, 403, 414, 421, 429, 431, 503).items():
                operation["responses"].setdefault(str(status), _without_model(answer))
            if "requestBody" in operation:
                operation["responses"].setdefault("408", _without_model(problems.documented(408)[408]))
            headers = {name: {**text, "schema": {"type": "string"}} for name, text in _RATE_HEADERS.items()}
            wait = {"description": "seconds to wait", "schema": {"type": "integer"}}
            operation["responses"]["429"]["headers"] = {**headers, "Retry-After": wait}


def _without_model(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "model"}


def _alone_or_several(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What an address can say of a list: one value as itself, several by repeating it; none by leaving it out."""
    [several] = _concrete(schema)
    return [several["items"], {name: value for name, value in several.items() if name != "minItems"}]


def _concrete(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema itself, or its alternatives other than null."""
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
